import { UserError } from "../../domain/errors.ts";
import type { CostEstimate } from "../cost.ts";
import type { Violation } from "./verdict.ts";

/** The rule of the stack's monthly limit. */
export const MONTHLY_BUDGET = "monthly-budget";
/** Name under which a plan is refused that raises the bill of a budget that is used up. */
export const SPENT_BUDGET = "spent-budget";

/** What a refusal tells besides. */
export interface RefusalFacts {
  stack: string;
  cost: CostEstimate;
  /** windlass:maxMonthlySpendUsd, or the policy's own limit. */
  limitUsd?: number;
  /** Whether the update had begun: then there may be something that was made. @default false */
  begun?: boolean;
}

/** The error of a plan that is refused: `BudgetExceeded` where budgets alone refuse it, else `PolicyViolation`; exit code 3. */
export function refusal(violations: readonly Violation[], { stack, cost, limitUsd, begun }: RefusalFacts): UserError {
  const budgets = violations.every(({ policy }) => policy === MONTHLY_BUDGET || policy === SPENT_BUDGET);
  const state = begun ? "the update was stopped" : "nothing was made";
  const reason =
    violations.length === 1
      ? `${line(violations[0] as Violation, stack)}; ${state}`
      : `${violations.length} violations, ${state}:\n  ${violations.map((one) => line(one, stack)).join("\n  ")}`;
  const fixes = [...new Set(violations.map(({ fix }) => fix).filter((fix) => fix !== ""))];
  const suggestion = fixes.slice(0, 3).join("; ");
  const details = {
    reason,
    ...(suggestion === "" ? {} : { suggestion }),
    ...(budgets ? { limit_usd: limitUsd ?? null, estimated_monthly_usd: cost.monthly } : {}),
    violations,
    ...(begun ? { begun } : {}),
  };
  return new UserError(budgets ? "BudgetExceeded" : "PolicyViolation", details, { exitCode: 3 });
}

/** Whether an operation was refused by a budget or a policy. */
export function isRefusal(error: unknown): error is UserError {
  return error instanceof UserError && (error.code === "BudgetExceeded" || error.code === "PolicyViolation");
}

function line({ policy, resource, message }: Violation, stack: string): string {
  return `${policy}: ${resource === stack ? "" : `${resource}: `}${message}`;
}
