import { readlinkSync } from "node:fs";
import { processStart } from "../../runner/toolchain/process-start.ts";

/** Lower case, as Docker wants names. */
const PATTERN = /windlass-test-(\d+)-([0-9a-z]+)-([0-9a-z]+)/g;

/**
 * Names a process so that it is told from every other, also from one that has its number later: number, time of start, and the space in
 * which the number counts (containers have their own). As in `windlass-test-4711-kf12o-1ulbl8s`.
 */
export function markOf(pid: number): string {
  return `windlass-test-${pid}-${startOf(pid) ?? 0}-${pidSpace()}`;
}

/** Whether a name or path carries the mark of a process that has ended, also below the folder of one that lives. */
export function isOfDeadRun(text: string): boolean {
  return [...text.matchAll(PATTERN)].some(([, pid = "", start, space]) => {
    // One of another space of process numbers cannot be judged, and counts as living.
    return space === pidSpace() && (startOf(Number(pid)) ?? notRunning(Number(pid))) !== start;
  });
}

function startOf(pid: number): string | undefined {
  return processStart(pid)?.toString(36);
}

/** Without /proc all that can be seen is whether the number is in use: "0" as in the marks made there. */
function notRunning(pid: number): string | undefined {
  if (process.platform === "linux") return undefined;
  try {
    process.kill(pid, 0);
    return "0";
  } catch {
    return undefined;
  }
}

function pidSpace(): string {
  try {
    return Number(/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0]).toString(36);
  } catch {
    return "0";
  }
}
