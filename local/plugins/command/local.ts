import { spawn } from "node:child_process";
import type { Call } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import { Archive } from "../engine/values.ts";
import { assetsIn } from "./globs.ts";
import { CommandFailed, Output, previousOutput } from "./output.ts";

/** What a cancelled command gets to end by itself before it is killed. */
const GRACE_MS = 3_000;

/**
 * Runs a command on this machine.
 * @param inputs dir, environment, interpreter, stdin, logging, assetPaths, archivePaths, addPreviousOutputInEnv
 * @param before outputs of the run before
 * @returns stdout and stderr, and what the asset paths found
 */
export async function runLocally(
  command: string,
  inputs: Properties,
  before: Properties,
  call: Call,
): Promise<Properties> {
  const output = new Output(call.log, inputs.logging);
  const dir = String(inputs.dir ?? process.cwd());
  const how = await run(command, dir, inputs, before, output, call.signal);
  output.finish();
  if (how) throw new CommandFailed(how, output);
  const result: Properties = output.properties();
  if (Array.isArray(inputs.assetPaths)) result.assets = await assetsIn(dir, inputs.assetPaths as string[]);
  if (Array.isArray(inputs.archivePaths)) {
    result.archive = new Archive({ assets: await assetsIn(dir, inputs.archivePaths as string[]) });
  }
  return result;
}

/** @returns how it failed, undefined when it did not */
function run(
  command: string,
  dir: string,
  inputs: Properties,
  before: Properties,
  output: Output,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [program, ...args] = interpreterOf(inputs);
  const previous = inputs.addPreviousOutputInEnv === false ? {} : previousOutput(before);
  const environment = (inputs.environment ?? {}) as Record<string, string>;
  // A process group of its own, so that a cancel also ends what the command has started.
  const child = spawn(program as string, [...args, command], {
    cwd: dir,
    detached: process.platform !== "win32",
    env: { ...process.env, ...environment, ...previous },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.add("stdout", text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => output.add("stderr", text));
  child.stdin.on("error", () => {}).end(String(inputs.stdin ?? ""));
  const kill = (with_: NodeJS.Signals): void => killGroup(child.pid, with_);
  let cancelled = false;
  const cancel = (): void => {
    cancelled = true;
    kill("SIGTERM");
    setTimeout(() => kill("SIGKILL"), GRACE_MS).unref();
  };
  signal.addEventListener("abort", cancel, { once: true });
  return new Promise((resolve) => {
    const end = (how: string | undefined): void => {
      signal.removeEventListener("abort", cancel);
      resolve(cancelled ? "was cancelled" : how);
    };
    child.on("error", (error) => end(`could not be started in ${dir} (${error.message})`));
    child.on("close", (code, killer) => end(code === 0 ? undefined : endOf(code, killer)));
  });
}

function interpreterOf({ interpreter }: Properties): string[] {
  if (Array.isArray(interpreter) && interpreter.length > 0) return interpreter as string[];
  return process.platform === "win32" ? ["cmd", "/C"] : ["/bin/sh", "-c"];
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  return code === null ? `was ended by ${signal}` : `failed with exit status ${code}`;
}

/** The group may be gone already. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // Nothing of it is left.
  }
}
