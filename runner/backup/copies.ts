import type { Bucket } from "../../clients/s3/index.ts";
import { Meter, progressLine } from "../../clients/ssh/progress.ts";
import { type BackupManifest, manifestKey, objectKey } from "../../domain/backup.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import type { OperationOptions } from "../progress.ts";
import { OtherContent, verified } from "./content.ts";
import type { BackupSettings } from "./context.ts";
import { parallel } from "./parallel.ts";
import { backupIds, distinct, openStorage, readBackup, storedContents } from "./storage.ts";

/** What was copied to the second bucket. */
export interface CopyResult {
  bucket: string;
  endpoint: string;
  /** Backups that the second bucket had not. */
  backups: string[];
  objects: number;
  bytes: number;
}

/** Objects under way at once. */
const OBJECTS_AT_ONCE = 3;

/**
 * Copies every backup that the second bucket lacks, oldest first; each is whole there before the next begins. One that is damaged keeps no other
 * from being copied. Throws `StorageFailed`.
 */
export async function copyBackups(stack: BackupSettings, options: OperationOptions = {}): Promise<CopyResult> {
  const { owner, config } = stack;
  const from = await openStorage(config, options);
  const to = await openStorage(config, { ...options, copy: true });
  try {
    await to.check();
    const there = new Set(await backupIds(to, owner));
    const lacking = (await backupIds(from, owner)).filter((id) => !there.has(id));
    const result: CopyResult = { ...to.address, backups: lacking, objects: 0, bytes: 0 };
    let damaged: unknown;
    for (const id of lacking) {
      try {
        const copied = await copyBackup({ from, to, owner }, await readBackup(from, owner, id), options);
        result.objects += copied.objects;
        result.bytes += copied.bytes;
      } catch (error) {
        if ((error as { details?: { kind?: string } }).details?.kind !== "damaged") throw error;
        damaged ??= error;
      }
    }
    if (damaged) throw damaged;
    return result;
  } finally {
    from.close();
    to.close();
  }
}

async function copyBackup(
  { from, to, owner }: { from: Bucket; to: Bucket; owner: NodeOwner },
  manifest: BackupManifest,
  { onEvent }: OperationOptions,
): Promise<{ objects: number; bytes: number }> {
  const stored = await storedContents(to, owner);
  const all = distinct(manifest.files);
  const missing = all.filter(({ sha256, bytes }) => stored.get(sha256) !== bytes);
  const meter = new Meter(all, missing, (progress) => {
    onEvent?.({ kind: "phase", text: `copying ${manifest.id}: ${progressLine(progress)}` });
  });
  await parallel(missing, OBJECTS_AT_ONCE, async (file) => {
    const key = objectKey(owner, file.sha256);
    const content = verified(from.read(key), file, (bytes) => meter.moved(bytes));
    await to.write(key, content, file).catch((error) => {
      throw error instanceof OtherContent ? damagedObject(from, file.path, error) : error;
    });
    meter.finished();
  });
  await to.putText(manifestKey(owner, manifest.id), `${JSON.stringify(manifest, null, 1)}\n`);
  return { objects: meter.sentFiles, bytes: meter.sentBytes };
}

/** The storage holds something else than the manifest says. */
export function damagedObject(bucket: Bucket, path: string, cause: Error): UserError {
  return new UserError(
    "StorageFailed",
    {
      kind: "damaged",
      ...bucket.address,
      file: path,
      reason: `s3://${bucket.address.bucket}: the object of ${path} is damaged (${cause.message})`,
      suggestion: "restore it from the copy (windlass restore --from-copy), or make a new backup",
    },
    { cause },
  );
}
