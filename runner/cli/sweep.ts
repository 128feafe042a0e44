import type { Command } from "commander";
import { openNodeStack } from "../lifecycle/open-node-stack.ts";
import { type SweepReport, sweep } from "../retention/sweep.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface SweepFlags extends CommonOptions {
  fix?: boolean;
  emptyState?: boolean;
  breakLock?: boolean;
}

export default function command(): Command {
  return stackCommand("sweep")
    .option("--fix", "delete the orphans; without it nothing is changed")
    .option("-y, --yes", "do not ask")
    .option("--empty-state", "delete them though this machine's state is empty: only when the stack is down")
    .option("--break-lock", "take over from whoever works on the node; only right when they are gone")
    .addHelpText(
      "after",
      `
Lists everything that is billed for this stack (droplets with GPUs and without, volumes, snapshots, addresses) and why it is there. An orphan
carries the stack's tags, is in no state, and no stopped node needs it. A volume is archived in a verified snapshot before it is deleted.
Objects of other stacks, and what cannot be told, are shown and never touched.

Examples:
  $ windlass sweep
  $ windlass sweep --fix
  $ windlass sweep --json | jq .orphans`,
    )
    .action(run);
}

async function run(flags: SweepFlags): Promise<void> {
  if (flags.fix && !flags.yes) refuseWithoutTerminal("--yes");
  const report = await withSession(async (session) => {
    const stack = await openNodeStack({ ...targetOptions(flags), ...session });
    return sweep(stack, {
      ...session,
      ...(flags.fix ? { fix: true } : {}),
      ...(flags.emptyState ? { emptyState: true } : {}),
      ...(flags.breakLock ? { breakLease: true } : {}),
      confirm: async (found) => {
        if (!flags.json) show(found);
        return flags.yes === true || ask(`Delete ${found.orphans.length} of stack ${found.stack}?`, "--yes");
      },
    });
  });
  if (flags.json) printJson(report);
  else if (report.deleted.length > 0) showDeleted(report);
  else if (flags.fix && report.orphans.length > 0) print("Nothing was deleted.");
  else {
    show(report);
    if (report.orphans.length > 0) print("Nothing was deleted. To delete the orphans: windlass sweep --fix");
  }
}

function show({ stack, items, orphans, orphansDailyUsd }: SweepReport): void {
  const rows = items.map(({ kind, name, id, standing, hourlyUsd, dailyUsd, why }) => {
    return [standing, kind, name, id, price(hourlyUsd, 4), price(dailyUsd, 2), why];
  });
  if (rows.length > 0) print(...table(["", "kind", "name", "id", "an hour", "a day", "why"], rows));
  if (orphans.length === 0) print(`Stack ${stack} has no orphans.`);
  else print(bold(`${orphans.length} of stack ${stack} are orphans: $${orphansDailyUsd.toFixed(2)} a day.`));
}

function price(amount: number | null, digits: number): string {
  return amount === null ? "unknown" : `$${amount.toFixed(digits)}`;
}

function showDeleted({ deleted }: SweepReport): void {
  for (const { kind, name, id, archive } of deleted)
    print(`  deleted ${kind} ${name} (${id})${archive ? `, archived in snapshot ${archive}` : ""}`);
}
