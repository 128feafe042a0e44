import { mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

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
    if (owner !== undefined && !isAlive(owner)) {
      breakLock(path, owner);
      continue;
    }
    if (!waited && owner !== undefined) onWait(owner);
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
    symlinkSync(String(process.pid), path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return Number(readlinkSync(path));
  } catch {
    return undefined;
  }
}

/** Under a second lock: otherwise two that saw the same dead owner could remove each other's new lock. */
function breakLock(path: string, deadOwner: number): void {
  const breaking = `${path}.break`;
  const breaker = ownerOf(breaking);
  if (breaker !== undefined && !isAlive(breaker)) rmSync(breaking, { force: true });
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
