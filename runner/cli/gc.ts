import type { Command } from "commander";
import { openNodeStack } from "../lifecycle/open-node-stack.ts";
import { type CollectResult, collect } from "../retention/collect.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface GcFlags extends CommonOptions {
  fix?: boolean;
  breakLock?: boolean;
}

export default function command(): Command {
  return stackCommand("gc")
    .option("--fix", "carry it out; without it nothing is changed")
    .option("-y, --yes", "do not ask")
    .option("--break-lock", "take over from whoever works on the node; only right when they are gone")
    .addHelpText(
      "after",
      `
A volume that hangs on nothing for longer than windlass:detachedVolumeDays is archived in a snapshot, and deleted once that is verified.
A snapshot older than windlass:snapshotDays is deleted; the newest windlass:snapshotsKept of each node and each volume stay, and whatever a
stopped node needs. Only what carries the tags of this project and stack is looked at. Nodes whose GPUs are idle are stopped by windlass
watch (windlass:autoShutdownHours).

Examples:
  $ windlass gc                       what would go, why, and what it saves
  $ windlass gc --fix --yes           from cron or a pipeline
  $ windlass gc --json | jq .items`,
    )
    .action(run);
}

async function run(flags: GcFlags): Promise<void> {
  if (flags.fix && !flags.yes) refuseWithoutTerminal("--yes");
  const result = await withSession(async (session) => {
    const stack = await openNodeStack({ ...targetOptions(flags), ...session });
    return collect(stack, {
      ...session,
      ...(flags.fix ? { fix: true } : {}),
      ...(flags.breakLock ? { breakLease: true } : {}),
      confirm: async (planned) => {
        if (!flags.json) show(planned);
        return flags.yes === true || ask(`Carry this out on stack ${planned.stack}?`, "--yes");
      },
    });
  });
  if (flags.json) printJson(result);
  else if (result.fixed) print(bold(`Done: $${result.monthlySavedUsd.toFixed(2)} a month less.`));
  else if (flags.fix && result.items.length > 0) print("Nothing was changed.");
  else {
    show(result);
    if (result.items.length > 0) print("Nothing was changed. To carry it out: windlass gc --fix");
  }
}

function show({ stack, items, kept, monthlySavedUsd }: CollectResult): void {
  if (items.length === 0) print(`Stack ${stack}: nothing is old enough to go.`);
  else {
    const rows = items.map(({ kind, name, id, act, why, monthlySavedUsd: saved }) => {
      return [act, kind, name, id, `$${saved.toFixed(2)}`, why];
    });
    print(...table(["", "kind", "name", "id", "saves a month", "why"], rows));
    print(bold(`Saves $${monthlySavedUsd.toFixed(2)} a month.`));
  }
  for (const { kind, name, id, why } of kept) print(`  stays: ${kind} ${name} (${id}): ${why}`);
}
