import { mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SFTPWrapper } from "ssh2";
import { UserError } from "../../domain/errors.ts";
import type { Transport } from "./channel.ts";
import { cancelled } from "./errors.ts";
import { type ManifestFile, manifestOf, readManifest, sha256OfStart } from "./manifest.ts";
import { Meter, type Progress } from "./progress.ts";
import { RemoteFiles } from "./remote-files.ts";
import { openSftp, pull, push } from "./sftp.ts";

/** How to transfer. */
export interface TransferOptions {
  signal?: AbortSignal;
  /** Told at most four times a second, and once at the end. */
  onProgress?: (progress: Progress) => void;
  /** Folder or file whose digests the manifest may come from; see readManifest. */
  cacheFile?: string;
}

/** What a transfer did. Every file was verified by its SHA-256 on both sides. */
export interface TransferResult {
  files: number;
  bytes: number;
  /** Of those, what really went over the wire this time. */
  sentFiles: number;
  sentBytes: number;
  /** Digest of the whole, as in Manifest. */
  digest: string;
}

/** Ending of files that are under way; a later transfer goes on from them. */
const PART = ".windlass-part";

/** Files in flight at once: small files are bound by round trips, not by bandwidth. */
const FILES_AT_ONCE = 6;

/** Sends a file or a folder. Throws UserError `TransferFailed`, `Cancelled` or `SSHConnectionFailed`; run it again to go on. */
export async function upload(
  on: Transport,
  local: string,
  remote: string,
  options: TransferOptions,
): Promise<TransferResult> {
  const manifest = readManifest(local, options.cacheFile);
  const there = new RemoteFiles(on, remote, options.signal);
  const digests = await there.digests(manifest.files.map((file) => file.path));
  const missing = manifest.files.filter((file) => digests.get(file.path) !== file.sha256);
  const meter = new Meter(manifest.files, missing, options.onProgress);
  if (missing.length > 0) {
    await there.makeFolders(missing.map((file) => file.path));
    const parts = await there.digestsOfParts(missing, PART);
    await withSftp(on, async (sftp) => {
      await each(missing, options.signal, async (file) => {
        const source = join(local, file.path);
        const done = parts.get(file.path);
        const from = done && (await sha256OfStart(source, done.bytes)) === done.sha256 ? done.bytes : 0;
        meter.skip(from);
        await push(
          sftp,
          source,
          `${there.pathOf(file.path)}${PART}`,
          from,
          (bytes) => meter.moved(bytes),
          options.signal,
        );
        meter.finished();
      });
    }).catch(async (error) => {
      throw await there.explain(error);
    });
    await there.commit(missing, PART);
  }
  return result(manifest.digest, meter);
}

/** Fetches a file or a folder; errors as at upload. */
export async function download(
  on: Transport,
  remote: string,
  local: string,
  options: TransferOptions,
): Promise<TransferResult> {
  const there = new RemoteFiles(on, remote, options.signal);
  const files = await there.list();
  const missing = await different(files, local);
  const meter = new Meter(files, missing, options.onProgress);
  await withSftp(on, async (sftp) => {
    await each(missing, options.signal, async (file) => {
      const target = join(local, file.path);
      mkdirSync(dirname(target), { recursive: true });
      const from = Math.min(sizeOf(`${target}${PART}`), file.bytes);
      meter.skip(from);
      await pull(
        sftp,
        there.pathOf(file.path),
        `${target}${PART}`,
        from,
        (bytes) => meter.moved(bytes),
        options.signal,
      );
      await accept(file, target);
      meter.finished();
    });
  });
  return result(manifestOf(files).digest, meter);
}

async function accept(file: ManifestFile, target: string): Promise<void> {
  if ((await sha256OfStart(`${target}${PART}`)) !== file.sha256)
    throw new UserError("TransferFailed", {
      reason: `${target}: what came differs from what was sent`,
      suggestion: `the file may have changed on the way: remove ${target}${PART} and fetch it again`,
      file: target,
    });
  renameSync(`${target}${PART}`, target);
}

async function different(files: ManifestFile[], local: string): Promise<ManifestFile[]> {
  const missing: ManifestFile[] = [];
  for (const file of files) {
    const target = join(local, file.path);
    if (sizeOf(target) !== file.bytes || (await sha256OfStart(target)) !== file.sha256) missing.push(file);
  }
  return missing;
}

function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : 0;
}

async function withSftp(on: Transport, work: (sftp: SFTPWrapper) => Promise<void>): Promise<void> {
  await on.channels(async () => {
    const sftp = await openSftp(on);
    try {
      await Promise.race([work(sftp), on.dead]);
    } finally {
      sftp.end();
    }
  });
}

async function each(
  files: ManifestFile[],
  signal: AbortSignal | undefined,
  work: (file: ManifestFile) => Promise<void>,
): Promise<void> {
  const queue = [...files];
  let failed = false;
  const worker = async () => {
    for (let file = queue.shift(); file && !failed; file = queue.shift()) {
      if (signal?.aborted) throw cancelled("the transfer");
      await work(file).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: FILES_AT_ONCE }, worker));
  const broken = ends.find((end) => end.status === "rejected");
  if (broken) throw broken.reason;
}

function result(digest: string, meter: Meter): TransferResult {
  meter.end();
  const { files, totalBytes, sentFiles, sentBytes } = meter;
  return { files, bytes: totalBytes, sentFiles, sentBytes, digest };
}
