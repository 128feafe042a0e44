import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How one command line ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Running {
  process: ChildProcess;
  /** What was printed so far, both streams. */
  text(): string;
  ended: Promise<Ended>;
}

/** A project in a folder of its own with our own program, without the set-up over ssh; its local cloud has no machines. */
export interface RunnerProject {
  readonly root: string;
  readonly home: string;
  /** `windlass ARGS --cwd ROOT`, to its end. */
  windlass(...args: string[]): Promise<Ended>;
  /** The same, to be watched or killed. */
  start(...args: string[]): Running;
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
  const root = mkdtempSync(join(tmpdir(), "windlass-runner-"));
  const home = join(root, ".windlass");
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  symlinkSync(join(ROOT, ".tools"), join(root, ".tools"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ name: "runner-test", type: "module", main: "index.ts" }));
  const runtime = { name: "nodejs", options: { typescript: false } };
  writeFileSync(join(root, "Pulumi.yaml"), stringify({ name: "runner-test", main: "index.ts", runtime }));
  const program = join(ROOT, "stacks", "program.ts");
  writeFileSync(
    join(root, "index.ts"),
    `import { program } from "${program}";\nexport const { node } = await program();\n`,
  );

  const configure = (values: Record<string, unknown>, stack = "dev") => {
    const all = Object.entries({ ...DEFAULTS, ...values }).filter(([, value]) => value !== undefined);
    const config = Object.fromEntries(all.map(([key, value]) => [`windlass:${key}`, value]));
    writeFileSync(join(root, `Pulumi.${stack}.yaml`), stringify({ config }));
  };
  const start = (...args: string[]) =>
    spawnCli(root, args, { WINDLASS_LOCAL_ACTION_SCALE: String(options.actionScale ?? 0) });
  const windlass = (...args: string[]) => start(...args).ended;
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

function spawnCli(root: string, args: string[], extra: Record<string, string>): Running {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PULUMI_|WINDLASS_|DIGITALOCEAN_)/.test(name));
  const child = spawn(process.execPath, [join(ROOT, "runner", "cli", "main.ts"), ...args, "--cwd", root], {
    cwd: root,
    env: {
      ...Object.fromEntries(inherited),
      ...extra,
      WINDLASS_LOCAL_BACKEND: "none",
      WINDLASS_RETRY_SCALE: "0.02",
      ...(process.env.WINDLASS_OPENAPI ? { WINDLASS_OPENAPI: process.env.WINDLASS_OPENAPI } : {}),
      ...(process.env.WINDLASS_CONTRACT_LOG ? { WINDLASS_CONTRACT_LOG: process.env.WINDLASS_CONTRACT_LOG } : {}),
      NO_COLOR: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
  return { process: child, text: () => stdout + stderr, ended };
}

/** Looks again until it holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 120): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
