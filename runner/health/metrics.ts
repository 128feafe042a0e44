import { Gauge, Registry } from "@prometheus-io/client";
import type { Alert } from "../../domain/health/alert.ts";
import { HEALTH_METRICS, type HealthResult } from "../../domain/health/result.ts";

const STATUSES = ["healthy", "degraded", "unhealthy"] as const;
const PHASES = ["pending", "firing"] as const;

/**
 * Results and alerts in Prometheus's text format: status (1 for the one that holds), each check (1 where it passes), seconds that the answer took, when
 * it was, every number that could be read, and how each alert stands.
 */
export function healthMetrics(results: readonly HealthResult[], alerts: readonly Alert[]): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, ...more: string[]) =>
    new Gauge({ name: `windlass_${name}`, help, labelNames: ["service", ...more], registers: [registry] });
  const status = gauge("health_status", "1 for the status that the service has", "status");
  const check = gauge("health_check", "1 where the check passes", "check");
  const seconds = gauge("health_response_seconds", "Seconds that the answer took");
  const at = gauge("health_last_checked_timestamp_seconds", "When it was looked at, in seconds since 1970");
  for (const { service, checks, response_time_ms, last_checked, ...result } of results) {
    for (const name of STATUSES) status.set({ service, status: name }, result.status === name ? 1 : 0);
    for (const [name, passes] of Object.entries(checks)) check.set({ service, check: name }, passes ? 1 : 0);
    seconds.set({ service }, response_time_ms / 1000);
    at.set({ service }, Date.parse(last_checked) / 1000);
  }
  for (const name of HEALTH_METRICS) {
    const one = gauge(`health_${name}`, `${name} of the Health Check Result`);
    for (const { service, metrics } of results) {
      const value = metrics[name];
      if (typeof value === "number") one.set({ service }, value);
    }
  }
  const alert = gauge("alert_state", "1 for the state that the alert is in", "alert", "severity", "state");
  for (const { rule, service, severity, phase } of alerts)
    for (const state of PHASES) alert.set({ alert: rule, service, severity, state }, phase === state ? 1 : 0);
  return registry.metrics();
}
