import { Counter, Gauge, Registry } from "@prometheus-io/client";
import type { BreakerStatus, CircuitState } from "./breaker.ts";

const STATES: readonly CircuitState[] = ["closed", "open", "half-open"];
const OUTCOMES = ["succeeded", "failed", "refused"] as const;

/** The breakers in Prometheus's text format: state (1 for the one that holds), failures in the window, calls by outcome, retries, openings. */
export function breakerMetrics(breakers: readonly BreakerStatus[]): Promise<string> {
  const registry = new Registry();
  const of = (name: string, help: string, ...more: string[]) => ({
    ...{ name: `windlass_${name}`, help, labelNames: ["service", "destination", ...more], registers: [registry] },
  });
  const state = new Gauge(of("circuit_breaker_state", "1 for the state that the circuit is in", "state"));
  const failures = new Gauge(of("circuit_breaker_failures", "Failed calls within the window of the circuit breaker"));
  const opened = new Counter(of("circuit_breaker_opened_total", "How often the circuit opened"));
  const calls = new Counter(of("calls_total", "Calls to services; a call with retries is one", "outcome"));
  const retries = new Counter(of("call_retries_total", "Further tries of calls to services"));
  for (const one of breakers) {
    const { service, destination, counts } = one;
    const labels = { service, destination };
    for (const name of STATES) state.set({ ...labels, state: name }, one.state === name ? 1 : 0);
    failures.set(labels, one.failures);
    opened.inc(labels, counts.opened);
    for (const outcome of OUTCOMES) calls.inc({ ...labels, outcome }, counts[outcome]);
    retries.inc(labels, counts.retried);
  }
  return registry.metrics();
}
