import type { Command } from "commander";
import { formatBytes, formatDuration } from "../../domain/units.ts";
import {
  backupFiles,
  backupSettings,
  copyBackups,
  copyRootSnapshots,
  type DrillPlan,
  drill,
  listBackups,
  openBackupStack,
  pruneBackups,
  snapshotVolume,
} from "../backup/index.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, changingCommand, stackCommand, targetOptions } from "./options.ts";
import { costLine, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface BackupFlags extends CommonOptions {
  path?: string[];
  volume?: boolean;
  fromCopy?: boolean;
  backup?: string;
  keep?: string;
  fix?: boolean;
}

const STORAGE = `
The bucket is windlass:backupBucket at windlass:backupEndpoint, that of the copies windlass:backupCopyBucket at windlass:backupCopyEndpoint.
The key comes from SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;

export default function command(): Command {
  const backup = stackCommand("backup")
    .enablePositionalOptions()
    .option("--path <path...>", "folders or files of the node (default: checkpoints on the volume)")
    .option("--volume", "take a snapshot of the volume, and copy root-disk snapshots to windlass:snapshotCopyRegions")
    .addHelpText("after", `${STORAGE}\n${EXAMPLES}`)
    .action(run);
  backup.addCommand(
    stackCommand("list")
      .option("--from-copy", "those of the second bucket")
      .description("the backups there are")
      .action(list),
  );
  backup.addCommand(stackCommand("copy").description("copy to the second bucket what it lacks").action(copy));
  backup.addCommand(
    stackCommand("prune")
      .option("--keep <number>", "how many of the newest stay", "10")
      .option("--fix", "delete; without it only say what would go")
      .description("take old backups away")
      .action(prune),
  );
  backup.addCommand(
    changingCommand("drill")
      .option("--backup <id>", "the backup (default: the newest)")
      .option("--from-copy", "from the second bucket")
      .description("rebuild the node from a backup alone in a scratch stack, compare checksums, remove it")
      .action(runDrill),
  );
  return backup;
}

const EXAMPLES = `
Examples:
  $ windlass backup                                      the checkpoints
  $ windlass backup --path /mnt/finance-smollm3/data     something else
  $ windlass backup --volume                             a snapshot of the whole volume
  $ windlass backup list
  $ windlass backup prune --keep 10 --fix
  $ windlass backup drill --yes                          prove that a backup is enough`;

async function run(flags: BackupFlags): Promise<void> {
  if (flags.volume) return runVolume(flags);
  const result = await withSession(async (session) => {
    const stack = await openBackupStack({ ...targetOptions(flags), ...session });
    return backupFiles(stack, { ...session, ...(flags.path ? { paths: flags.path } : {}) });
  });
  if (flags.json) return printJson(result);
  const { id, files, bytes, sentFiles, sentBytes, seconds, vanished, copy: copied } = result;
  print(
    `backup ${id}: ${files} files, ${formatBytes(bytes)}; sent ${sentFiles} files, ${formatBytes(sentBytes)} in ${formatDuration(seconds * 1000)}`,
  );
  if (vanished.length > 0) print(`went away meanwhile: ${vanished.join(", ")}`);
  if (copied) print(`copied to s3://${copied.bucket}: ${copied.objects} objects, ${formatBytes(copied.bytes)}`);
}

async function runVolume(flags: BackupFlags): Promise<void> {
  const result = await withSession(async (session) => {
    const stack = await openBackupStack({ ...targetOptions(flags), ...session });
    return { snapshot: await snapshotVolume(stack, session), copies: await copyRootSnapshots(stack, session) };
  });
  if (flags.json) return printJson(result);
  const { snapshot, copies } = result;
  print(`snapshot ${snapshot.name} (${snapshot.id}) of volume ${snapshot.volume} in ${snapshot.region}`);
  for (const { name, region } of copies) print(`copied snapshot ${name} to ${region}`);
}

async function list(flags: BackupFlags): Promise<void> {
  const entries = await withSession(async (session) => {
    return listBackups(backupSettings(targetOptions(flags)), { ...session, fromCopy: flags.fromCopy ?? false });
  });
  if (flags.json) return printJson({ backups: entries });
  if (entries.length === 0) return print("There is no backup. To make one: windlass backup");
  const rows = entries.map(({ id, files, bytes, copied, problem }) => [
    id,
    problem ? "damaged" : String(files),
    formatBytes(bytes),
    copied === undefined ? "" : copied ? "yes" : "no",
  ]);
  print(...table(["BACKUP", "FILES", "SIZE", "COPIED"], rows));
}

async function copy(flags: BackupFlags): Promise<void> {
  const result = await withSession(async (session) => copyBackups(backupSettings(targetOptions(flags)), session));
  if (flags.json) return printJson(result);
  print(
    `copied to s3://${result.bucket}: ${result.backups.length} backups, ${result.objects} objects, ${formatBytes(result.bytes)}`,
  );
}

async function prune(flags: BackupFlags): Promise<void> {
  const keep = Number(flags.keep);
  if (!Number.isInteger(keep) || keep < 1) {
    const { UserError } = await import("../../domain/errors.ts");
    const reason = `--keep ${flags.keep} is not a number of backups`;
    throw new UserError("UsageError", { reason, suggestion: "give a whole number, at least 1" }, { exitCode: 2 });
  }
  const results = await withSession(async (session) => {
    return pruneBackups(backupSettings(targetOptions(flags)), { ...session, keep, fix: flags.fix ?? false });
  });
  if (flags.json) return printJson({ buckets: results });
  for (const { bucket, backups, objects, bytes, deleted } of results) {
    const verb = deleted ? "deleted" : "would delete";
    print(`s3://${bucket}: ${verb} ${backups.length} backups and ${objects} objects, ${formatBytes(bytes)}`);
  }
  if (!flags.fix) print("Nothing was deleted; to do it: windlass backup prune --fix");
}

async function runDrill(flags: BackupFlags): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const confirm = async ({ cost }: DrillPlan) => {
    if (!flags.json) print(`a scratch stack, removed afterwards; ${costLine(cost)}`);
    if (flags.dryRun) return false;
    return flags.yes || ask("Raise it?", "--yes");
  };
  const result = await withSession((session) =>
    drill({
      ...targetOptions(flags),
      ...session,
      ...(flags.backup ? { backup: flags.backup } : {}),
      fromCopy: flags.fromCopy ?? false,
      confirm,
    }),
  ).catch((error: { code?: string }) => {
    if (flags.dryRun && error.code === "Cancelled") return undefined;
    throw error;
  });
  if (!result) return flags.json ? printJson({ dryRun: true }) : print("Nothing was made.");
  process.exitCode = result.ok ? 0 : 1;
  if (flags.json) return printJson(result);
  const { files, bytes, different, leftovers, seconds } = result;
  print(
    `${result.ok ? "passed" : "FAILED"}: ${files - different.length} of ${files} files (${formatBytes(bytes)}) as in backup ${result.backup}`,
  );
  print(`seconds: up ${seconds.up}, restore ${seconds.restore}, compare ${seconds.compare}, remove ${seconds.remove}`);
  for (const path of different) print(`  differs: ${path}`);
  for (const thing of leftovers) print(`  not removed: ${thing}`);
}
