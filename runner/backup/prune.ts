import type { Bucket } from "../../clients/s3/index.ts";
import { expendable, manifestKey, nodePrefix, type StoredKey, unreferenced } from "../../domain/backup.ts";
import type { OperationOptions } from "../progress.ts";
import type { BackupSettings } from "./context.ts";
import { backupIds, openStorage, readBackup } from "./storage.ts";

export interface PruneOptions extends OperationOptions {
  /** How many of the newest backups stay. @default 10 */
  keep?: number;
  /** Deletes; otherwise only says what would go. */
  fix?: boolean;
  /** Hours that an object no backup names is left alone: a backup under way may be about to name it. @default 24 */
  graceHours?: number;
}

/** What goes of one bucket. */
export interface PruneResult {
  bucket: string;
  endpoint: string;
  backups: string[];
  objects: number;
  bytes: number;
  deleted: boolean;
}

/** Takes old backups away, from the bucket and from that of the copies: manifests first, then the contents that no manifest names any more. */
export async function pruneBackups(stack: BackupSettings, options: PruneOptions = {}): Promise<PruneResult[]> {
  const copies = stack.config.backupCopyBucket === undefined ? [false] : [false, true];
  const results: PruneResult[] = [];
  for (const copy of copies) {
    const bucket = await openStorage(stack.config, { ...options, copy });
    try {
      await bucket.check();
      results.push(await pruneBucket(bucket, stack, options));
    } finally {
      bucket.close();
    }
  }
  return results;
}

async function pruneBucket(bucket: Bucket, { owner }: BackupSettings, options: PruneOptions): Promise<PruneResult> {
  const { keep = 10, fix = false, graceHours = 24 } = options;
  // The storage's times are those of its own machine, not of the cloud that a test drives.
  const before = Date.now() - graceHours * 3_600_000;
  const goes = expendable(await backupIds(bucket, owner), keep);
  if (fix) await bucket.delete(goes.map((id) => manifestKey(owner, id)));
  // Looked at after the manifests went. A manifest that cannot be read stops it all: what it names is not known.
  const stays = (await backupIds(bucket, owner)).filter((id) => !goes.includes(id));
  const manifests = await Promise.all(stays.map((id) => readBackup(bucket, owner, id)));
  const objects: StoredKey[] = [];
  for await (const object of bucket.list(nodePrefix(owner))) objects.push(object);
  const unused = unreferenced(owner, objects, manifests, before);
  if (fix) {
    await bucket.delete(unused.map(({ key }) => key));
    await bucket.abortUploads(nodePrefix(owner), before);
  }
  const bytes = unused.reduce((sum, object) => sum + object.bytes, 0);
  return { ...bucket.address, backups: goes, objects: unused.length, bytes, deleted: fix };
}
