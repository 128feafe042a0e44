import type { Bucket, Credentials } from "../../clients/s3/index.ts";
import {
  type BackupManifest,
  manifestId,
  manifestKey,
  nodePrefix,
  objectDigest,
  objectKey,
  parseManifest,
} from "../../domain/backup.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import type { StackConfig } from "../../stacks/config.ts";

/** The bucket of the backups, or of their copies. Throws `ConfigInvalid` where none is configured and `PrecheckFailed` without a key. */
export async function openStorage(
  config: StackConfig,
  options: { copy?: boolean; signal?: AbortSignal } = {},
): Promise<Bucket> {
  const { copy = false, signal } = options;
  const bucket = copy ? config.backupCopyBucket : config.backupBucket;
  const endpoint = copy ? config.backupCopyEndpoint : config.backupEndpoint;
  if (bucket === undefined || endpoint === undefined) {
    const [one, other] = copy ? ["backupCopyBucket", "backupCopyEndpoint"] : ["backupBucket", "backupEndpoint"];
    throw new UserError("ConfigInvalid", {
      reason: copy ? "no bucket for copies of the backups is configured" : "no bucket for backups is configured",
      suggestion: `windlass config set ${one}=NAME ${other}=https://REGION.digitaloceanspaces.com`,
    });
  }
  const { openBucket } = await import("../../clients/s3/index.ts");
  return openBucket({ bucket, endpoint, credentials: storageKey(copy), ...(signal ? { signal } : {}) });
}

/** The key pairs that are looked for in the environment, those of the copies first where it is about them. */
const KEYS: readonly [string, string][] = [
  ["SPACES_COPY_ACCESS_KEY_ID", "SPACES_COPY_SECRET_ACCESS_KEY"],
  ["SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY"],
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
];

function storageKey(copy: boolean): Credentials {
  for (const [id, secret] of copy ? KEYS : KEYS.slice(1)) {
    const accessKeyId = process.env[id];
    const secretAccessKey = process.env[secret];
    if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  }
  throw new UserError("PrecheckFailed", {
    check: "storage key",
    reason: "no key for the storage of the backups was found",
    suggestion:
      "export SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
  });
}

/** Names of the node's backups, oldest first: those with a manifest. */
export async function backupIds(bucket: Bucket, owner: NodeOwner): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key } of bucket.list(nodePrefix(owner))) {
    const id = manifestId(owner, key);
    if (id) ids.push(id);
  }
  return ids.sort();
}

/** A backup's manifest; the newest one's without a name. Throws `NotFound` and `StorageFailed`. */
export async function readBackup(bucket: Bucket, owner: NodeOwner, id?: string): Promise<BackupManifest> {
  const wanted = id ?? (await backupIds(bucket, owner)).at(-1);
  const text = wanted === undefined ? undefined : await bucket.text(manifestKey(owner, wanted));
  const where = `s3://${bucket.address.bucket}/${nodePrefix(owner)}`;
  if (wanted !== undefined && text !== undefined) return parseManifest(text, `${where}${wanted}`);
  const has = (await backupIds(bucket, owner)).slice(-5).reverse().join(", ");
  throw new UserError("NotFound", {
    reason:
      wanted === undefined
        ? `there is no backup in ${where}`
        : `there is no backup ${wanted} in ${where}: it has no manifest`,
    suggestion: has ? `the newest are ${has}` : "run: windlass backup",
  });
}

/** Sizes of the contents that are stored, by digest. */
export async function storedContents(bucket: Bucket, owner: NodeOwner): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { key, bytes } of bucket.list(objectKey(owner, ""))) {
    const digest = objectDigest(owner, key);
    if (digest) found.set(digest, bytes);
  }
  return found;
}

/** Each content once. */
export function distinct<T extends { sha256: string }>(files: readonly T[]): T[] {
  return [...new Map(files.map((file) => [file.sha256, file])).values()];
}
