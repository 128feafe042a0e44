import type { HealthCheck } from "../compose/model.ts";
import { parseDuration } from "../compose/units.ts";
import { defined } from "./defined.ts";
import type { HealthCheckSpec } from "./spec.ts";

/** The engine's own values where a file has none (Docker's reference of HEALTHCHECK). */
const DEFAULTS = { interval: 30, timeout: 30, retries: 3 };

/** Seconds that a healthy machine may be slower than the file says before it counts as failed, and the least that any service gets. */
const PATIENCE = { extra: 30, least: 60 };

export function healthcheckOf(check: HealthCheck): HealthCheckSpec {
  if (check.disable) return { tests: ["NONE"] };
  return defined<HealthCheckSpec>({
    tests: check.test,
    interval: check.interval,
    timeout: check.timeout,
    startPeriod: check.start_period,
    startInterval: check.start_interval,
    retries: check.retries,
  });
}

/** Whether the file says how to tell that a service is healthy. */
export function isChecked(check: HealthCheck | undefined): check is HealthCheck {
  return check !== undefined && !check.disable && (check.test?.length ?? 0) > 0 && check.test?.[0] !== "NONE";
}

/** How long to wait until a service must be healthy: its start period, then every retry at its slowest, and some patience. */
export function healthySeconds(check: HealthCheck): number {
  const seconds = (text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : (parseDuration(text) ?? 0) / 1e9 || otherwise;
  const interval = seconds(check.interval, DEFAULTS.interval);
  const timeout = seconds(check.timeout, DEFAULTS.timeout);
  const retries = check.retries ?? DEFAULTS.retries;
  const slowest = seconds(check.start_period, 0) + retries * (interval + timeout) + PATIENCE.extra;
  return Math.max(PATIENCE.least, Math.ceil(slowest));
}
