/** A thin client of S3-compatible storage (DigitalOcean Spaces, AWS, any other): the few calls that backups need. The SDK is loaded on use. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import type { StoredKey } from "../../domain/backup.ts";
import { type Breakers, POLICIES, call as resilient } from "../resilience/index.ts";
import { type BucketAddress, classify, isMissing, judge, storageFailed } from "./errors.ts";
import { ExpectedEtag, saysContent } from "./etag.ts";

export type { BucketAddress, StorageFailure } from "./errors.ts";

/** Whose key is used; never printed. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface BucketOptions extends BucketAddress {
  credentials: Credentials;
  /** @default what the endpoint's name says, else "us-east-1", which Spaces takes everywhere */
  region?: string;
  /** Milliseconds before each further try. @default 1, 2 and 4 s, and a little at random */
  retryDelaysMs?: readonly number[];
  signal?: AbortSignal;
  /** @default those of this process */
  breakers?: Breakers;
}

export type Bucket = Awaited<ReturnType<typeof openBucket>>;

/** Bytes of a part: 10,000 of them make 156 GiB, larger objects get larger parts. */
const LEAST_PART = 16 * 1024 ** 2;
const MOST_PARTS = 9_000;

/** Parts of one object under way at once; they lie in memory. */
const PARTS_AT_ONCE = 3;

/** Opens a bucket; nothing is sent yet. All calls throw UserError `StorageFailed` {kind, endpoint, bucket}. */
export async function openBucket(options: BucketOptions) {
  const sdk = await import("@aws-sdk/client-s3");
  const client = newClient(sdk.S3Client, options);
  const { bucket: Bucket, signal } = options;
  const send = signal ? { abortSignal: signal } : {};
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    return work().catch((error) => {
      signal?.throwIfAborted();
      throw classify(options, error);
    });
  };
  const head = (Key: string) =>
    call(async () => {
      try {
        const { ContentLength = 0, ETag = "" } = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }), send);
        return { bytes: ContentLength, etag: ETag.replaceAll('"', "") };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });

  async function* read(Key: string): AsyncGenerator<Buffer> {
    const body = await call(async () => (await client.send(new sdk.GetObjectCommand({ Bucket, Key }), send)).Body);
    try {
      for await (const chunk of body as Readable) yield chunk as Buffer;
    } catch (error) {
      signal?.throwIfAborted();
      throw classify(options, error);
    }
  }

  async function* list(Prefix: string): AsyncGenerator<StoredKey> {
    let next: string | undefined;
    do {
      const command = new sdk.ListObjectsV2Command({ Bucket, Prefix, ...(next ? { ContinuationToken: next } : {}) });
      const page = await call(() => client.send(command, send));
      for (const { Key = "", Size = 0, LastModified } of page.Contents ?? [])
        yield { key: Key, bytes: Size, changedAt: LastModified?.getTime() ?? 0 };
      next = page.NextContinuationToken;
    } while (next);
  }

  return {
    address: { endpoint: options.endpoint, bucket: Bucket } satisfies BucketAddress,
    /** Throws unless the bucket is there and the key may list it: a list, because the answer to HEAD does not say what is wrong. */
    check: () => call(async () => void (await client.send(new sdk.ListObjectsV2Command({ Bucket, MaxKeys: 1 }), send))),
    /** Size and ETag; undefined where there is no such object. */
    head,
    read,
    list,
    /** A small object as text; undefined where there is none. */
    text: async (Key: string): Promise<string | undefined> => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of read(Key)) chunks.push(chunk);
        return Buffer.concat(chunks).toString("utf8");
      } catch (error) {
        if ((error as { details?: { kind?: string } }).details?.kind === "missing") return undefined;
        throw error;
      }
    },
    putText: (Key: string, Body: string) =>
      call(async () => {
        const ContentType = "application/json";
        await client.send(new sdk.PutObjectCommand({ Bucket, Key, Body, ContentType }), send);
      }),
    delete: (keys: readonly string[]) =>
      call(async () => {
        for (const Key of keys) await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }), send);
      }),
    /**
     * Streams an object in, in parts where it is large, and asks the storage afterwards what it holds: size and MD5s must be what was sent.
     * An upload that fails or whose chunks throw leaves no object. A storage whose ETags say nothing is read back in full.
     */
    write: (Key: string, chunks: AsyncIterable<Buffer>, expected: { bytes: number }) =>
      call(async () => {
        const { Upload } = await import("@aws-sdk/lib-storage");
        const partSize = Math.max(LEAST_PART, Math.ceil(expected.bytes / MOST_PARTS));
        const etag = new ExpectedEtag(partSize);
        const sha256 = createHash("sha256");
        const body = Readable.from(observed(chunks, etag, sha256), { objectMode: false });
        const upload = new Upload({ client, params: { Bucket, Key, Body: body }, partSize, queueSize: PARTS_AT_ONCE });
        const stop = () => void upload.abort().catch(() => undefined);
        signal?.addEventListener("abort", stop, { once: true });
        try {
          await upload.done();
        } finally {
          signal?.removeEventListener("abort", stop);
        }
        const there = await head(Key);
        const reason = await differs(there, etag, sha256.digest("hex"), expected.bytes, () => read(Key));
        if (!reason) return;
        await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }), send);
        throw storageFailed(options, "failed", `${Key} did not arrive as it was sent (${reason})`);
      }),
    /** Ends multipart uploads that were left half done before that time: they are billed, and no list shows them. */
    abortUploads: (Prefix: string, before: number) =>
      call(async () => {
        const { Uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix }), send);
        const old = Uploads.filter(({ Initiated }) => (Initiated?.getTime() ?? 0) < before);
        for (const { Key, UploadId } of old)
          await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), send).catch((error) => {
            // Whoever sent it has ended it meanwhile.
            if (!isMissing(error)) throw error;
          });
        return old.length;
      }),
    close: () => client.destroy(),
  };
}

function newClient(Client: typeof S3Client, options: BucketOptions): S3Client {
  const { endpoint, region, credentials, retryDelaysMs, signal, breakers } = options;
  const client = new Client({
    endpoint,
    region: region ?? regionOf(endpoint),
    credentials,
    // Storages other than AWS may know neither virtual hosts nor the checksums in trailers.
    forcePathStyle: !/(^|\.)(digitaloceanspaces|amazonaws)\.com$/.test(new URL(endpoint).hostname),
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // A part of an object may take long as long as something moves: the time-out is one of silence.
    requestHandler: { connectionTimeout: 10_000, socketTimeout: POLICIES.s3.timeoutMs },
    maxAttempts: 1,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const settings = { destination: new URL(endpoint).host, judge, retryDelaysMs, signal, breakers };
  client.middlewareStack.add((next) => (args) => resilient("s3", settings, () => next(args)), {
    step: "initialize",
    priority: "high",
    name: "resilience",
  });
  return client;
}

/** `s3.eu-west-1.amazonaws.com` names its region. */
function regionOf(endpoint: string): string {
  return /^s3[.-]([a-z]+-[a-z]+-\d)\.amazonaws\.com$/.exec(new URL(endpoint).hostname)?.[1] ?? "us-east-1";
}

async function* observed(
  chunks: AsyncIterable<Buffer>,
  etag: ExpectedEtag,
  sha256: { update(chunk: Buffer): unknown },
) {
  for await (const chunk of chunks) {
    etag.update(chunk);
    sha256.update(chunk);
    yield chunk;
  }
}

async function differs(
  there: { bytes: number; etag: string } | undefined,
  etag: ExpectedEtag,
  sha256: string,
  bytes: number,
  read: () => AsyncIterable<Buffer>,
): Promise<string | undefined> {
  if (!there) return "it is not there";
  if (there.bytes !== bytes) return `${there.bytes} bytes in place of ${bytes}`;
  if (saysContent(there.etag)) return etag.values().includes(there.etag) ? undefined : "its checksum is another";
  const hash = createHash("sha256");
  for await (const chunk of read()) hash.update(chunk);
  return hash.digest("hex") === sha256 ? undefined : "its checksum is another";
}
