import { readFileSync } from "node:fs";

/**
 * Clock ticks from the machine's start to the process's (proc(5), field 22): with the number it tells a process from a later one of the same number.
 * Undefined where no such process runs (a zombie holds nothing any more), and where there is no /proc.
 */
export function processStart(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}
