import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type CliOutcome, programFolder, type RunningCli, startCli } from "../command-line.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A project in a folder of its own with our own program, without the set-up over ssh; its local cloud has no machines. */
export interface RunnerProject {
  readonly root: string;
  readonly home: string;
  /** `windlass ARGS --cwd ROOT`, to its end. */
  windlass(...args: string[]): Promise<CliOutcome>;
  /** The same, to be watched or killed. */
  start(...args: string[]): RunningCli;
  /** Runs with `--json` and answers with the document; fails unless the exit code is the expected one. */
  json<T = Record<string, any>>(args: string[], code?: number): Promise<T>;
  /** Writes the stack's config over the given defaults. */
  configure(values: Record<string, unknown>, stack?: string): void;
  /** The local cloud's address, once it runs. */
  cloud(): { url: string; token: string; pid: number };
  state(stack?: string): { resources: { urn: string; type: string; id?: string }[]; pending: unknown[] };
  locks(): string[];
  remove(): Promise<void>;
}

const DEFAULTS = {
  cloud: "local",
  region: "tor1",
  sshAllowedAddresses: ["127.0.0.1/32"],
  volumeSizeGiB: 10,
  bootstrap: false,
};

export function runnerProject(options: { actionScale?: number } = {}): RunnerProject {
  const program = JSON.stringify(join(ROOT, "stacks", "program.ts"));
  const root = programFolder(
    "runner",
    `import { program } from ${program};\nexport const { node } = await program();\n`,
  );
  const home = join(root, ".windlass");
  symlinkSync(join(ROOT, ".tools"), join(root, ".tools"));
  const runtime = { name: "nodejs", options: { typescript: false } };
  writeFileSync(join(root, "Pulumi.yaml"), stringify({ name: "runner-test", main: "index.ts", runtime }));

  const configure = (values: Record<string, unknown>, stack = "dev") => {
    const all = Object.entries({ ...DEFAULTS, ...values }).filter(([, value]) => value !== undefined);
    const config = Object.fromEntries(all.map(([key, value]) => [`windlass:${key}`, value]));
    writeFileSync(join(root, `Pulumi.${stack}.yaml`), stringify({ config }));
  };
  const env = environment({ WINDLASS_LOCAL_ACTION_SCALE: String(options.actionScale ?? 0) });
  const start = (...args: string[]) => startCli([...args, "--cwd", root], root, env);
  const windlass = (...args: string[]) => start(...args).done;
  const cloud = () => JSON.parse(readFileSync(join(home, "cloud", "cloud.json"), "utf8"));
  configure({});
  return {
    root,
    home,
    configure,
    start,
    windlass,
    cloud,
    async json(args, code = 0) {
      const { stdout, stderr, code: got } = await windlass(...args, "--json");
      if (got !== code) throw new Error(`exit code ${got}, not ${code}\n${stdout}\n${stderr}`);
      return JSON.parse(stdout);
    },
    state(stack = "dev") {
      const text = readFileSync(
        join(home, "state", "local", ".pulumi", "stacks", "runner-test", `${stack}.json`),
        "utf8",
      );
      const { resources = [], pending_operations: pending = [] } = JSON.parse(text).checkpoint.latest ?? {};
      return { resources, pending };
    },
    locks() {
      try {
        return readdirSync(
          join(home, "state", "local", ".pulumi", "locks", "organization", "runner-test", "dev"),
        ).filter((name) => name.endsWith(".json"));
      } catch {
        return [];
      }
    },
    async remove() {
      await windlass("local", "stop");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** This process's, without what would lead a command elsewhere. */
function environment(own: Record<string, string>): NodeJS.ProcessEnv {
  const kept = ["WINDLASS_OPENAPI", "WINDLASS_CONTRACT_LOG"];
  const inherited = Object.entries(process.env).filter(
    ([name]) => kept.includes(name) || !/^(PULUMI_|WINDLASS_|DIGITALOCEAN_)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    ...own,
    WINDLASS_LOCAL_BACKEND: "none",
    WINDLASS_RETRY_SCALE: "0.02",
  };
}

/** Looks again until it holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 120): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
