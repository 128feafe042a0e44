import type { Command } from "commander";
import { previewAny } from "../preview.ts";
import {
  type CommonOptions,
  type GateFlags,
  gateOptions,
  stackCommand,
  targetOptions,
  withOverrides,
} from "./options.ts";
import { printPlan } from "./plan.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return withOverrides(stackCommand("preview"))
    .addHelpText(
      "after",
      `
Says what would change, what it would cost, and what the policies say of it; changes nothing. With --cwd it takes any Pulumi project.
Exit code 3 when a budget or a policy refuses the plan.

Examples:
  $ windlass preview
  $ windlass preview --stack prod --json | jq .cost.diffMonthly
  $ windlass preview --cwd ../shop --json | jq .policy.violations`,
    )
    .action(async (options: CommonOptions & GateFlags) => {
      const gate = gateOptions(options);
      const plan = await withSession((session) => previewAny({ ...targetOptions(options), ...session, ...gate }));
      printPlan(plan, options.json);
      if (plan.policy.violations.length > 0) process.exitCode = 3;
    });
}
