import { Gauge, Histogram, Registry } from "@prometheus-io/client";

/** How bringing services up went lately on a machine. */
export interface EnvironmentReading {
  /** Runners that stood in line for GPUs at the last look. */
  queueDepth: number;
  /** Seconds that each runner stood in line for GPUs, those that were served at once too. */
  gpuWaits: readonly number[];
  /** Failed runs among all, 0 to 1; 0 without a run. */
  errorRate: number;
}

/** Seconds: at once, a moment, the minutes that a training job may take to end. */
const WAITS = [0.5, 1, 5, 15, 60, 300, 900, 3600];

/** The same in Prometheus's text format, under the names that monitoring of DSPy agents' environments knows. */
export function environmentMetrics({ queueDepth, gpuWaits, errorRate }: EnvironmentReading): Promise<string> {
  const registers = [new Registry()];
  const depth = new Gauge({ name: "env_queue_depth", help: "Runners in line for GPUs of a Docker host", registers });
  const rate = new Gauge({ name: "env_error_rate", help: "Failed runs of services up among all of a day", registers });
  const waits = new Histogram({
    ...{ name: "gpu_wait_seconds", help: "Seconds that services up stood in line for GPUs", registers, buckets: WAITS },
  });
  depth.set(queueDepth);
  rate.set(errorRate);
  for (const seconds of gpuWaits) waits.observe(seconds);
  return (registers[0] as Registry).metrics();
}
