import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { UserError } from "../domain/errors.ts";
import { backendFolder } from "./checkpoint.ts";
import { readOperation } from "./operations.ts";
import type { Target } from "./target.ts";

/** A lock of Pulumi's file backend: who is updating the stack, or died while doing so. */
export interface StackLock {
  path: string;
  pid: number;
  username: string;
  hostname: string;
  /** ISO 8601. */
  since: string;
  /**
   * `dead`: its process is gone; `orphaned`: the engine works on, the runner that started it is gone;
   * `foreign`: made on another machine, so nobody here can tell.
   */
  state: "live" | "orphaned" | "dead" | "foreign";
}

/** The environment variable by which the engines of a runner are known. */
export const RUNNER_VARIABLE = "WINDLASS_RUNNER";

const LOCK = /\.json(\.[0-9a-f]+\.tmp)?$/;

/** All locks on the stack. Only the file backend's can be read; others guard themselves. */
export function stackLocks(target: Target): StackLock[] {
  const folder = backendFolder(target);
  const locks = folder && join(folder, "locks", "organization", target.project, target.stack);
  if (!locks || !existsSync(locks)) return [];
  const orphan = orphanedEngine(target);
  return (
    readdirSync(locks)
      // Who is killed while making a lock leaves the temporary file, which the backend takes for a lock too.
      .filter((name) => LOCK.test(name))
      .flatMap((name) => readLock(join(locks, name), orphan))
  );
}

function readLock(path: string, orphan: number | undefined): StackLock[] {
  let content: { pid: number; username: string; hostname: string; timestamp: string };
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // Gone since it was listed, or cut short by a power failure: the second stays and is an empty file.
    return existsSync(path) ? [{ path, pid: 0, username: "", hostname: hostname(), since: "", state: "dead" }] : [];
  }
  const { pid, username, timestamp: since } = content;
  return [{ path, pid, username, hostname: content.hostname, since, state: lockState(content, orphan) }];
}

function lockState(lock: { pid: number; hostname: string }, orphan: number | undefined): StackLock["state"] {
  if (lock.hostname !== hostname()) return "foreign";
  if (!isEngine(lock.pid)) return "dead";
  return lock.pid === orphan ? "orphaned" : "live";
}

/** The engine that a dead runner left behind, whether it has taken its lock yet or not. */
export function orphanedEngine(target: Target): number | undefined {
  const operation = readOperation(target);
  if (!operation || isAlive(operation.runnerPid)) return undefined;
  const { enginePid = engineOf(operation.runnerPid) } = operation;
  return enginePid !== undefined && isEngine(enginePid) ? enginePid : undefined;
}

/** The engine of a runner that was killed before it could note its number, by its environment; where there is no /proc, none. */
function engineOf(runnerPid: number): number | undefined {
  const pids = existsSync("/proc") ? readdirSync("/proc").map(Number).filter(Number.isInteger) : [];
  return pids.find((pid) => {
    try {
      const [program] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (basename(program ?? "") !== "pulumi") return false;
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${RUNNER_VARIABLE}=${runnerPid}`);
    } catch {
      return false;
    }
  });
}

/** Whether the process lives and is a Pulumi: process numbers are used again, after a restart of the machine above all. */
function isEngine(pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]?.includes("pulumi") ?? false;
  } catch {
    return true;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Sends a signal to a process, which may have ended since it was looked at. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A process that has ended and whose parent has not looked yet. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Throws `StackLocked` when somebody else is at it, or may be. */
export function refuseLiveLocks(target: Target, locks: readonly StackLock[]): void {
  const lock = locks.find(({ state }) => state === "live") ?? locks.find(({ state }) => state === "foreign");
  if (!lock) return;
  const holder = `process ${lock.pid} of ${lock.username} on ${lock.hostname}, since ${lock.since}`;
  throw new UserError("StackLocked", {
    stack: target.stack,
    pid: lock.pid,
    user: lock.username,
    host: lock.hostname,
    since: lock.since,
    reason: `stack ${target.stack} is being updated by ${holder}`,
    suggestion:
      lock.state === "live"
        ? "wait for it, or stop it with Ctrl-C where it runs; nothing was changed"
        : `if that machine is gone, run: windlass recover --stack ${target.stack} --break-lock`,
  });
}

export function removeLock(lock: StackLock): void {
  // The backend keeps a file of attributes beside each of its files.
  for (const path of [lock.path, `${lock.path.replace(LOCK, ".json")}.attrs`]) rmSync(path, { force: true });
}
