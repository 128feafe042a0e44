import { ApiError, type Snapshot, type Volume } from "../../clients/digitalocean/index.ts";
import { backupId, volumeSnapshotName } from "../../domain/backup.ts";
import { volumeMonthlyUsd } from "../../domain/cost/node-price.ts";
import { UserError } from "../../domain/errors.ts";
import { quote } from "../../domain/shell.ts";
import { ownershipTags } from "../../domain/tags.ts";
import type { OperationOptions } from "../progress.ts";
import type { BackupStack } from "./context.ts";

/** A snapshot of the volume as it is shown. */
export interface VolumeSnapshot {
  id: string;
  name: string;
  volume: string;
  region: string;
  sizeGiB: number;
}

/**
 * Takes a snapshot of the stack's volume, after the node (where it answers) has written what it held in memory. Throws `NotFound` where there is
 * no volume, and `CommandFailed` where the cloud refuses: it takes at most one snapshot of a volume in ten minutes.
 */
export async function snapshotVolume(stack: BackupStack, { onEvent }: OperationOptions = {}): Promise<VolumeSnapshot> {
  const { cloud, config, owner } = stack;
  const volume = await findVolume(stack);
  await writeOut(stack, (text) => onEvent?.({ kind: "note", level: "warning", text }));
  const name = volumeSnapshotName(volume.name, await stack.clock.now());
  onEvent?.({ kind: "phase", text: `taking snapshot ${name}` });
  const tags = [...ownershipTags(owner, config.tags), "windlass-backup"].sort();
  const snapshot = await cloud.snapshotVolume(volume.id, { name, tags }).catch(async (error: unknown) => {
    const made = isUnclear(error) ? (await cloud.snapshots("volume")).find((found) => found.name === name) : undefined;
    if (made) return made;
    throw refused(error, `no snapshot of volume ${volume.name} was taken`);
  });
  return { id: snapshot.id, name, volume: volume.name, region: config.gpuRegion, sizeGiB: snapshot.size_gigabytes };
}

async function findVolume({ cloud, config }: BackupStack): Promise<Volume> {
  const [volume] = await cloud.volumes({ name: config.volumeName, region: config.gpuRegion });
  if (volume) return volume;
  throw new UserError("NotFound", {
    reason: `there is no volume ${config.volumeName} in ${config.gpuRegion}`,
    suggestion: "run: windlass up",
  });
}

/** A snapshot has what is on the disk; a node that is not up, or cannot be reached, has nothing in memory that could be saved. */
async function writeOut(stack: BackupStack, warn: (text: string) => void): Promise<void> {
  if (!stack.ssh) return;
  const command = `sync -f ${quote(stack.config.mountPoint)}`;
  await stack
    .ssh((ssh) => ssh.exec(command, { timeoutMs: 300_000 }))
    .catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      if (error.code !== "NotFound") warn(`the node could not write out its memory first: ${error.details.reason}`);
    });
}

export interface RestoreVolumeOptions extends OperationOptions {
  /** Name or id of a volume snapshot. */
  snapshot: string;
  /** Name of the new volume. @default `<windlass:volumeName>-<time>` */
  name?: string;
  dryRun?: boolean;
}

/** The volume that was made, and how it comes into use. */
export interface RestoredVolume {
  /** Absent on a dry run. */
  id?: string;
  name: string;
  region: string;
  sizeGiB: number;
  monthlyUsd: number;
  snapshot: string;
  use: string;
}

/** Makes a new volume with the data of a snapshot; the one that is there stays. Throws `NotFound`, `PrecheckFailed`, `CommandFailed`. */
export async function restoreVolume(stack: BackupStack, options: RestoreVolumeOptions): Promise<RestoredVolume> {
  const { cloud, config, owner } = stack;
  const region = config.gpuRegion;
  const snapshot = await findSnapshot(stack, options.snapshot);
  const time = backupId(await stack.clock.now()).toLowerCase();
  const name = options.name ?? `${config.volumeName.slice(0, 47)}-${time}`;
  const taken = (await cloud.volumes({ name, region }))[0];
  if (taken) {
    throw new UserError("PrecheckFailed", {
      ...{ check: "volume", volume: taken.id },
      reason: `there is a volume ${name} in ${region} already (${taken.id})`,
      suggestion: "give another name with --name; nothing was made",
    });
  }
  const sizeGiB = Math.ceil(Math.max(config.volumeSizeGiB, snapshot.min_disk_size ?? 0, snapshot.size_gigabytes));
  const use = `windlass config set volumeName=${name}, then windlass up`;
  const result = { name, region, sizeGiB, monthlyUsd: volumeMonthlyUsd(sizeGiB), snapshot: snapshot.id, use };
  if (options.dryRun) return result;
  const tags = ownershipTags({ project: owner.project, stack: owner.stack }, config.tags);
  const request = { name, region, size_gigabytes: sizeGiB, snapshot_id: snapshot.id, tags };
  const volume = await cloud.createVolume(request).catch(async (error: unknown) => {
    const made = isUnclear(error) ? (await cloud.volumes({ name, region }))[0] : undefined;
    if (made) return made;
    throw refused(error, "no volume was made");
  });
  return { id: volume.id, ...result };
}

async function findSnapshot(
  { cloud, config }: BackupStack,
  wanted: string,
): Promise<Snapshot & { min_disk_size?: number }> {
  const all = await cloud.snapshots("volume");
  const found = all.find(({ id }) => id === wanted) ?? all.find(({ name }) => name === wanted);
  if (!found) {
    const has = all.slice(0, 5).map(({ name }) => name);
    throw new UserError("NotFound", {
      reason: `there is no volume snapshot ${wanted}`,
      suggestion:
        has.length > 0
          ? `there are ${has.join(", ")}`
          : "there is none in this account; look at the backups: windlass backup list",
    });
  }
  if (found.regions.includes(config.gpuRegion)) return found;
  throw new UserError("PrecheckFailed", {
    ...{ check: "region", regions: found.regions },
    reason: `volume snapshot ${found.name} lies in ${found.regions.join(", ")} and cannot leave it: DigitalOcean makes volumes from it only there, and the stack is in ${config.gpuRegion}`,
    suggestion: `restore the files instead (windlass restore), or set windlass:gpuRegion to ${found.regions[0]}`,
  });
}

/** Whether nobody knows what became of the call. */
function isUnclear(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

function refused(error: unknown, what: string): unknown {
  if (!(error instanceof ApiError)) return error;
  return new UserError(
    "CommandFailed",
    { reason: `${what}: ${error.message}`, suggestion: "try again later" },
    { cause: error },
  );
}
