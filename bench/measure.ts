import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";

/** One figure of a benchmark. Nothing is asserted: the target and the ratio to it are printed beside the value. */
export interface Measurement {
  what: string;
  value: number;
  unit: "s" | "ms" | "/s" | "MiB" | "count";
  /** What we promise ourselves; `atMost` for times and sizes, `atLeast` for rates. */
  target?: { atMost: number } | { atLeast: number };
  /** The same thing done by something else, measured in the same run. */
  beside?: { what: string; value: number };
}

/** A file in `bench/` exports this as its default: it prepares, measures, cleans up, and answers with its figures. */
export type Benchmark = (progress: (line: string) => void) => Promise<Measurement[]>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Median wall seconds of a whole command over `runs` runs after one warm-up. Throws when a run fails. */
export function timeCommand(
  command: string,
  args: readonly string[],
  options: { runs?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): number {
  const once = (): number => {
    const start = performance.now();
    const result = spawnSync(command, args, { cwd: options.cwd, env: options.env ?? process.env, encoding: "utf8" });
    if (result.status !== 0)
      throw new Error(`${command} ${args.join(" ")} failed:\n${result.stderr || result.stdout || result.error}`);
    return (performance.now() - start) / 1000;
  };
  once();
  return median(Array.from({ length: options.runs ?? 5 }, once));
}

/** Several commands in turn (A B A B ...), so that a machine whose speed drifts does not favour one of them. */
export function timeSideBySide(
  commands: Record<string, readonly string[]>,
  options: { runs?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Record<string, number> {
  const seconds: Record<string, number[]> = {};
  for (let run = 0; run <= (options.runs ?? 5); run++) {
    for (const [name, [command, ...args]] of Object.entries(commands)) {
      const start = performance.now();
      const result = spawnSync(command as string, args, {
        cwd: options.cwd,
        env: options.env ?? process.env,
        encoding: "utf8",
      });
      if (result.status !== 0) throw new Error(`${name} failed:\n${result.stderr || result.stdout || result.error}`);
      if (run === 0) continue;
      seconds[name] = [...(seconds[name] ?? []), (performance.now() - start) / 1000];
    }
  }
  return Object.fromEntries(Object.entries(seconds).map(([name, values]) => [name, median(values)]));
}
