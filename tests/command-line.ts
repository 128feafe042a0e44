import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What ended a command of the command line. */
export interface CliOutcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A command that runs, to be watched or killed. */
export interface RunningCli {
  child: ChildProcess;
  /** What was printed so far, both streams. */
  text(): string;
  done: Promise<CliOutcome>;
}

/** Starts the real command line in a process of its own. */
export function startCli(args: string[], cwd: string, env: NodeJS.ProcessEnv): RunningCli {
  const child = spawn(process.execPath, [join(ROOT, "runner", "cli", "main.ts"), ...args], {
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk) => {
      printed[stream] += chunk;
    });
  }
  const done = new Promise<CliOutcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ ...printed, code, signal }));
  });
  return { child, text: () => printed.stdout + printed.stderr, done };
}

/** A temporary folder with the program of a Pulumi project, which finds this repository's packages. */
export function programFolder(name: string, program: string): string {
  const root = mkdtempSync(join(tmpdir(), `windlass-${name}-`));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ name, type: "module", main: "index.ts" }));
  writeFileSync(join(root, "index.ts"), program);
  return root;
}
