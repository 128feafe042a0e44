import type { Decision } from "../../domain/lifecycle-decision.ts";
import type { AuditLog } from "./audit.ts";
import type { Pass } from "./pass.ts";

/** A decision as the audit keeps it. */
export function entry({ act, topic, reason, evidence }: Decision) {
  return { decision: act, topic, reason, evidence };
}

/** A log that cannot be written is told of; the work goes on, because the bill does. */
export function record(pass: Pass, entry: Omit<Parameters<AuditLog["append"]>[0], "at" | "node">): void {
  const { stack, deps, result } = pass;
  if (result.dryRun) return;
  try {
    deps.audit.append({ at: result.at, node: stack.owner.node, ...entry });
  } catch (error) {
    pass.fail("audit", error);
  }
}
