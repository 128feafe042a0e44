import { posix } from "node:path";
import type { Bucket } from "../../clients/s3/index.ts";
import type { SshConnection } from "../../clients/ssh/connection.ts";
import { Meter, progressLine } from "../../clients/ssh/progress.ts";
import type { RemoteStreams } from "../../clients/ssh/streams.ts";
import { type BackupFile, type BackupManifest, objectKey, restoredPath } from "../../domain/backup.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import { quote } from "../../domain/shell.ts";
import { formatBytes } from "../../domain/units.ts";
import type { OperationOptions } from "../progress.ts";
import { withNode } from "./backup.ts";
import { OtherContent, verified } from "./content.ts";
import type { BackupStack } from "./context.ts";
import { damagedObject } from "./copies.ts";
import { existingFiles, run } from "./node-files.ts";
import { parallel } from "./parallel.ts";
import { openStorage, readBackup } from "./storage.ts";

export interface RestoreOptions extends OperationOptions {
  /** Name of the backup. @default the newest */
  backup?: string;
  /** Folder of the node that receives the files. @default where they were, below the mount point that the node has now */
  to?: string;
  /** From the second bucket. */
  fromCopy?: boolean;
  /** Whether files that are there with another content may be replaced. */
  overwrite?: boolean;
  /** Whose backup. @default the node's own */
  source?: NodeOwner;
  dryRun?: boolean;
}

/** What a restore did. Every file was verified on the node. */
export interface RestoreResult {
  backup: string;
  files: number;
  bytes: number;
  /** Of those, what was not there yet. */
  written: number;
  writtenBytes: number;
  /** Files with another content that were replaced. */
  overwritten: string[];
}

/** A file and where it goes. */
interface Restored extends BackupFile {
  target: string;
}

/** Files under way at once. */
const FILES_AT_ONCE = 3;

/** Ending of a file that is under way. */
const PART = ".windlass-restore";

/**
 * Brings the files of a backup to the node. Files that are there with the same content stay as they are, so that a run after a stop goes on;
 * before anything is written, files with another content are refused (unless `overwrite`), and so is a disk without the room. Objects that are
 * damaged do not keep the others from being restored: they are named at the end (exit code 4). Throws `StorageFailed`, `NotFound`,
 * `PrecheckFailed`, `TransferFailed`, `SSHConnectionFailed`.
 */
export async function restoreFiles(stack: BackupStack, options: RestoreOptions = {}): Promise<RestoreResult> {
  const { fromCopy = false, source = stack.owner } = options;
  const bucket = await openStorage(stack.config, { ...options, copy: fromCopy });
  try {
    await bucket.check();
    const manifest = await readBackup(bucket, source, options.backup);
    return await withNode(stack, (ssh) => bring({ ssh, bucket, manifest, source, stack }, options));
  } finally {
    bucket.close();
  }
}

interface Job {
  ssh: SshConnection;
  bucket: Bucket;
  manifest: BackupManifest;
  source: NodeOwner;
  stack: BackupStack;
}

async function bring(job: Job, options: RestoreOptions): Promise<RestoreResult> {
  const { ssh, manifest } = job;
  const { onEvent, signal } = options;
  const { mountPoint } = job.stack.config;
  const where = { mountPoint, ...(options.to === undefined ? {} : { to: options.to }) };
  const files = manifest.files.map((file) => ({ ...file, target: restoredPath(file.path, manifest, where) }));
  onEvent?.({ kind: "phase", text: "comparing with what is on the node" });
  const there = new Map(
    (
      await existingFiles(
        ssh,
        files.map(({ target }) => target),
        signal,
      )
    ).map((file) => [file.path, file]),
  );
  const missing = files.filter((file) => there.get(file.target)?.sha256 !== file.sha256);
  const others = missing.filter(({ target }) => there.has(target));
  if (!options.overwrite) refuseOthers(others, there);
  const size = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  const result = {
    backup: manifest.id,
    files: files.length,
    bytes: manifest.bytes,
    overwritten: others.map(({ target }) => target),
  };
  if (missing.length > 0) await refuseNoRoom(ssh, options.to ?? mountPoint, size, options.to === undefined);
  if (options.dryRun || missing.length === 0) return { ...result, written: missing.length, writtenBytes: size };
  const meter = new Meter(files, missing, (progress) => {
    onEvent?.({ kind: "phase", text: `restoring ${manifest.id}: ${progressLine(progress)}` });
  });
  const damaged = await writeAll(job, missing, meter, options);
  await run(ssh, "sync", [], signal);
  if (damaged.length > 0) throw partly(damaged, files.length);
  return { ...result, written: meter.sentFiles, writtenBytes: meter.sentBytes };
}

/** Answers with what is damaged in the storage. */
async function writeAll(job: Job, missing: Restored[], meter: Meter, { signal }: RestoreOptions): Promise<UserError[]> {
  const { ssh, bucket, source } = job;
  const folders = [...new Set(missing.map(({ target }) => posix.dirname(target)))];
  await run(ssh, "xargs -0 -r mkdir -p --", folders, signal);
  const damaged: UserError[] = [];
  await ssh.streams(async (remote) => {
    await parallel(missing, FILES_AT_ONCE, async (file) => {
      try {
        const content = verified(bucket.read(objectKey(source, file.sha256)), file, (bytes) => meter.moved(bytes));
        await writeFile(ssh, remote, file, content, signal);
        meter.finished();
      } catch (error) {
        await run(ssh, "xargs -0 rm -f --", [`${file.target}${PART}`]).catch(() => undefined);
        if (error instanceof OtherContent) damaged.push(damagedObject(bucket, file.path, error));
        else if (isMissingObject(error)) damaged.push(damagedObject(bucket, file.path, new Error("it is not there")));
        else throw await explained(ssh, file.target, error);
      }
    });
  }, signal);
  meter.end();
  return damaged;
}

/** Under another name first: a file is there whole and verified, or not at all. */
async function writeFile(
  ssh: SshConnection,
  remote: RemoteStreams,
  file: Restored,
  content: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<void> {
  const part = `${file.target}${PART}`;
  await remote.write(part, content);
  const [name, final] = [quote(part), quote(file.target)];
  const finish = `chmod ${file.mode} ${name} && touch -d @${file.modifiedAt} ${name} && mv -fT ${name} ${final}`;
  const sum = `test "$(sha256sum <${name} | cut -c1-64)" = ${file.sha256}`;
  await run(ssh, `${sum} || { echo 'it arrived with another checksum' >&2; exit 1; }; ${finish}`, [], signal);
}

function refuseOthers(others: readonly Restored[], there: ReadonlyMap<string, BackupFile>): void {
  if (others.length === 0) return;
  const words = others.map((file) => {
    const newer = (there.get(file.target)?.modifiedAt ?? 0) > file.modifiedAt;
    return `${file.target} (${newer ? "newer" : "older"} than the backup's)`;
  });
  const more = words.length > 5 ? ` and ${words.length - 5} more` : "";
  throw new UserError("PrecheckFailed", {
    check: "files",
    reason: `${words.length} files are on the node with another content: ${words.slice(0, 5).join(", ")}${more}`,
    suggestion: "restore beside them with --to PATH, or replace them with --overwrite; nothing was written",
    files: others.map(({ target }) => target),
  });
}

/** Room on the disk that is written to; where that is the volume, it must be mounted, or the root disk would be filled. */
async function refuseNoRoom(ssh: SshConnection, path: string, bytes: number, isVolume: boolean): Promise<void> {
  const climb = `path=${quote(path)}; while [ ! -e "$path" ]; do path=$(dirname "$path"); done`;
  const answer = await run(ssh, `${climb}; df --output=avail,target -B1 -- "$path" | tail -n 1`, []);
  const [free = 0, mount = ""] = answer.trim().split(/\s+/);
  if (isVolume && mount !== path) {
    throw new UserError("PrecheckFailed", {
      check: "volume",
      reason: `no volume is mounted at ${path} of the node`,
      suggestion: "run windlass up, which mounts it, or restore somewhere else with --to PATH",
    });
  }
  if (Number(free) >= bytes) return;
  throw noRoom(mount, `${formatBytes(bytes)} are to be written and ${formatBytes(Number(free))} are free`);
}

function noRoom(mount: string, why: string): UserError {
  return new UserError("TransferFailed", {
    reason: `no space on ${mount} of the node: ${why}`,
    suggestion:
      "make room there, or raise windlass:volumeSizeGiB and run windlass up; then run it again: it goes on from there",
  });
}

/** The file transfer protocol only says "Failure" where a disk is full. */
async function explained(ssh: SshConnection, target: string, error: unknown): Promise<unknown> {
  if (error instanceof UserError && error.code !== "CommandFailed") return error;
  const folder = quote(posix.dirname(target));
  const answer = await run(ssh, `df --output=avail,target -B1 -- ${folder} | tail -n 1`, []).catch(() => "");
  const [free, mount] = answer.trim().split(/\s+/);
  if (free !== undefined && mount !== undefined && Number(free) < 65_536) return noRoom(mount, "it became full");
  if (error instanceof UserError) return error;
  const details = { file: target, reason: `${target} cannot be written (${(error as Error).message})` };
  return new UserError(
    "TransferFailed",
    { ...details, suggestion: "run it again: files that are there are not sent again" },
    { cause: error },
  );
}

function isMissingObject(error: unknown): boolean {
  return error instanceof UserError && error.code === "StorageFailed" && error.details.kind === "missing";
}

function partly(damaged: readonly UserError[], files: number): UserError {
  const [first] = damaged;
  return new UserError(
    "StorageFailed",
    {
      ...first?.details,
      kind: "damaged",
      reason: `${damaged.length} of ${files} files could not be restored: ${damaged.map(({ details }) => details.reason).join("; ")}`,
      suggestion:
        "restore these from the copy (windlass restore --from-copy), or from another backup; the other files are there",
      files: damaged.map(({ details }) => details.file),
    },
    { exitCode: 4, cause: first },
  );
}
