import type { Bucket } from "../../clients/s3/index.ts";
import type { SshConnection } from "../../clients/ssh/connection.ts";
import { Meter, progressLine } from "../../clients/ssh/progress.ts";
import type { RemoteStreams } from "../../clients/ssh/streams.ts";
import { type BackupFile, type BackupManifest, backupId, manifestKey, objectKey } from "../../domain/backup.ts";
import { UserError } from "../../domain/errors.ts";
import type { OperationOptions } from "../progress.ts";
import { OtherContent, verified } from "./content.ts";
import type { BackupStack } from "./context.ts";
import { type CopyResult, copyBackups } from "./copies.ts";
import { existingFiles, nodeFiles } from "./node-files.ts";
import { parallel } from "./parallel.ts";
import { distinct, openStorage, storedContents } from "./storage.ts";

export interface BackupOptions extends OperationOptions {
  /** Folders or files of the node. @default `checkpoints` on the volume */
  paths?: readonly string[];
}

/** What a backup did. Every content was verified on the way and in the storage. */
export interface BackupResult {
  id: string;
  bucket: string;
  endpoint: string;
  files: number;
  bytes: number;
  /** Of those, what was not stored yet. */
  sentFiles: number;
  sentBytes: number;
  /** Files that went away while the backup ran. */
  vanished: string[];
  seconds: number;
  /** Present where a bucket for copies is configured. */
  copy?: CopyResult;
}

/** Files under way at once. */
const FILES_AT_ONCE = 3;

/** How often a file that changes while it is read is begun again. */
const ATTEMPTS = 3;

/**
 * Streams files of the node to the bucket; contents that are stored already are not sent again, so that a run after a stop or a kill goes on.
 * The manifest comes last. Throws `StorageFailed`, `NotFound`, `TransferFailed`, `SSHConnectionFailed`, `ConfigInvalid`, `PrecheckFailed`.
 */
export async function backupFiles(stack: BackupStack, options: BackupOptions = {}): Promise<BackupResult> {
  const started = performance.now();
  const { owner, config } = stack;
  const bucket = await openStorage(config, options);
  try {
    await bucket.check();
    const id = backupId(await stack.clock.now());
    const sent = await withNode(stack, (ssh) => send(ssh, bucket, stack, options));
    const files = sent.files;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const createdAt = new Date(await stack.clock.now()).toISOString();
    const manifest = { version: 1 as const, id, ...owner, createdAt, mountPoint: config.mountPoint, files, bytes };
    await conclude(bucket, stack, manifest);
    const result = { id, ...bucket.address, files: files.length, bytes, ...sent.amount, vanished: sent.vanished };
    const copy = config.backupCopyBucket === undefined ? undefined : await copyBackups(stack, options);
    return { ...result, ...(copy ? { copy } : {}), seconds: (performance.now() - started) / 1000 };
  } finally {
    bucket.close();
  }
}

/** Throws `UsageError` where the node is not set up for ssh. */
export function withNode<T>(stack: BackupStack, work: (ssh: SshConnection) => Promise<T>): Promise<T> {
  if (stack.ssh) return stack.ssh(work);
  throw new UserError("UsageError", {
    reason: `node ${stack.owner.node} is not set up for ssh (windlass:bootstrap is false), so its files cannot be reached`,
    suggestion: "take a snapshot of the volume instead: windlass backup --volume",
  });
}

async function send(ssh: SshConnection, bucket: Bucket, { owner, config }: BackupStack, options: BackupOptions) {
  const { signal, onEvent } = options;
  onEvent?.({ kind: "phase", text: "reading the checksums of the node's files" });
  const found = await nodeFiles(ssh, options.paths ?? [`${config.mountPoint}/checkpoints`], signal);
  const stored = await storedContents(bucket, owner);
  const isStored = ({ sha256, bytes }: BackupFile) => stored.get(sha256) === bytes;
  const missing = distinct(found.filter((file) => !isStored(file)));
  const meter = new Meter(distinct(found), missing, (progress) => {
    onEvent?.({ kind: "phase", text: `backing up: ${progressLine(progress)}` });
  });
  const changed = new Map<string, BackupFile | undefined>();
  await ssh.streams(async (remote) => {
    await parallel(missing, FILES_AT_ONCE, async (file) => {
      const now = await sendFile(
        { ssh, remote, bucket, key: (sha256) => objectKey(owner, sha256), signal },
        file,
        meter,
      );
      if (now !== file) changed.set(file.path, now);
      if (now) meter.finished();
    });
  }, signal);
  meter.end();
  const files = found.flatMap((file) => (changed.has(file.path) ? (changed.get(file.path) ?? []) : file));
  const vanished = [...changed].flatMap(([path, now]) => (now ? [] : path));
  return { files, vanished, amount: { sentFiles: meter.sentFiles, sentBytes: meter.sentBytes } };
}

interface Route {
  ssh: SshConnection;
  remote: RemoteStreams;
  bucket: Bucket;
  key: (sha256: string) => string;
  signal: AbortSignal | undefined;
}

/** Answers with the file as it was sent, which may have changed since it was listed; undefined where it went away. */
async function sendFile(route: Route, listed: BackupFile, meter: Meter): Promise<BackupFile | undefined> {
  let file = listed;
  for (let attempt = 1; ; attempt++) {
    try {
      const content = verified(route.remote.read(file.path), file, (bytes) => meter.moved(bytes));
      await route.bucket.write(route.key(file.sha256), content, file);
      return file;
    } catch (error) {
      const [now] = error instanceof UserError ? [file] : await existingFiles(route.ssh, [file.path], route.signal);
      if (!now) return undefined;
      if (!(error instanceof OtherContent)) throw error;
      if (attempt === ATTEMPTS) throw keepsChanging(file.path, error);
      file = now;
    }
  }
}

function keepsChanging(path: string, cause: unknown): UserError {
  const reason = `${path} changes while it is read`;
  const suggestion =
    "back it up while nobody writes it, or write checkpoints under another name and rename them when they are whole";
  return new UserError("TransferFailed", { reason, suggestion, file: path }, { cause });
}

/** Looks once more that every content is there (something else may have deleted them), then writes the manifest and reads it back. */
async function conclude(bucket: Bucket, { owner }: BackupStack, manifest: BackupManifest): Promise<void> {
  const stored = await storedContents(bucket, owner);
  const gone = manifest.files.filter(({ sha256, bytes }) => stored.get(sha256) !== bytes);
  if (gone.length > 0) {
    throw new UserError("StorageFailed", {
      kind: "failed",
      reason: `${gone.length} objects of the backup went away while it was made, that of ${gone[0]?.path} among them`,
      suggestion: "run it again: they are sent again",
    });
  }
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  const key = manifestKey(owner, manifest.id);
  await bucket.putText(key, text);
  if ((await bucket.text(key)) === text) return;
  throw new UserError("StorageFailed", {
    kind: "failed",
    reason: `${key} did not arrive as it was sent`,
    suggestion: "run it again",
  });
}
