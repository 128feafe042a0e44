import { expect, test } from "vitest";
import type { Plan } from "../../runner/index.ts";
import { planComment } from "./comment.ts";

const plan: Plan = {
  stack: "prod",
  changes: { create: 2, update: 0, replace: 0, delete: 1, same: 4 },
  cost: {
    currency: "USD",
    hourly: 3.44,
    monthly: 2523.32,
    previousMonthly: 2473.32,
    diffMonthly: 50,
    resources: [],
    unpriced: ["bucket"],
    coverage: { resources: 2, priced: 1, free: 0, usage: 0, unpriced: 1 },
  },
  policy: { violations: [{ policy: "budget", resource: "node", message: "over by $20.00", fix: "Raise it." }] },
  steps: [
    { action: "create", type: "digitalocean:index/volume:Volume", name: "data" },
    { action: "update", type: "digitalocean:index/firewall:Firewall", name: "node", changed: ["inboundRules"] },
  ],
};

test("a reviewer sees what changes, what it costs and what the rules say", () => {
  expect(planComment(plan)).toBe(
    [
      "### windlass: `prod`",
      "**2 to create, 1 to delete** (4 stay the same)",
      "",
      "Cost: **$2523.32 a month** (+$50.00), $3.44 an hour while all of it runs.",
      "Not counted, no price known: bucket.",
      "",
      ":no_entry: **budget**: over by $20.00. Raise it.",
      "",
      "| | resource | what changes |",
      "|---|---|---|",
      "| create | data (Volume) |  |",
      "| update | node (Firewall) | inboundRules |",
      "",
    ].join("\n"),
  );
});

test("a plan without a change says so", () => {
  const same = { ...plan, changes: { create: 0, update: 0, replace: 0, delete: 0, same: 4 }, steps: [] };
  expect(planComment({ ...same, policy: { violations: [] } })).toContain("\nNo change.\n");
});
