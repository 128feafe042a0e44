import type { Command } from "commander";
import { type DownPlan, down } from "../down.ts";
import { ask, askToType, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, changingCommand, targetOptions } from "./options.ts";
import { bold, print, printJson } from "./output.ts";
import { kindOf } from "./reporter.ts";
import { withSession } from "./session.ts";

interface DownFlags extends CommonOptions {
  removeVolumes?: boolean;
  confirm?: string[];
  breakLock?: boolean;
}

export default function command(): Command {
  return changingCommand("down")
    .option(
      "--remove-volumes",
      "delete the volumes too, with all data on them (each name has to be typed or given with --confirm)",
    )
    .option("--confirm <name...>", "the name of a volume that may be deleted")
    .option("--break-lock", "take over from whoever works on the node; only right when they are gone")
    .addHelpText(
      "after",
      `
Volumes stay in the cloud with their data, and go on costing; the next up finds them by name.

Examples:
  $ windlass down
  $ windlass down --yes
  $ windlass down --yes --remove-volumes --confirm finance-smollm3-data`,
    )
    .action(run);
}

async function run(options: DownFlags): Promise<void> {
  if (!options.yes && !options.dryRun) refuseWithoutTerminal("--yes");
  const target = targetOptions(options);
  const plan = await withSession((session) => down({ ...target, ...session, dryRun: true }));
  if (!options.json || options.dryRun) showPlan({ ...plan, removes: plan.removed, keeps: plan.kept }, options);
  if (options.dryRun) return;
  const removeVolumes = options.removeVolumes
    ? await volumesToRemove(
        plan.kept.map(({ name }) => name),
        options,
      )
    : [];
  if (!options.yes && !(await ask(`Remove these from stack ${plan.stack}?`, "--yes")))
    return print("Nothing was removed.");
  const lease = options.breakLock ? { breakLease: true } : {};
  const result = await withSession((session) => down({ ...target, ...session, ...lease, removeVolumes }));
  if (options.json) {
    printJson(result);
    return;
  }
  print("", bold(`Stack ${result.stack} is down.`));
  if (result.kept.length > 0) {
    print(
      "To use the kept volume again, run windlass up: it finds it by name. To delete it: windlass up, then windlass down --remove-volumes,",
    );
    print("or in DigitalOcean's control panel.");
  }
}

/** Each volume is confirmed by its name: `--yes` alone never deletes data. */
async function volumesToRemove(names: string[], options: DownFlags): Promise<string[]> {
  const confirmed: string[] = [];
  for (const name of names) {
    const question = `Volume ${name} and all data on it will be deleted for good.`;
    if (options.confirm?.includes(name) || (await askToType(question, name, `--confirm ${name}`))) confirmed.push(name);
  }
  return confirmed;
}

function showPlan({ stack, removes, keeps, stopped }: DownPlan, options: DownFlags): void {
  if (options.json) {
    printJson({ stack, removes, keeps, stopped });
    return;
  }
  print(removes.length + keeps.length === 0 ? `Stack ${stack} is empty.` : `Stack ${stack}, to remove:`);
  for (const { type, name, id } of removes) print(`  - ${kindOf(type)} ${name}${id ? ` (${id})` : ""}`);
  for (const { name, id, sizeGiB, region, monthlyUsd } of keeps) {
    print(`  stays: volume ${name} (${id}), ${sizeGiB} GiB in ${region}, $${monthlyUsd.toFixed(2)} per month`);
  }
  if (!stopped) return;
  print(
    `  stays: that ${stopped.node} is stopped; windlass up and windlass node resume bring it back from ${stopped.image}`,
  );
  for (const { name, id, sizeGiB, monthlyUsd } of stopped.snapshots)
    print(`  stays: snapshot ${name} (${id}), ${sizeGiB} GiB, $${monthlyUsd.toFixed(2)} per month`);
}
