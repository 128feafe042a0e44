import { expect, test } from "vitest";
import type { CostEstimate } from "../cost.ts";
import { isRefusal, refusal } from "./refusal.ts";

const cost = { monthly: 2474.7 } as CostEstimate;
const one = (policy: string, resource = "node", fix = `mend ${policy}`) => ({ policy, resource, message: "bad", fix });

test("budgets alone are BudgetExceeded, with the limit and the estimate; anything else is PolicyViolation", () => {
  const budgets = refusal([one("monthly-budget", "dev"), one("spent-budget", "dev")], {
    stack: "dev",
    cost,
    limitUsd: 9,
  });
  expect(budgets).toMatchObject({ code: "BudgetExceeded", exitCode: 3 });
  expect(budgets.details).toMatchObject({ limit_usd: 9, estimated_monthly_usd: 2474.7 });
  const mixed = refusal([one("monthly-budget", "dev"), one("ssh-open")], { stack: "dev", cost, limitUsd: 9 });
  expect(mixed).toMatchObject({ code: "PolicyViolation", exitCode: 3 });
  expect(mixed.details).not.toHaveProperty("limit_usd");
  expect(isRefusal(budgets) && isRefusal(mixed)).toBe(true);
  expect(isRefusal(new Error("x"))).toBe(false);
});

test("every violation is told with its resource, the stack's without, and each thing to do once", () => {
  const { details } = refusal([one("few", "dev"), one("big", "a", "shrink"), one("big", "b", "shrink")], {
    stack: "dev",
    cost,
  });
  expect(details.reason).toBe("3 violations, nothing was made:\n  few: bad\n  big: a: bad\n  big: b: bad");
  expect(details.suggestion).toBe("mend few; shrink");
  expect(details.violations).toHaveLength(3);
});

test("an update that had begun says so, for whoever has to take it back", () => {
  const { details } = refusal([one("big")], { stack: "dev", cost, begun: true });
  expect(details).toMatchObject({ begun: true, reason: "big: node: bad; the update was stopped" });
});
