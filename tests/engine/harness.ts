import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Cloud, startCloud } from "../../local/cloud/server.ts";
import { installPlugins } from "../../local/plugins/install.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = readFileSync(new URL("./program.ts", import.meta.url), "utf8");

/** A resource of a throw-away program: `program.ts` says what `$`-values mean. */
export interface Declared {
  name: string;
  /** As in `digitalocean:Droplet` or `command:remote.Command`. */
  type: string;
  args: Record<string, unknown>;
  options?: Record<string, unknown>;
}

/** What one command of the engine did. */
export interface Outcome {
  code: number;
  /** Everything printed. */
  text: string;
  /** By name in the program: `create`, `update`, `replace`, `same`, `delete`, `import`, `refresh`..., what happened to it. */
  ops: Record<string, string>;
  /** By name: the property paths that differed, with their kinds. */
  diffs: Record<string, Record<string, string>>;
  /** What went wrong, in the engine's words. */
  errors: string[];
}

export interface Project {
  readonly dir: string;
  /** Writes the program; the next command runs it. */
  declare(...resources: Declared[]): void;
  up(...flags: string[]): Promise<Outcome>;
  preview(...flags: string[]): Promise<Outcome>;
  refresh(...flags: string[]): Promise<Outcome>;
  destroy(...flags: string[]): Promise<Outcome>;
  pulumi(args: string[], options?: RunOptions): Promise<Outcome>;
  /** The state file, as text and as data. */
  state(): { text: string; resources: StateResource[]; pending: unknown[] };
  /** Outputs of a resource in the state. */
  outputs(name: string): Record<string, unknown>;
  remove(): void;
}

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  initErrors?: string[];
}

export interface RunOptions {
  /** Gets the process as soon as it runs, to kill it. */
  started?: (child: { pid: number; kill(signal: NodeJS.Signals): void }) => void;
  env?: Record<string, string>;
}

/** A local cloud without machines, on which everything happens at once. */
export async function emptyCloud(): Promise<Cloud & { dataDir: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), "windlass-cloud-"));
  const cloud = await startCloud({ dataDir, backend: "none", actionScale: 0, rateLimit: false });
  return Object.assign(cloud, { dataDir });
}

/** A Pulumi project in a folder of its own, run by the real engine with the bundled plugins against the cloud. */
export function throwAwayProject(cloud: { url: string; token: string }, extra: Record<string, string> = {}): Project {
  const dir = mkdtempSync(join(tmpdir(), "windlass-engine-"));
  const home = join(dir, "home");
  mkdirSync(join(dir, "state"), { recursive: true });
  installPlugins(home, process.execPath);
  symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "throw-away", type: "module", main: "index.ts" }));
  const runtime = { name: "nodejs", options: { typescript: false } };
  writeFileSync(join(dir, "Pulumi.yaml"), JSON.stringify({ name: "throw-away", main: "index.ts", runtime }));
  writeFileSync(join(dir, "Pulumi.test.yaml"), "");
  writeFileSync(join(dir, "index.ts"), PROGRAM);
  const env = { ...environment(dir, home), DIGITALOCEAN_API_URL: cloud.url, DIGITALOCEAN_TOKEN: cloud.token, ...extra };
  return projectIn(dir, env);
}

function environment(dir: string, home: string): NodeJS.ProcessEnv {
  const tools = ["node", "pulumi"].map((tool) => join(ROOT, ".tools", tool, "bin"));
  return {
    ...process.env,
    PATH: [...tools, dirname(process.execPath), process.env.PATH].join(delimiter),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_STACK: "test",
    WINDLASS_RETRY_SCALE: "0.02",
    NO_COLOR: "1",
  };
}

function projectIn(dir: string, env: NodeJS.ProcessEnv): Project {
  const pulumi = (args: string[], options: RunOptions = {}) => run(dir, env, args, options);
  let ready: Promise<unknown> | undefined;
  const command = async (...args: string[]): Promise<Outcome> => {
    ready ??= pulumi(["stack", "init", "test", "--non-interactive"]);
    await ready;
    return pulumi([...args, "--non-interactive"]);
  };
  const state = () => {
    const text = readFileSync(join(dir, "state", ".pulumi", "stacks", "throw-away", "test.json"), "utf8");
    const { resources = [], pending_operations: pending = [] } = JSON.parse(text).checkpoint.latest ?? {};
    return { text, resources: resources as StateResource[], pending };
  };
  return {
    dir,
    declare: (...resources) => writeFileSync(join(dir, "program.json"), JSON.stringify(resources)),
    up: (...flags) => command("up", "--yes", "--skip-preview", "--json", ...flags),
    preview: (...flags) => command("preview", "--json", ...flags),
    refresh: (...flags) => command("refresh", "--yes", "--skip-preview", "--json", ...flags),
    destroy: (...flags) => command("destroy", "--yes", "--skip-preview", "--json", ...flags),
    pulumi: async (args, options) => {
      await command("stack", "ls");
      return pulumi(args, options);
    },
    state,
    outputs(name) {
      const found = state().resources.find((one) => one.urn.endsWith(`::${name}`));
      if (!found) throw new Error(`no resource ${name} in the state`);
      return found.outputs;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function run(dir: string, env: NodeJS.ProcessEnv, args: string[], options: RunOptions): Promise<Outcome> {
  const child = spawn("pulumi", args, {
    cwd: dir,
    env: { ...env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Apart: what comes on the one would cut the lines of the other.
  const stdout = collected(child.stdout);
  const stderr = collected(child.stderr);
  options.started?.({ pid: child.pid as number, kill: (signal) => child.kill(signal) });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const text = `${stdout()}\n${stderr()}`;
      resolve({ code: code ?? -1, text, ...read(text) });
    });
  });
}

function collected(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  return () => text;
}

const KINDS: Record<string, number> = {
  replace: 9,
  "create-replacement": 8,
  update: 7,
  create: 6,
  delete: 5,
  import: 5,
  refresh: 2,
  same: 1,
};

/** The engine's events, one JSON document a line. */
function read(text: string): Pick<Outcome, "ops" | "diffs" | "errors"> {
  const ops: Record<string, string> = {};
  const diffs: Record<string, Record<string, string>> = {};
  const errors: string[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith('{"')) continue;
    const event = JSON.parse(line);
    if (event.diagnosticEvent?.severity === "error") errors.push(event.diagnosticEvent.message.trim());
    const metadata = (event.resourcePreEvent ?? event.resOutputsEvent)?.metadata;
    if (!metadata || metadata.type === "pulumi:pulumi:Stack" || metadata.type.startsWith("pulumi:providers")) continue;
    const name = metadata.urn.split("::").at(-1);
    const now = ops[name];
    if (now === undefined || (KINDS[metadata.op] ?? 3) >= (KINDS[now] ?? 3)) ops[name] = metadata.op;
    for (const [path, detail] of Object.entries(metadata.detailedDiff ?? {})) {
      diffs[name] = { ...diffs[name], [path]: (detail as { diffKind: string }).diffKind };
    }
  }
  return { ops, diffs, errors };
}

/** What the cloud has now, by its control API. */
export async function objects(cloud: { url: string }): Promise<Record<string, Record<string, unknown>[]>> {
  return (await fetch(`${cloud.url}/_windlass/objects`)).json() as never;
}

/** Makes the next fitting requests fail in the given way. */
export async function fault(cloud: { url: string }, rule: Record<string, unknown>): Promise<void> {
  const answer = await fetch(`${cloud.url}/_windlass/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rule),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** One call of the cloud's API, as somebody beside the program would make it. */
export async function api(
  cloud: { url: string; token: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<any> {
  const answer = await fetch(`${cloud.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${cloud.token}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Files of a folder, for looking at what a run has left. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder).sort();
}
