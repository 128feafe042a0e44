import type { Command } from "commander";
import { preview } from "../index.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { printPlan } from "./plan.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return stackCommand("preview")
    .addHelpText(
      "after",
      `
Exit code 3 when a budget or a policy refuses the plan.

Examples:
  $ windlass preview
  $ windlass preview --stack prod --json | jq .cost.diffMonthly`,
    )
    .action(async (options: CommonOptions) => {
      const plan = await withSession((session) => preview({ ...targetOptions(options), ...session }));
      printPlan(plan, options.json);
      if (plan.policy.violations.length > 0) process.exitCode = 3;
    });
}
