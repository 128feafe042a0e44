import { readdirSync, readFileSync } from "node:fs";

/** The environment variable by which the processes of one test run are known; suites that clear WINDLASS_* keep it. */
export const runVariable = "TEST_RUN_OF_WINDLASS";

export interface Leftover {
  pid: number;
  command: string;
}

/** Processes of this test run that still live, found by their environment; Linux only, elsewhere none. */
export function leftovers(run: string): Leftover[] {
  return processesWith(`${runVariable}=${run}`);
}

/** Processes that were started with `NAME=value` in their environment, this one left out. */
function processesWith(assignment: string): Leftover[] {
  return processIds().flatMap((pid) => {
    if (pid === process.pid) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      if (!environment.includes(assignment)) return [];
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() }];
    } catch {
      return [];
    }
  });
}

function processIds(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Ends them, whatever they are doing. Answers with what there was. */
export function endLeftovers(run: string): Leftover[] {
  return endProcesses(`${runVariable}=${run}`);
}

/** Ends the processes that were started with `NAME=value` in their environment, but for this one. Answers with what there was. */
export function endProcesses(assignment: string): Leftover[] {
  const found = processesWith(assignment);
  for (const { pid } of found) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return found;
}
