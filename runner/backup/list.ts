import type { OperationOptions } from "../progress.ts";
import type { BackupSettings } from "./context.ts";
import { backupIds, openStorage, readBackup } from "./storage.ts";

/** A backup as it is listed. */
export interface BackupEntry {
  id: string;
  createdAt: string;
  files: number;
  bytes: number;
  /** Whether the second bucket has it; absent where there is none. */
  copied?: boolean;
  /** Present where the manifest cannot be read. */
  problem?: string;
}

/** The node's backups, newest first; of the second bucket with `copies`. Throws `StorageFailed`. */
export async function listBackups(
  stack: BackupSettings,
  options: OperationOptions & { fromCopy?: boolean } = {},
): Promise<BackupEntry[]> {
  const { owner, config } = stack;
  const { fromCopy = false } = options;
  const bucket = await openStorage(config, { ...options, copy: fromCopy });
  try {
    await bucket.check();
    const copied = fromCopy ? undefined : await copiedIds(stack, options);
    const entries: BackupEntry[] = [];
    for (const id of (await backupIds(bucket, owner)).reverse()) {
      const mark = copied ? { copied: copied.has(id) } : {};
      entries.push({ ...(await entry(() => readBackup(bucket, owner, id), id)), ...mark });
    }
    return entries;
  } finally {
    bucket.close();
  }
}

async function entry(read: () => ReturnType<typeof readBackup>, id: string): Promise<BackupEntry> {
  try {
    const { createdAt, files, bytes } = await read();
    return { id, createdAt, files: files.length, bytes };
  } catch (error) {
    const { details } = error as { details?: { kind?: string; reason: string } };
    if (details?.kind !== "damaged") throw error;
    return { id, createdAt: "", files: 0, bytes: 0, problem: details.reason };
  }
}

/** A second bucket that does not answer is no reason to show nothing. */
async function copiedIds(
  { config, owner }: BackupSettings,
  options: OperationOptions,
): Promise<Set<string> | undefined> {
  if (config.backupCopyBucket === undefined) return undefined;
  const bucket = await openStorage(config, { ...options, copy: true });
  try {
    return new Set(await backupIds(bucket, owner));
  } catch (error) {
    const { details } = error as { details?: { reason: string } };
    if (!details) throw error;
    options.onEvent?.({ kind: "note", level: "warning", text: details.reason });
    return undefined;
  } finally {
    bucket.close();
  }
}
