/**
 * Who is called when an incident lasts, in minutes since it was found: after a level of recovery has not helped, the next one's owner takes over.
 * The paths of the operations runbook that the seven scenarios come from: 15 min, 30 min, 1 hour.
 */
export const ESCALATION = [
  { afterMinutes: 15, to: "on-call engineer" },
  { afterMinutes: 30, to: "infrastructure lead" },
  { afterMinutes: 60, to: "engineering manager and CTO" },
] as const;

/** When who is to be called. */
export interface EscalationStep {
  to: string;
  /** Of recovery, which this person owns: 1 to 3. */
  level: number;
  afterMinutes: number;
  /** ISO 8601; null before a failure was found. */
  at: string | null;
  due: boolean;
}

/** The steps with their times, from when the failure was first found (milliseconds since 1970). */
export function escalationSteps(
  steps: readonly { afterMinutes: number; to: string }[],
  since: number | undefined,
  now: number,
): EscalationStep[] {
  return steps.map(({ afterMinutes, to }, index) => {
    const at = since === undefined ? undefined : since + afterMinutes * 60_000;
    return {
      ...{ to, level: index + 1, afterMinutes },
      at: at === undefined ? null : new Date(at).toISOString(),
      due: at !== undefined && now >= at,
    };
  });
}
