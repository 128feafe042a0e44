import { z } from "zod";

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
