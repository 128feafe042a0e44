import { mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processStart } from "./process-start.ts";

/** How often a waiting process looks whether the lock is free, in milliseconds. */
const pollMs = 500;

/**
 * Runs `work` while holding the lock at `path`, so that two installs of the same thing follow each other. The lock is
 * a symbolic link that names its owner's process, made in one step; that of a dead process is broken.
 */
export async function withLock<T>(path: string, onWait: (owner: number) => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let waited = false;
  while (!take(path)) {
    const owner = ownerOf(path);
    if (owner !== undefined && !isHeldBy(owner)) {
      breakLock(path, owner);
      continue;
    }
    if (!waited && owner !== undefined) onWait(pidOf(owner));
    waited = true;
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    symlinkSync(`${process.pid}:${processStart(process.pid) ?? ""}`, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Number and start of the process that has it, as in `4711:826314`. */
function ownerOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function pidOf(owner: string): number {
  return Number(owner.split(":")[0]);
}

/** Process numbers are used again, and a lock that was left behind stays: the start tells whose it is. */
function isHeldBy(owner: string): boolean {
  const [pid, start] = owner.split(":");
  return isAlive(Number(pid)) && (!start || processStart(Number(pid)) === Number(start));
}

/** Under a second lock: otherwise two that saw the same dead owner could remove each other's new lock. */
function breakLock(path: string, deadOwner: string): void {
  const breaking = `${path}.break`;
  const breaker = ownerOf(breaking);
  if (breaker !== undefined && !isHeldBy(breaker)) rmSync(breaking, { force: true });
  if (!take(breaking)) return;
  if (ownerOf(path) === deadOwner) rmSync(path, { force: true });
  rmSync(breaking, { force: true });
}

/** Whether a process with this number runs, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
