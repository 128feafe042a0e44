import { userInfo } from "node:os";
import { UserError } from "../../domain/errors.ts";
import { nearest } from "../../domain/spelling.ts";
import type { StackConfig } from "../../stacks/config.ts";
import { cloudClock } from "../clock.ts";
import type { Target } from "../target.ts";
import { auditLog } from "../watch/audit.ts";
import type { Pack } from "./pack.ts";
import { SPENT_BUDGET } from "./refusal.ts";
import type { Verdict, Violation } from "./verdict.ts";

/** A policy that only tells in one run, and why. */
export interface Override {
  policy: string;
  why: string;
}

/** What was let through by an override. */
export interface UsedOverride extends Override {
  violations: Violation[];
}

/** Throws `UsageError` (exit code 2) for a policy that there is not, and for an override without a reason. */
export function checkOverrides(overrides: readonly Override[], pack: Pack): void {
  const known = [...pack.rules.map(({ id }) => id), SPENT_BUDGET];
  for (const { policy, why } of overrides) {
    if (!known.includes(policy)) {
      const near = nearest(policy, known);
      throw usage(`there is no policy ${policy}`, near ? `did you mean ${near}?` : "see: windlass policy list");
    }
    if (why.trim() === "") throw usage(`nothing says why ${policy} is overridden`, 'give --why "the reason"');
  }
}

function usage(reason: string, suggestion: string): UserError {
  return new UserError("UsageError", { reason, suggestion }, { exitCode: 2 });
}

/** What each override let through; one that let nothing through was of no use, and is there with none. */
export function usedOverrides(overrides: readonly Override[], { advisories }: Verdict): UsedOverride[] {
  return overrides.map((one) => ({ ...one, violations: advisories.filter(({ policy }) => policy === one.policy) }));
}

/** The line for the stack's history. */
export function historyMessage(message: string | undefined, overrides: readonly UsedOverride[]): string | undefined {
  const told = overrides
    .filter(({ violations }) => violations.length > 0)
    .map(({ policy, why }) => `[policy ${policy} overridden: ${why}]`);
  return [...(message ? [message] : []), ...told].join(" ") || undefined;
}

/**
 * Writes into the stack's audit log that policies are overridden, does the work, and writes how it ended. Nothing is done where the log
 * cannot be written.
 */
export async function recorded<T>(
  { target, config }: { target: Target; config: StackConfig },
  operation: string,
  overrides: readonly UsedOverride[],
  work: () => Promise<T>,
): Promise<T> {
  const used = overrides.filter(({ violations }) => violations.length > 0);
  if (used.length === 0) return work();
  const log = auditLog(target.home, { project: config.project, stack: target.stack });
  const clock = cloudClock(target);
  const append = async (outcome: "begun" | "done" | "failed", detail?: string) => {
    const at = new Date(await clock.now()).toISOString();
    for (const { policy, why, violations } of used) {
      const evidence = { policy, operation, user: userName(), violations };
      const what = { node: config.nodeName, decision: "override", topic: "policy", reason: why } as const;
      log.append({ at, ...what, evidence, outcome, ...(detail ? { detail } : {}) });
    }
  };
  await append("begun");
  try {
    const result = await work();
    await append("done");
    return result;
  } catch (error) {
    await append("failed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}
