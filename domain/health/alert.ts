import { type Condition, holds, parseCondition, reasonOf } from "./condition.ts";
import { HEALTH_LIMITS, type HealthResult } from "./result.ts";

export type Severity = "warning" | "critical";

/** When people are told of what. */
export interface AlertRule {
  name: string;
  /** Names of services or targets, with `*` for any text. */
  targets: readonly string[];
  condition: Condition;
  /** Milliseconds that it must hold without a break before it is told. */
  forMs: number;
  severity: Severity;
  /** Milliseconds after which what still holds is told again. */
  repeatMs: number;
}

/** Milliseconds after which an alert that still holds is told again: a day, as all warnings are. */
export const REPEAT_MS = 24 * 3_600_000;

/** Milliseconds that a process has to send a notice before another one does it in its place. */
export const CLAIM_MS = 120_000;

const rule = (name: string, when: string, forMs: number, severity: Severity): AlertRule => ({
  ...{ name, targets: ["*"], condition: parseCondition(when), forMs, severity, repeatMs: REPEAT_MS },
});

/** Where nobody writes others. A load of five minutes is none that passes by itself. */
export const DEFAULT_RULES: readonly AlertRule[] = [
  rule("unhealthy", "unhealthy", 60_000, "critical"),
  rule("high CPU", `cpu_percent > ${HEALTH_LIMITS.cpuPercent}`, 300_000, "warning"),
  rule("low disk space", `disk_percent > ${HEALTH_LIMITS.diskPercent}`, 0, "warning"),
  rule("hot GPU", `gpu_temperature_c > ${HEALTH_LIMITS.gpuTemperatureC}`, 60_000, "critical"),
];

/** How an alert of one rule stands for one service; times in milliseconds since 1970. */
export interface AlertState {
  phase: "pending" | "firing";
  /** Since when the condition holds. */
  since: number;
  /** When people were told of it last; absent where nobody has been. */
  toldAt?: number;
  /** A process is telling it, and has until then. */
  claimedUntil?: number;
}

export type AlertNews = "firing" | "still firing" | "resolved";

export interface AlertStep {
  /** Undefined where nothing is wrong. */
  state: AlertState | undefined;
  /** What people are to be told now. */
  news?: AlertNews;
}

/**
 * One look at a rule and a service: inactive, pending, firing, inactive. What cannot be read changes nothing: it neither starts nor ends an alert,
 * and one that is pending does not fire by it. An alert that nobody was told of ends in silence.
 */
export function step(
  rule: AlertRule,
  state: AlertState | undefined,
  held: boolean | undefined,
  now: number,
): AlertStep {
  if (held === undefined) return { state };
  if (!held) return { state: undefined, ...(state?.toldAt === undefined ? {} : { news: "resolved" as const }) };
  const since = state?.since ?? now;
  if (now - since < rule.forMs) return { state: state ?? { phase: "pending", since } };
  const firing: AlertState = { ...state, phase: "firing", since };
  if ((firing.claimedUntil ?? 0) > now) return { state: firing };
  if (firing.toldAt !== undefined && now - firing.toldAt < rule.repeatMs) return { state: firing };
  const news = firing.toldAt === undefined ? "firing" : "still firing";
  return { state: { ...firing, claimedUntil: now + CLAIM_MS }, news };
}

/** A service whose alert stands in some way. */
export interface Alert {
  rule: string;
  service: string;
  severity: Severity;
  phase: AlertState["phase"] | "resolved";
  /** ISO 8601, UTC: since when the condition holds. */
  since: string;
  reason: string;
}

/** How a rule stands with a result. */
export function judged(rule: AlertRule, result: HealthResult): { held: boolean | undefined; reason: string } {
  return { held: holds(rule.condition, result), reason: reasonOf(rule.condition, result) };
}
