import { type FileHandle, open } from "node:fs/promises";
import type { SFTPWrapper } from "ssh2";
import type { Channel } from "./channel.ts";
import { cancelled, connectionFailed } from "./errors.ts";

/** Bytes per request: what every sftp server takes. */
const CHUNK = 32 * 1024;

/** Requests under way at once, so that distance does not limit the speed: 2 MiB in flight. */
const IN_FLIGHT = 64;

/** Opens the file transfer subsystem of the connection. */
export function openSftp(on: Channel): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    on.client.sftp((error, sftp) => {
      if (error)
        reject(connectionFailed(on.to, "lost", `the machine opened no file transfer (${error.message})`, error));
      else resolve(sftp);
    });
  });
}

/** Writes a local file from that offset on to the remote one, which must end there. */
export async function push(
  sftp: SFTPWrapper,
  local: string,
  remote: string,
  from: number,
  moved: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = await open(local, "r");
  try {
    const handle = await request<Buffer>((done) => sftp.open(remote, from > 0 ? "r+" : "w", 0o644, done));
    const { size } = await source.stat();
    await blocks(from, size, signal, async (offset, length) => {
      const block = await readBlock(source, offset, length);
      await request<void>((done) => sftp.write(handle, block, 0, block.length, offset, done));
      moved(block.length);
    });
    await request<void>((done) => sftp.close(handle, done));
  } finally {
    await source.close();
  }
}

/** Reads a remote file from that offset on into the local one. */
export async function pull(
  sftp: SFTPWrapper,
  remote: string,
  local: string,
  from: number,
  moved: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = await open(local, from > 0 ? "r+" : "w");
  try {
    const handle = await request<Buffer>((done) => sftp.open(remote, "r", done));
    const { size } = await request<{ size: number }>((done) => sftp.fstat(handle, done));
    await blocks(from, size, signal, async (offset, length) => {
      const block = Buffer.allocUnsafe(length);
      const bytes = await readWhole(sftp, handle, block, offset);
      await target.write(block, 0, bytes, offset);
      moved(bytes);
    });
    await request<void>((done) => sftp.close(handle, done));
  } finally {
    await target.close();
  }
}

async function readWhole(sftp: SFTPWrapper, handle: Buffer, block: Buffer, offset: number): Promise<number> {
  let have = 0;
  while (have < block.length) {
    const got = await new Promise<number>((resolve, reject) => {
      sftp.read(handle, block, have, block.length - have, offset + have, (error, bytes) =>
        error ? reject(error) : resolve(bytes),
      );
    });
    if (got === 0) break;
    have += got;
  }
  return have;
}

async function readBlock(source: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await source.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** Walks a range in blocks, many under way at once. */
async function blocks(
  from: number,
  to: number,
  signal: AbortSignal | undefined,
  work: (offset: number, length: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const lane = async () => {
    while (next < to) {
      if (signal?.aborted) throw cancelled("the transfer");
      const offset = next;
      next += CHUNK;
      await work(offset, Math.min(CHUNK, to - offset));
    }
  };
  const lanes = Math.min(IN_FLIGHT, Math.ceil((to - from) / CHUNK));
  await Promise.all(Array.from({ length: lanes }, lane));
}

function request<T>(send: (done: (error?: Error | null, value?: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    send((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}
