import type { Command } from "commander";
import { UserError } from "../../domain/errors.ts";
import { formatBytes } from "../../domain/units.ts";
import { openBackupStack, restoreFiles, restoreVolume } from "../backup/index.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, changingCommand, targetOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

interface RestoreFlags extends CommonOptions {
  backup?: string;
  to?: string;
  fromCopy?: boolean;
  fromStack?: string;
  overwrite?: boolean;
  volume?: string;
  name?: string;
}

export default function command(): Command {
  return changingCommand("restore")
    .option("--backup <id>", "the backup (default: the newest; see windlass backup list)")
    .option("--to <path>", "folder of the node that receives the files (default: where they were)")
    .option("--from-copy", "from the second bucket")
    .option("--from-stack <name>", "a backup of the node of this name of another stack")
    .option("--overwrite", "replace files that are there with another content")
    .option("--volume <snapshot>", "make a new volume from a volume snapshot (name or id)")
    .option("--name <name>", "name of the new volume")
    .addHelpText(
      "after",
      `
Files that are there with the same content stay; those with another are refused without --overwrite. Every file is verified on the node.

Examples:
  $ windlass restore
  $ windlass restore --backup 20261121T070000Z --to /srv/back
  $ windlass restore --from-copy
  $ windlass restore --volume windlass-backup-finance-smollm3-data-20261121t070000z --yes`,
    )
    .action(run);
}

async function run(flags: RestoreFlags): Promise<void> {
  if (flags.volume !== undefined) return runVolume(flags, flags.volume);
  if (flags.to !== undefined && !flags.to.startsWith("/")) {
    const details = { reason: `--to ${flags.to} is no absolute path of the node`, suggestion: "begin it with /" };
    throw new UserError("UsageError", details, { exitCode: 2 });
  }
  if (flags.overwrite && !flags.yes && !flags.dryRun) {
    refuseWithoutTerminal("--yes");
    if (!(await ask("Replace files of the node that differ from the backup?", "--yes")))
      return print("Nothing was written.");
  }
  const result = await withSession(async (session) => {
    const stack = await openBackupStack({ ...targetOptions(flags), ...session });
    return restoreFiles(stack, {
      ...session,
      ...(flags.backup ? { backup: flags.backup } : {}),
      ...(flags.to ? { to: flags.to } : {}),
      ...(flags.fromStack ? { source: { ...stack.owner, stack: flags.fromStack } } : {}),
      fromCopy: flags.fromCopy ?? false,
      overwrite: flags.overwrite ?? false,
      dryRun: flags.dryRun ?? false,
    });
  });
  if (flags.json) return printJson(result);
  const { backup, files, bytes, written, writtenBytes, overwritten } = result;
  const verb = flags.dryRun ? "would write" : "wrote";
  print(
    `backup ${backup}: ${files} files, ${formatBytes(bytes)}; ${verb} ${written}, ${formatBytes(writtenBytes)}, ${overwritten.length} of them replaced`,
  );
}

async function runVolume(flags: RestoreFlags, snapshot: string): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const request = { snapshot, ...(flags.name ? { name: flags.name } : {}) };
  const plan = await withSession(async (session) =>
    restoreVolume(await openBackupStack({ ...targetOptions(flags), ...session }), { ...request, dryRun: true }),
  );
  const text = `volume ${plan.name}, ${plan.sizeGiB} GiB in ${plan.region}, $${plan.monthlyUsd.toFixed(2)} per month`;
  if (flags.dryRun) return flags.json ? printJson(plan) : print(`would make ${text}`);
  if (!flags.yes && !(await ask(`Make ${text}?`, "--yes"))) return print("Nothing was made.");
  const result = await withSession(async (session) =>
    restoreVolume(await openBackupStack({ ...targetOptions(flags), ...session }), { ...request, name: plan.name }),
  );
  if (flags.json) return printJson(result);
  print(`made ${text} (${result.id})`, `to use it: ${result.use}`);
}
