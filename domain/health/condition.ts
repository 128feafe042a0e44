import { nearest } from "../spelling.ts";
import { HEALTH_METRICS, type HealthResult } from "./result.ts";

/** What an alert is about. */
export type Condition =
  | { kind: "status"; status: "unhealthy" | "degraded" }
  /** A check that fails. */
  | { kind: "check"; check: string }
  | { kind: "number"; name: string; operator: ">" | "<"; limit: number };

/** Why a text is no condition. */
export class ConditionMistake extends Error {}

/** Numbers that rules can be made of: those of a result, and the share of the disk that is used. */
const NUMBERS: readonly string[] = ["response_time_ms", "disk_percent", ...HEALTH_METRICS];

/**
 * Reads `unhealthy`, `degraded` (or worse), `not CHECK`, `NUMBER > LIMIT` or `NUMBER < LIMIT`. Throws `ConditionMistake` for anything else and for
 * a number that no result has.
 */
export function parseCondition(text: string): Condition {
  const words = text.trim();
  if (words === "unhealthy" || words === "degraded") return { kind: "status", status: words };
  const check = /^not ([\w.-]+)$/.exec(words)?.[1];
  if (check) return { kind: "check", check };
  const [, name, operator, limit] = /^(\w+)\s*([<>])\s*(-?\d+(?:\.\d+)?)$/.exec(words) ?? [];
  if (!name || !operator)
    throw new ConditionMistake(
      `${JSON.stringify(text)} is no condition: write unhealthy, degraded, not CHECK, or NUMBER > LIMIT such as cpu_percent > 95`,
    );
  if (!NUMBERS.includes(name)) {
    const meant = nearest(name, NUMBERS);
    throw new ConditionMistake(
      `${name} is no number of a result; ${meant ? `did you mean ${meant}?` : `there are ${NUMBERS.join(", ")}`}`,
    );
  }
  return { kind: "number", name, operator: operator as ">" | "<", limit: Number(limit) };
}

/** Whether it holds for a result; undefined where the result does not tell (a number that could not be read, a check that was not made). */
export function holds(condition: Condition, result: HealthResult): boolean | undefined {
  if (condition.kind === "status")
    return result.status === "unhealthy" || (condition.status === "degraded" && result.status === "degraded");
  if (condition.kind === "check") {
    const passed = result.checks[condition.check];
    return passed === undefined ? undefined : !passed;
  }
  const value = numberOf(result, condition.name);
  if (value === undefined) return undefined;
  return condition.operator === ">" ? value > condition.limit : value < condition.limit;
}

/** A number of a result by its name; undefined where it has none. */
export function numberOf({ metrics, response_time_ms }: HealthResult, name: string): number | undefined {
  if (name === "response_time_ms") return response_time_ms;
  const { disk_used_gb: used, disk_total_gb: total } = metrics;
  if (name === "disk_percent") return used === null || !total ? undefined : (100 * used) / total;
  return metrics[name as keyof typeof metrics] ?? undefined;
}

/** In words: `cpu_percent is 97, above 95`. */
export function reasonOf(condition: Condition, result: HealthResult): string {
  if (condition.kind === "check") return `${condition.check} fails`;
  if (condition.kind === "number") {
    const value = numberOf(result, condition.name);
    const shown = value === undefined ? "not known" : Math.round(value * 10) / 10;
    return `${condition.name} is ${shown}, ${condition.operator === ">" ? "above" : "below"} ${condition.limit}`;
  }
  const failed = Object.entries(result.checks).flatMap(([name, ok]) => (ok ? [] : [name]));
  return [`it is ${result.status}`, failed.join(", "), result.reason].filter(Boolean).join(": ");
}
