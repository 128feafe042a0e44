import type { Malformed, Sample } from "../../domain/idleness.ts";
import type { Usage } from "../../domain/saving.ts";
import type { AuditLog } from "./audit.ts";

/** How the time since the last pass was spent, as its audit record keeps it. */
export interface MeasuredUsage extends Usage {
  /** Of the newest sample that is in it, milliseconds since 1970. */
  until: number;
}

const HOUR = 3_600_000;
/** Most steps that one sample speaks for. */
const LONGEST_STEPS = 2.5;
/** How far back a saving looks. */
const DAYS = 14;

/** Hours that these samples cover after `since`, and those of them without work on any GPU. */
export function measureUsage(
  samples: readonly (Sample | Malformed)[],
  rule: { since: number; percent: number; stepMs: number },
): MeasuredUsage | undefined {
  const good = samples.filter((sample): sample is Sample => !("malformed" in sample));
  const sorted = good.sort((a, b) => a.at - b.at);
  let [coveredHours, idleHours, until] = [0, 0, rule.since];
  for (const { at, gpus, jobs } of sorted) {
    if (at <= until) continue;
    const hours = Math.min(at - until, rule.stepMs * LONGEST_STEPS) / HOUR;
    coveredHours += hours;
    if (jobs === 0 && gpus.every(({ utilization }) => utilization < rule.percent)) idleHours += hours;
    until = at;
  }
  return until === rule.since ? undefined : { coveredHours, idleHours, until };
}

/** The newest sample that an earlier pass has counted, of this node. */
export function measuredUntil(audit: AuditLog, node: string): number | undefined {
  const record = audit.last(({ node: name, evidence }) => name === node && usageOf(evidence) !== undefined);
  return record && usageOf(record.evidence)?.until;
}

/** What was measured of a node over the last days, by all passes of this machine. */
export function usageOfDays(audit: AuditLog, node: string, now: number): Usage {
  const sum = { coveredHours: 0, idleHours: 0 };
  for (const record of audit.all()) {
    const usage = usageOf(record.evidence);
    if (record.node !== node || !usage || usage.until < now - DAYS * 24 * HOUR) continue;
    sum.coveredHours += usage.coveredHours;
    sum.idleHours += usage.idleHours;
  }
  return sum;
}

function usageOf(evidence: Record<string, unknown>): MeasuredUsage | undefined {
  return evidence.usage as MeasuredUsage | undefined;
}
