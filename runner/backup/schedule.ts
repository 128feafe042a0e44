import { type BackupHistory, backupsDue, backupTime, isVolumeBackup } from "../../domain/backup.ts";
import { UserError } from "../../domain/errors.ts";
import { nodePhase } from "../../domain/node-marker.ts";
import { nodeMarkers } from "../lifecycle/markers.ts";
import type { OperationOptions } from "../progress.ts";
import { type BackupResult, backupFiles } from "./backup.ts";
import type { BackupStack } from "./context.ts";
import { copyRootSnapshots, type SnapshotCopy } from "./snapshot-copies.ts";
import { backupIds, openStorage } from "./storage.ts";
import { snapshotVolume, type VolumeSnapshot } from "./volume.ts";

/** What a pass of the schedule did. One kind that fails keeps no other from being done. */
export interface DueBackups {
  files?: BackupResult;
  volume?: VolumeSnapshot;
  copies: SnapshotCopy[];
  failures: { what: "files" | "volume" | "copies"; error: UserError }[];
}

/**
 * Makes the backups that are due by windlass:backupEveryHours and windlass:volumeSnapshotEveryHours, and the copies of root-disk snapshots that
 * windlass:snapshotCopyRegions asks for. What went wrong is in the result; copies of snapshots are begun and not waited for; only bugs and `Cancelled` are thrown. Nothing is deleted.
 */
export async function runDueBackups(stack: BackupStack, options: OperationOptions = {}): Promise<DueBackups> {
  const done: DueBackups = { copies: [], failures: [] };
  const attempt = async (what: "files" | "volume" | "copies", work: () => Promise<void>) => {
    await work().catch((error: unknown) => {
      if (!(error instanceof UserError) || error.code === "Cancelled") throw error;
      done.failures.push({ what, error });
    });
  };
  const now = await stack.clock.now();
  const due = async (what: "files" | "volume", last: () => Promise<number | undefined>) => {
    const history: BackupHistory = { files: now, volume: now };
    // The history is asked for only where the schedule could want something.
    if (!backupsDue({ files: undefined, volume: undefined }, stack.config, now).includes(what)) return false;
    history[what] = await last();
    return backupsDue(history, stack.config, now).includes(what);
  };
  await attempt("files", async () => {
    if (!stack.ssh || !(await due("files", () => lastFiles(stack, options)))) return;
    // A stopped node has written nothing since its last backup.
    if (nodePhase(await nodeMarkers(stack.cloud, stack.owner)) === "running")
      done.files = await backupFiles(stack, options);
  });
  await attempt("volume", async () => {
    if (await due("volume", () => lastVolume(stack))) done.volume = await snapshotVolume(stack, options);
  });
  await attempt("copies", async () => {
    done.copies = await copyRootSnapshots(stack, { ...options, wait: false });
  });
  return done;
}

async function lastFiles({ config, owner }: BackupStack, options: OperationOptions): Promise<number | undefined> {
  const bucket = await openStorage(config, options);
  try {
    const newest = (await backupIds(bucket, owner)).at(-1);
    return newest === undefined ? undefined : backupTime(newest);
  } finally {
    bucket.close();
  }
}

async function lastVolume({ cloud, config }: BackupStack): Promise<number | undefined> {
  const times = (await cloud.snapshots("volume"))
    .filter(({ name, regions }) => isVolumeBackup(config.volumeName, name) && regions.includes(config.gpuRegion))
    .map(({ created_at }) => Date.parse(created_at));
  return times.length > 0 ? Math.max(...times) : undefined;
}
