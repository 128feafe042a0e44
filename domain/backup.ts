import { posix } from "node:path";
import { z } from "zod";
import { UserError } from "./errors.ts";
import type { NodeOwner } from "./node-marker.ts";

/** A file of a backup; its content is the object of that digest. */
export interface BackupFile {
  /** Absolute path on the node. */
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** Permission bits in octal, such as `644`. */
  mode: string;
  /** Seconds since 1970, with fractions. */
  modifiedAt: number;
}

/** What a backup holds. It is written last: a backup without it does not exist. */
export interface BackupManifest {
  version: 1;
  id: string;
  project: string;
  stack: string;
  node: string;
  /** ISO 8601. */
  createdAt: string;
  /** Where the node's volume was mounted: files below it are restored below the new node's mount point. */
  mountPoint: string;
  files: BackupFile[];
  bytes: number;
}

const name = z.string().min(1);
const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string().regex(/^\d{8}T\d{6}Z$/),
  project: name,
  stack: name,
  node: name,
  createdAt: z.iso.datetime(),
  mountPoint: z.string().startsWith("/"),
  files: z.array(
    z.object({
      path: z
        .string()
        .startsWith("/")
        .refine((path) => posix.normalize(path) === path, "must be a plain absolute path"),
      bytes: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      mode: z.string().regex(/^[0-7]{3,4}$/),
      modifiedAt: z.number().nonnegative(),
    }),
  ),
  bytes: z.int().nonnegative(),
});

/** Reads a manifest. Throws `StorageFailed` (kind `damaged`) where it is none. */
export function parseManifest(text: string, where: string): BackupManifest {
  const damaged = (why: string) =>
    new UserError("StorageFailed", {
      kind: "damaged",
      reason: `${where}: the backup's manifest is damaged (${why})`,
      suggestion: "use another backup, or the copy: windlass restore --from-copy",
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged("it is no JSON");
  }
  const { success, data, error } = manifestSchema.safeParse(value);
  if (!success) throw damaged(`${error.issues[0]?.path.join(".")}: ${error.issues[0]?.message}`);
  const bytes = data.files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes !== data.bytes) throw damaged(`its files add up to ${bytes} bytes, not ${data.bytes}`);
  return data;
}

/** Name of the backup taken at that time (milliseconds since 1970): names sort by time. */
export function backupId(now: number): string {
  return new Date(now)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "");
}

/** When the backup of that name was taken, in milliseconds since 1970. */
export function backupTime(id: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(id) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Everything of a node in a bucket begins with this. */
export function nodePrefix({ project, stack, node }: NodeOwner): string {
  return `${project}/${stack}/${node}/`;
}

/** Key of a backup's manifest. */
export function manifestKey(owner: NodeOwner, id: string): string {
  return `${nodePrefix(owner)}${id}/manifest.json`;
}

/** Key of a content: equal files of all backups of a node are one object. */
export function objectKey(owner: NodeOwner, sha256: string): string {
  return `${nodePrefix(owner)}objects/${sha256}`;
}

/** The backup whose manifest has this key; undefined for other keys. */
export function manifestId(owner: NodeOwner, key: string): string | undefined {
  const rest = key.startsWith(nodePrefix(owner)) ? key.slice(nodePrefix(owner).length) : "";
  return /^(\d{8}T\d{6}Z)\/manifest\.json$/.exec(rest)?.[1];
}

/** The digest whose object has this key; undefined for other keys. */
export function objectDigest(owner: NodeOwner, key: string): string | undefined {
  const start = `${nodePrefix(owner)}objects/`;
  return key.startsWith(start) ? /^[0-9a-f]{64}$/.exec(key.slice(start.length))?.[0] : undefined;
}

/** Where a file of a backup belongs: below `to`, or below the mount point that the node has now, or where it was. */
export function restoredPath(
  file: string,
  manifest: BackupManifest,
  target: { mountPoint: string; to?: string },
): string {
  const below = file.startsWith(`${manifest.mountPoint}/`) ? posix.relative(manifest.mountPoint, file) : undefined;
  if (target.to !== undefined) return posix.join(target.to, below ?? file.slice(1));
  return below === undefined ? file : posix.join(target.mountPoint, below);
}

/** Which backups go: all but the newest `keep`. */
export function expendable(ids: readonly string[], keep: number): string[] {
  return [...ids].sort().reverse().slice(keep).reverse();
}

/** An object of the bucket. */
export interface StoredKey {
  key: string;
  bytes: number;
  /** Milliseconds since 1970. */
  changedAt: number;
}

/** Which objects go: those that no manifest names, unless they are so young that a backup under way may be about to name them. */
export function unreferenced(
  owner: NodeOwner,
  objects: readonly StoredKey[],
  manifests: readonly BackupManifest[],
  before: number,
): StoredKey[] {
  const used = new Set(manifests.flatMap(({ files }) => files.map(({ sha256 }) => sha256)));
  return objects.filter(({ key, changedAt }) => {
    const digest = objectDigest(owner, key);
    return digest !== undefined && !used.has(digest) && changedAt < before;
  });
}

/** When each kind was done last, in milliseconds since 1970; undefined where never. */
export interface BackupHistory {
  files: number | undefined;
  volume: number | undefined;
}

/** Settings of the schedule. */
export interface BackupSchedule {
  backupBucket?: string;
  backupEveryHours: number | "off";
  volumeSnapshotEveryHours: number | "off";
}

/** What the schedule asks for now. A time in the future (a clock that was set back) counts as never: better one backup too many. */
export function backupsDue(history: BackupHistory, schedule: BackupSchedule, now: number): ("files" | "volume")[] {
  const due = (last: number | undefined, hours: number | "off") =>
    hours !== "off" && (last === undefined || Number.isNaN(last) || last > now || now - last >= hours * 3_600_000);
  const found: ("files" | "volume")[] = [];
  if (schedule.backupBucket !== undefined && due(history.files, schedule.backupEveryHours)) found.push("files");
  if (due(history.volume, schedule.volumeSnapshotEveryHours)) found.push("volume");
  return found;
}

/** Name of the volume snapshot taken at that time. */
export function volumeSnapshotName(volume: string, now: number): string {
  return `windlass-backup-${volume}-${backupId(now).toLowerCase()}`;
}

/** Whether a snapshot of that name is one of those, of that volume. */
export function isVolumeBackup(volume: string, snapshot: string): boolean {
  const start = `windlass-backup-${volume}-`;
  return snapshot.startsWith(start) && /^\d{8}t\d{6}z$/.test(snapshot.slice(start.length));
}
