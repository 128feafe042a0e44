import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentReading } from "../../clients/resilience/environment-metrics.ts";
import { UserError } from "../../domain/errors.ts";
import { checkMetricsFile } from "../metrics-file.ts";
import { writeWhole } from "../whole-file.ts";

/** One run of `services up` on this machine. */
interface Run {
  /** Milliseconds since 1970. */
  at: number;
  failed: boolean;
  /** Seconds in line for GPUs; missing where none was asked for. */
  gpuWait?: number;
}

interface Runs {
  queueDepth: number;
  runs: Run[];
}

/** A day, and no more runs than this, are remembered. */
const KEPT = { ms: 86_400_000, most: 500 };

/** What a run tells while it goes on. */
export interface RunWatcher {
  /** How many stand in line for GPUs, this runner among them while it waits. */
  onQueue(depth: number): void;
  /** Its turn came after these seconds. */
  onGpus(waitedSeconds: number): void;
}

/**
 * Runs an `up` and remembers how it went, for `env_queue_depth`, `gpu_wait_seconds` and `env_error_rate`. What the user can mend in the files
 * or called off is no failure. Throws what the work throws, and `UsageError` for a metrics file that cannot be written.
 * @param metricsFile kept up to date in Prometheus's text format
 */
export async function remembered<T>(
  home: string,
  metricsFile: string | undefined,
  work: (watcher: RunWatcher) => Promise<T>,
): Promise<T> {
  if (metricsFile !== undefined) checkMetricsFile(metricsFile);
  let gpuWait: number | undefined;
  let written = Promise.resolve();
  // The last of what is told stands in the file; a disk that is full keeps nobody from bringing services up.
  const tell = (change: (runs: Runs) => Runs) => {
    written = written.then(() => note(home, metricsFile, change)).catch(() => undefined);
  };
  const end = async (failed: boolean) => {
    const run: Run = { at: Date.now(), failed, ...(gpuWait === undefined ? {} : { gpuWait }) };
    tell(({ queueDepth, runs }) => ({ queueDepth, runs: [...runs, run] }));
    await written;
  };
  const watcher = {
    onQueue: (queueDepth: number) => tell(({ runs }) => ({ queueDepth, runs })),
    onGpus: (seconds: number) => {
      gpuWait = seconds;
    },
  };
  try {
    const result = await work(watcher);
    await end(false);
    return result;
  } catch (error) {
    if (!(error instanceof UserError && HARMLESS.has(error.code))) await end(true);
    else await written;
    throw error;
  }
}

const HARMLESS = new Set<string>(["Cancelled", "ConfigInvalid", "NotFound", "UsageError"]);

/** What the runs of the last day say. */
export function readEnvironment(home: string): EnvironmentReading {
  return readingOf(readRuns(home));
}

function readingOf({ queueDepth, runs }: Runs): EnvironmentReading {
  return {
    queueDepth,
    gpuWaits: runs.flatMap(({ gpuWait }) => (gpuWait === undefined ? [] : [gpuWait])),
    errorRate: runs.length === 0 ? 0 : runs.filter(({ failed }) => failed).length / runs.length,
  };
}

async function note(home: string, metricsFile: string | undefined, change: (runs: Runs) => Runs): Promise<void> {
  const { queueDepth, runs } = change(readRuns(home));
  const kept = { queueDepth, runs: runs.slice(-KEPT.most) };
  writeWhole(fileOf(home), JSON.stringify(kept));
  if (metricsFile === undefined) return;
  const { environmentMetrics } = await import("../../clients/resilience/environment-metrics.ts");
  writeWhole(metricsFile, await environmentMetrics(readingOf(kept)));
}

function fileOf(home: string): string {
  return join(home, "services", "runs.json");
}

function readRuns(home: string): Runs {
  try {
    const { queueDepth, runs } = JSON.parse(readFileSync(fileOf(home), "utf8")) as Runs;
    return { queueDepth, runs: runs.filter(({ at }) => at > Date.now() - KEPT.ms) };
  } catch {
    return { queueDepth: 0, runs: [] };
  }
}
