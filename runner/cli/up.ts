import type { Command } from "commander";
import { policyNotes } from "../gate/notes.ts";
import { preview } from "../preview.ts";
import { type UpResult, up } from "../up.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import {
  type CommonOptions,
  changingCommand,
  type GateFlags,
  gateOptions,
  targetOptions,
  withOverrides,
} from "./options.ts";
import { bold, costLine, print, printJson } from "./output.ts";
import { printPlan } from "./plan.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return withOverrides(changingCommand("up"))
    .option("-m, --message <text>", "a line for the stack's history")
    .addHelpText(
      "after",
      `
Looks first (token, limits, size, region, keys), shows what will change and what it costs, asks, and makes exactly that. A plan that a budget
or a policy refuses is not made: exit code 3. Run again after any failure or Ctrl-C: it goes on from there and makes nothing twice.

Examples:
  $ windlass up --yes                     the dev stack on the local cloud
  $ windlass up --stack prod              on DigitalOcean, with a question first
  $ windlass up --stack prod --dry-run    the same as windlass preview
  $ windlass up --override-policy ssh-open --why "the auditors' visit, until Friday"
  $ windlass up --yes --json | jq -r '.nodes[0].ip_address'`,
    )
    .action(run);
}

async function run(options: CommonOptions & GateFlags & { message?: string }): Promise<void> {
  const gate = gateOptions(options);
  if (options.dryRun) {
    const plan = await withSession((session) => preview({ ...targetOptions(options), ...session, ...gate }));
    printPlan(plan, options.json);
    if (plan.policy.violations.length > 0) process.exitCode = 3;
    return;
  }
  if (!options.yes) refuseWithoutTerminal("--yes");
  const result = await withSession((session) =>
    up({
      ...targetOptions(options),
      ...session,
      ...gate,
      ...(options.message ? { message: options.message } : {}),
      ...(options.yes
        ? {}
        : {
            confirm: async (plan) => {
              printPlan(plan, false, process.stderr);
              return ask(`Make these changes to stack ${plan.stack}?`, "--yes");
            },
          }),
    }),
  );
  if (options.json) printJson(result);
  else printResult(result);
}

function printResult({ stack, changes, nodes, cost, outputs, policy }: UpResult): void {
  const changed = changes.create + changes.update + changes.replace + changes.delete + (changes.import ?? 0);
  print("", bold(changed === 0 ? `Stack ${stack} is as declared: nothing changed.` : `Stack ${stack} is up.`));
  const declared = outputs.node as { name: string; status: string } | undefined;
  if (declared && ["stopped", "expired"].includes(declared.status))
    print(
      "",
      `Node ${declared.name} is ${declared.status} and stays so. Bring it back: windlass node resume ${declared.name}`,
    );
  for (const node of nodes) print("", "Droplet Provision Result:", JSON.stringify(node, null, 2));
  const checkpoint = (
    outputs.node as
      | { firstCheckpoint?: { path: string; step: number; metric: { name: string; value: number } } }
      | undefined
  )?.firstCheckpoint;
  if (checkpoint?.path)
    print(
      "",
      `training: first checkpoint ${checkpoint.path} (step ${checkpoint.step}, ${checkpoint.metric.name} ${checkpoint.metric.value})`,
    );
  print("", costLine(cost), "", "What to type next:");
  const flag = stack === "dev" ? "" : ` --stack ${stack}`;
  if (nodes.length > 0) {
    print(`  windlass node ssh${flag}     a shell on the node`, `  windlass health${flag}       how it is`);
  }
  print(
    `  windlass status${flag}       what runs and what it costs`,
    `  windlass down${flag}         remove it; the volume stays`,
  );
  const notes = policyNotes(policy ?? {});
  if (notes.length > 0) print("", ...notes);
}
