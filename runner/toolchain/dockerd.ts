import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tail, toolMissing } from "./command.ts";
import type { Host } from "./host.ts";
import { isAlive } from "./lock.ts";

/** The engine that Windlass itself started; kept in `.windlass/dockerd.json`. */
export interface StartedDockerd {
  pid: number;
  /** ISO 8601. */
  startedAt: string;
}

/** How long a started engine may take until it answers, and to end when asked, in milliseconds. */
const startMs = 60_000;
const stopMs = 20_000;
const pollMs = 200;

/**
 * Starts a Docker engine that lives on after this process, in a session of its own, and waits until it answers.
 * Throws `ToolMissing` with the end of its log when it does not.
 */
export async function startDockerd(
  host: Host,
  answers: () => Promise<boolean>,
  progress: (line: string) => void,
  dockerdArguments: string[] = [],
): Promise<void> {
  const log = join(host.home, "log/dockerd.log");
  mkdirSync(join(host.home, "log"), { recursive: true });
  const file = openSync(log, "w");
  const child = spawn("dockerd", dockerdArguments, { detached: true, stdio: ["ignore", file, file], env: host.env });
  closeSync(file);
  let ended = child.pid === undefined;
  child.once("error", () => {
    ended = true;
  });
  child.once("exit", () => {
    ended = true;
  });
  progress(`starting dockerd (log: ${log})`);
  if (child.pid !== undefined) record(host, { pid: child.pid, startedAt: new Date().toISOString() });
  const deadline = Date.now() + startMs;
  while (!ended && Date.now() < deadline) {
    if (await answers()) {
      child.unref();
      return;
    }
    await sleep(pollMs);
  }
  await stopDockerd(host);
  const what = ended ? "ended" : `did not answer within ${startMs / 1_000} s`;
  throw toolMissing(
    "docker",
    `dockerd ${what}: ${tail(readFileSync(log, "utf8"), 3)}`,
    `see ${log}, or set DOCKER_HOST to a running engine`,
  );
}

/** The engine that Windlass started and that still runs. */
export function startedDockerd(host: Host): StartedDockerd | undefined {
  try {
    const started = JSON.parse(readFileSync(recordPath(host), "utf8")) as StartedDockerd;
    return isDockerd(started.pid) ? started : undefined;
  } catch {
    return undefined;
  }
}

/** Stops the engine that Windlass started, if it runs; never another one. Answers whether there was one. */
export async function stopDockerd(host: Host): Promise<boolean> {
  const started = startedDockerd(host);
  rmSync(recordPath(host), { force: true });
  if (!started) return false;
  process.kill(started.pid, "SIGTERM");
  const deadline = Date.now() + stopMs;
  while (isDockerd(started.pid) && Date.now() < deadline) await sleep(pollMs);
  if (isDockerd(started.pid)) process.kill(started.pid, "SIGKILL");
  return true;
}

function record(host: Host, started: StartedDockerd): void {
  writeFileSync(recordPath(host), `${JSON.stringify(started)}\n`);
}

function recordPath(host: Host): string {
  return join(host.home, "dockerd.json");
}

/** Process numbers are used again after a restart of the machine: the name is looked at too. */
function isDockerd(pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "utf8");
    return state.includes("(dockerd)") && !state.includes("(dockerd) Z");
  } catch {
    return false;
  }
}
