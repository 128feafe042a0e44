import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "./target.ts";
import { writeWhole } from "./whole-file.ts";

/** The engine that works on a stack, and the runner that started it: it outlives us when we are killed. */
export interface Operation {
  kind: string;
  /** Absent while it is being started. */
  enginePid?: number;
  runnerPid: number;
  /** ISO 8601. */
  startedAt: string;
}

/** Notes an engine before it is started: a runner that is killed in between leaves one that can be found. Answers with what notes its number. */
export function startOperation(target: Target, kind: string): (enginePid: number) => void {
  const operation: Operation = { kind, runnerPid: process.pid, startedAt: new Date().toISOString() };
  const note = (words: Operation) => writeWhole(file(target), JSON.stringify(words));
  note(operation);
  return (enginePid) => note({ ...operation, enginePid });
}

export function endOperation(target: Target): void {
  rmSync(file(target), { force: true });
}

/** The operation under way, or the one that was when its runner died. */
export function readOperation(target: Target): Operation | undefined {
  try {
    return existsSync(file(target)) ? (JSON.parse(readFileSync(file(target), "utf8")) as Operation) : undefined;
  } catch {
    return undefined;
  }
}

function file(target: Target): string {
  return join(target.home, "operations", `${target.cloud}-${target.project}-${target.stack}.json`);
}
