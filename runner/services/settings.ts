import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { LOCAL_ENGINE } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { GPU_MODES, type GpuMode } from "../../domain/services/gpus.ts";
import { LOG_SIZE, type LogRotation } from "../../domain/services/log-rotation.ts";
import { readTomlFile, tomlLine } from "../../domain/toml-file.ts";
import { windlassHome } from "../own-root.ts";

/** How service stacks are run on this machine, where no option of the command says it. */
export interface ServicesSettings {
  /** Address of the Docker engine. */
  host: string;
  /** Refuse a host port that is taken, instead of taking the next free one. */
  strictPorts: boolean;
  /** How services get the GPUs that they reserve. */
  gpu: GpuMode;
  /** Seconds to stand in line for GPUs. */
  gpuWaitSeconds: number;
  /** Seconds that each service gets to become healthy; undefined: what its check allows. */
  waitTimeoutSeconds: number | undefined;
  /** Value of the variable REGISTRY in Compose files that nothing else sets. */
  registry: string | undefined;
  /** How much is kept of what containers write; undefined: what Docker keeps, which is everything. */
  logRotation: LogRotation | undefined;
  /** Where metrics are kept for node_exporter's textfile collector. */
  metricsFile: string | undefined;
  /** Absolute; the folder of the Compose file where a command names none. */
  workspace: string;
}

/** One setting, and who set it. */
export interface ShownSetting {
  key: string;
  value: string | number | boolean | null;
  from: "environment" | "file" | "default";
  /** The variable, or `FILE:LINE`; null for a default. */
  where: string | null;
}

export interface ReadSettings {
  values: ServicesSettings;
  shown: ShownSetting[];
  /** The file that was read, if there is one. */
  file: string | undefined;
  /** Of the stack `dspy`: services that do not run, and host ports, each with its place. */
  stack: { off: Map<string, string>; ports: Map<string, { port: number; where: string }> };
  /** What the file sets and nothing uses, as `FILE:LINE: ...`. */
  unused: string[];
}

const SERVICES = ["reddb", "redis", "infermesh-node-a", "infermesh-node-b", "infermesh-router", "ollama"] as const;
const DAEMONS = ["orchestrator", "env_manager"] as const;

const port = z.int().min(1).max(65_535);
const seconds = z.number().min(0);
const each = <T extends z.ZodType>(names: readonly string[], type: T) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, type.optional()])) as Record<string, z.ZodOptional<T>>);

/** The settings' file: ours, and what DSPy agents' own files have (`~/.dspy-agent/config.toml`). */
const schema = z.strictObject({
  host: z.string().optional(),
  strict_ports: z.boolean().optional(),
  gpu: z
    .union([z.boolean(), z.enum(GPU_MODES)], { error: `allowed is true, false, ${GPU_MODES.join(", ")}` })
    .optional(),
  gpu_wait: seconds.optional(),
  wait_timeout: z.number().positive().optional(),
  registry: z.string().optional(),
  log_max_size: z.string().regex(LOG_SIZE, { error: "allowed is a size such as 10m" }).optional(),
  log_max_files: z.int().min(1).optional(),
  metrics_file: z.string().optional(),
  workspace: z.string().optional(),
  orchestrator_addr: z.string().optional(),
  env_manager_addr: z.string().optional(),
  services: each(SERVICES, z.boolean()).optional(),
  ports: each([...SERVICES, ...DAEMONS], port).optional(),
});

type Environment = Readonly<Record<string, string | undefined>>;

/** A key of the file, its variable, how the variable's text is read, and what holds without either. */
interface Key<T extends string | number | boolean | undefined> {
  key: Exclude<keyof z.output<typeof schema>, "orchestrator_addr" | "env_manager_addr" | "services" | "ports">;
  variable: string;
  read: (text: string) => T | undefined;
  allowed: string;
  otherwise: T;
}

const word = (text: string) => text;
const flag = (text: string) => ({ true: true, "1": true, false: false, "0": false })[text.toLowerCase()];
const number = (least: number) => (text: string) =>
  text.trim() !== "" && Number(text) >= least ? Number(text) : undefined;
const size = (text: string) => (LOG_SIZE.test(text) ? text : undefined);
const whole = (text: string) => (/^[1-9]\d*$/.test(text) ? Number(text) : undefined);
const mode = (text: string): GpuMode | undefined =>
  GPU_MODES.find((one) => one === text) ?? (flag(text) === undefined ? undefined : modeOf(flag(text) ?? false));

function modeOf(value: boolean | GpuMode): GpuMode {
  return value === true ? "exclusive" : value === false ? "off" : value;
}

/**
 * The settings of service stacks: the environment wins over the file, the file over the defaults. The file is `WINDLASS_CONFIG`, else
 * `config.toml` of the `.windlass` folder, else `~/.dspy-agent/config.toml`. Throws `ConfigInvalid` with file and line, or the variable.
 * @param home the `.windlass` folder
 */
export function readSettings(home: string, environment: Environment = process.env): ReadSettings {
  const file = fileOf(home, environment);
  const text = file === undefined ? "" : readFileSync(file, "utf8");
  const written = readTomlFile(text, file ?? "", schema);
  const at = (...path: string[]) => `${file}:${tomlLine(text, path)}`;
  const shown: ShownSetting[] = [];

  function value<T extends string | number | boolean | undefined>({
    key,
    variable,
    read,
    allowed,
    otherwise,
  }: Key<T>): T {
    const show = (found: T, from: ShownSetting["from"], where: string | null): T => {
      shown.push({ key, value: found ?? null, from, where });
      return found;
    };
    const given = environment[variable];
    if (given) {
      const found = read(given);
      if (found !== undefined) return show(found, "environment", variable);
      const reason = `${variable}: got ${JSON.stringify(given)}, allowed is ${allowed}`;
      throw new UserError("ConfigInvalid", { reason, suggestion: "mend the environment variable" });
    }
    const own = written[key];
    if (own === undefined) return show(otherwise, "default", null);
    return show((key === "gpu" ? modeOf(own as boolean | GpuMode) : own) as T, "file", at(key));
  }

  const logMaxSize = value<string | undefined>({
    ...{ key: "log_max_size", variable: "WINDLASS_LOG_MAX_SIZE", read: size },
    ...{ allowed: "a size such as 10m", otherwise: undefined },
  });
  const logMaxFiles = value<number>({
    ...{ key: "log_max_files", variable: "WINDLASS_LOG_MAX_FILES", read: whole },
    ...{ allowed: "a whole number from 1", otherwise: 3 },
  });
  const values: ServicesSettings = {
    host: value({ key: "host", variable: "DOCKER_HOST", read: word, allowed: "an address", otherwise: LOCAL_ENGINE }),
    strictPorts: value<boolean>({
      ...{ key: "strict_ports", variable: "WINDLASS_STRICT_PORTS", read: flag },
      ...{ allowed: "true or false", otherwise: false },
    }),
    gpu: value<GpuMode>({
      ...{ key: "gpu", variable: "WINDLASS_GPU", read: mode },
      ...{ allowed: `true, false, ${GPU_MODES.join(", ")}`, otherwise: "exclusive" },
    }),
    gpuWaitSeconds: value({
      ...{ key: "gpu_wait", variable: "WINDLASS_GPU_WAIT", read: number(0) },
      ...{ allowed: "seconds from 0", otherwise: 0 },
    }),
    waitTimeoutSeconds: value<number | undefined>({
      ...{ key: "wait_timeout", variable: "WINDLASS_WAIT_TIMEOUT", read: number(Number.MIN_VALUE) },
      ...{ allowed: "seconds above 0", otherwise: undefined },
    }),
    registry: value<string | undefined>({
      ...{ key: "registry", variable: "REGISTRY", read: word, allowed: "a registry", otherwise: undefined },
    }),
    logRotation: logMaxSize === undefined ? undefined : { maxSize: logMaxSize, maxFiles: logMaxFiles },
    metricsFile: value<string | undefined>({
      ...{ key: "metrics_file", variable: "WINDLASS_METRICS_FILE", read: word },
      ...{ allowed: "a file that ends in .prom", otherwise: undefined },
    }),
    workspace: resolve(
      value({ key: "workspace", variable: "WINDLASS_WORKSPACE", read: word, allowed: "a folder", otherwise: "." }),
    ),
  };
  return { values, shown, file, stack: stackOf(written, at), unused: unusedOf(written, at) };
}

function fileOf(home: string, { WINDLASS_CONFIG: named, HOME: own }: Environment): string | undefined {
  if (named) {
    if (existsSync(named)) return named;
    const reason = `WINDLASS_CONFIG: there is no file ${named}`;
    throw new UserError("ConfigInvalid", { reason, suggestion: "name a TOML file, or unset it" });
  }
  return [join(home, "config.toml"), join(own ?? homedir(), ".dspy-agent", "config.toml")].find((one) =>
    existsSync(one),
  );
}

type Written = z.output<typeof schema>;
type At = (...path: string[]) => string;

function stackOf({ services = {}, ports = {} }: Written, at: At): ReadSettings["stack"] {
  const off = Object.entries(services).filter(([, runs]) => runs === false);
  const named = Object.entries(ports).filter(([name]) => !DAEMONS.some((one) => one === name));
  return {
    off: new Map(off.map(([name]) => [name, at("services", name)])),
    ports: new Map(
      named.flatMap(([name, found]) => (found ? [[name, { port: found, where: at("ports", name) }] as const] : [])),
    ),
  };
}

/** The addresses of the daemons that DSPy agents run beside their services. */
function unusedOf(written: Written, at: At): string[] {
  const addresses = (["orchestrator_addr", "env_manager_addr"] as const).filter((key) => written[key] !== undefined);
  const ports = DAEMONS.filter((name) => written.ports?.[name] !== undefined);
  return [...addresses.map((key) => [key]), ...ports.map((name) => ["ports", name])].map(
    (path) => `${at(...path)}: ${path.join(".")} has no effect: it is no service of a stack`,
  );
}

/** The engine where nobody names one: DOCKER_HOST, else the settings' file, else this machine's. */
export function defaultEngine(home = windlassHome()): string {
  return readSettings(home).values.host;
}
