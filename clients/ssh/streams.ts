import type { SFTPWrapper } from "ssh2";
import type { Transport } from "./channel.ts";
import { cancelled } from "./errors.ts";
import { openSftp } from "./sftp.ts";

/** Files of the node as streams, for what goes to or comes from somewhere else than this machine's disk. */
export interface RemoteStreams {
  /** The file's bytes in order, up to the end that it has by then. */
  read(path: string): AsyncIterable<Buffer>;
  /** Writes the file anew; its folder must be there. */
  write(path: string, chunks: AsyncIterable<Buffer>): Promise<void>;
}

/** Bytes per request, and requests under way at once: 2 MiB in flight, so that distance does not limit the speed. */
const CHUNK = 32 * 1024;
const IN_FLIGHT = 64;

/** Lends the streams, over one file transfer channel, for the time of the work. */
export function streams<T>(
  on: Transport,
  work: (remote: RemoteStreams) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return on.channels(async () => {
    const sftp = await openSftp(on);
    try {
      const remote: RemoteStreams = {
        read: (path) => read(sftp, path, on.dead, signal),
        write: (path, chunks) => Promise.race([write(sftp, path, chunks, signal), on.dead]),
      };
      return await Promise.race([work(remote), on.dead]);
    } finally {
      sftp.end();
    }
  });
}

async function* read(
  sftp: SFTPWrapper,
  path: string,
  dead: Promise<never>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const handle = await Promise.race([request<Buffer>((done) => sftp.open(path, "r", done)), dead]);
  try {
    const { size } = await Promise.race([request<{ size: number }>((done) => sftp.fstat(handle, done)), dead]);
    const ahead: Promise<Buffer>[] = [];
    for (let asked = 0; asked < size || ahead.length > 0; ) {
      if (signal?.aborted) throw cancelled("the transfer");
      while (asked < size && ahead.length < IN_FLIGHT) {
        const block = readBlock(sftp, handle, asked, Math.min(CHUNK, size - asked));
        block.catch(() => undefined);
        ahead.push(block);
        asked += CHUNK;
      }
      yield await Promise.race([ahead.shift() as Promise<Buffer>, dead]);
    }
  } finally {
    sftp.close(handle, () => undefined);
  }
}

async function readBlock(sftp: SFTPWrapper, handle: Buffer, offset: number, length: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length);
  let have = 0;
  while (have < length) {
    const got = await new Promise<number>((resolve, reject) => {
      sftp.read(handle, block, have, length - have, offset + have, (error, bytes) => {
        if (!error) resolve(bytes);
        else if ((error as { code?: unknown }).code === 1) resolve(0);
        else reject(error);
      });
    });
    if (got === 0) break;
    have += got;
  }
  return block.subarray(0, have);
}

async function write(
  sftp: SFTPWrapper,
  path: string,
  chunks: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<void> {
  const handle = await request<Buffer>((done) => sftp.open(path, "w", 0o600, done));
  const underWay = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  let offset = 0;
  const send = (block: Buffer, at: number) => {
    const sent = request<void>((done) => sftp.write(handle, block, 0, block.length, at, done))
      .catch((error) => {
        failure ??= { error };
      })
      .finally(() => underWay.delete(sent));
    underWay.add(sent);
  };
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += CHUNK) {
        if (signal?.aborted) throw cancelled("the transfer");
        if (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
        if (failure) throw failure.error;
        const block = chunk.subarray(start, start + CHUNK);
        send(block, offset);
        offset += block.length;
      }
    }
  } finally {
    await Promise.all(underWay);
    await request<void>((done) => sftp.close(handle, done)).catch((error) => {
      failure ??= { error };
    });
  }
  if (failure) throw failure.error;
}

function request<T>(send: (done: (error?: Error | null, value?: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    send((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}
