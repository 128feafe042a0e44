import { mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endProcesses } from "../tools/test/leftovers.ts";
import { isOfDeadRun, markOf } from "../tools/test/run-mark.ts";

/**
 * Every temporary folder of a test run lies in one, which goes when the run ends, however its tests ended. Where a run was killed,
 * the next one ends the processes that live on in its folder, and removes it.
 */
export default function temporaryFolder(): () => void {
  removeDeadFolders(tmpdir());
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), `${markOf(process.pid)}-`));
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    remove(folder);
  };
}

/** Ends what dead runs left running, and removes their folders in `parent`. */
export function removeDeadFolders(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!isOfDeadRun(name)) continue;
    const folder = join(parent, name);
    endProcesses(`TMPDIR=${folder}`);
    const own = mkdtempSync(join(parent, `${markOf(process.pid)}-`));
    moveInto(own, folder);
    remove(own);
  }
}

/** Runs that start at the same time find the same folders: whoever moves one away removes it. */
function moveInto(own: string, folder: string): void {
  try {
    renameSync(folder, join(own, "dead"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function remove(folder: string): void {
  // What a container wrote as its own user may stay busy for a moment.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
