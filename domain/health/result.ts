import { z } from "zod";

/** A circuit breaker of a running process; times in ISO 8601, UTC, null where it is closed. */
export const circuitBreakerSchema = z.strictObject({
  /** Kind of the calls, such as `digitalocean`. */
  service: z.string().min(1),
  /** Host and port. */
  destination: z.string().min(1),
  state: z.enum(["closed", "open", "half-open"]),
  /** Failed calls within the last minute. */
  failures: z.number().int().nonnegative(),
  opened_at: z.iso.datetime().nullable(),
  /** From when on a call is let through to see. */
  probe_at: z.iso.datetime().nullable(),
  last_failure: z.string().nullable(),
  /** Calls since the process runs. */
  counts: z.strictObject({
    succeeded: z.number().int().nonnegative(),
    failed: z.number().int().nonnegative(),
    refused: z.number().int().nonnegative(),
    retried: z.number().int().nonnegative(),
    opened: z.number().int().nonnegative(),
  }),
  /** The process. */
  pid: z.number().int().positive(),
});

export type CircuitBreakerResult = z.infer<typeof circuitBreakerSchema>;

const percent = z.number().min(0).max(100).nullable();
const amount = z.number().nonnegative().nullable();

/** Numbers of a check: null where one could not be read, never zero; absent where the kind of target has none. */
const metrics = z.strictObject({
  cpu_percent: amount,
  memory_percent: percent,
  gpu_util_percent: percent,
  disk_used_gb: amount,
  disk_total_gb: amount,
  /** Of the hottest GPU, in degrees Celsius. */
  gpu_temperature_c: amount.optional(),
  /** Of a database: share of the connections that it allows. */
  connections_percent: percent.optional(),
  /** Entries that wait in a queue. */
  queue_depth: amount.optional(),
  /** What Prometheus scrapes, and what of it does not answer. */
  targets_up: amount.optional(),
  targets_down: amount.optional(),
});

export type HealthMetrics = z.infer<typeof metrics>;

/** Names of the numbers. */
export const HEALTH_METRICS = Object.keys(metrics.shape) as (keyof HealthMetrics)[];

/** The Health Check Result. `checks` are yes-or-no questions under the service's own names. */
export const healthResultSchema = z.strictObject({
  service: z.string().min(1),
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  /** What was asked, without passwords: a URL, or `ssh://user@host` for a node. */
  endpoint: z.string().min(1),
  response_time_ms: z.number().nonnegative(),
  checks: z.record(z.string(), z.boolean()),
  metrics,
  /** ISO 8601, UTC. */
  last_checked: z.iso.datetime(),
  /** Why it is not healthy, where there is more to say than which check failed. */
  reason: z.string().optional(),
  /** Of this command and of the watchers that run on this machine; absent in a check that did not look. */
  circuit_breakers: z.array(circuitBreakerSchema).optional(),
});

export type HealthResult = z.infer<typeof healthResultSchema>;

/** Readings that a verdict is made of: `required` must hold for the service to be of any use, the others for it to be well. */
export interface HealthReadings {
  required: Record<string, boolean>;
  desired: Record<string, boolean>;
}

/** unhealthy where a required check fails, degraded where only a desired one does, else healthy. */
export function healthStatus(readings: HealthReadings): HealthResult["status"] {
  if (Object.values(readings.required).includes(false)) return "unhealthy";
  return Object.values(readings.desired).includes(false) ? "degraded" : "healthy";
}

/** All of the numbers that every result has, unread. */
export const NO_METRICS = {
  ...{ cpu_percent: null, memory_percent: null, gpu_util_percent: null, disk_used_gb: null, disk_total_gb: null },
} as const satisfies HealthMetrics;

/** Above these a node needs attention: CPU and disk in percent, GPU temperature in degrees Celsius. */
export const HEALTH_LIMITS = { cpuPercent: 95, diskPercent: 90, memoryPercent: 95, gpuTemperatureC: 85 } as const;
