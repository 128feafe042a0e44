/** How calls to services are made: one table of time-outs, retries, lines and circuit breakers that every client takes. */
export { Breaker, type BreakerStatus, CircuitOpenError, type CircuitState } from "./breaker.ts";
export { type Call, type CallSettings, call, type Judgement, type Try } from "./call.ts";
export { type CallKind, type CallPolicy, POLICIES, retryScale } from "./policies.ts";
export { Breakers, breakers } from "./registry.ts";
