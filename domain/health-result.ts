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

/**
 * The Health Check Result. `checks` are yes-or-no questions under the service's own names, `metrics` are numbers; a
 * metric that could not be read is null, never zero.
 */
export const healthResultSchema = z.strictObject({
  service: z.string().min(1),
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  /** What was asked: a URL, or `ssh://user@host` for a node. */
  endpoint: z.string().min(1),
  response_time_ms: z.number().nonnegative(),
  checks: z.record(z.string(), z.boolean()),
  metrics: z.strictObject({
    cpu_percent: z.number().min(0).nullable(),
    memory_percent: z.number().min(0).max(100).nullable(),
    gpu_util_percent: z.number().min(0).max(100).nullable(),
    disk_used_gb: z.number().nonnegative().nullable(),
    disk_total_gb: z.number().nonnegative().nullable(),
  }),
  /** ISO 8601, UTC. */
  last_checked: z.iso.datetime(),
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

/** Above these a node needs attention: CPU and disk in percent, GPU temperature in degrees Celsius. */
export const HEALTH_LIMITS = { cpuPercent: 95, diskPercent: 90, memoryPercent: 95, gpuTemperatureC: 85 } as const;
