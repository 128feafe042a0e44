import { createHash, randomBytes } from "node:crypto";
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { UserError } from "../../domain/errors.ts";
import { type S3Server, startS3Server } from "../../tools/s3-server/server.ts";
import { Breakers } from "../resilience/index.ts";
import { judge } from "./errors.ts";
import { ExpectedEtag } from "./etag.ts";
import { type Bucket, openBucket } from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });
let server: S3Server;
let bucket: Bucket;
beforeAll(async () => {
  server = await startS3Server("backups");
  bucket = await open();
}, 300_000);
afterAll(() => server?.remove(), 60_000);

const open = (more: Record<string, unknown> = {}) =>
  openBucket({
    endpoint: server.endpoint,
    bucket: "backups",
    credentials: server.credentials,
    retryDelaysMs: [1],
    ...more,
  });

const MIB = 1024 ** 2;

async function* chunksOf(data: Buffer, size = 100_000): AsyncGenerator<Buffer> {
  for (let start = 0; start < data.length; start += size) yield data.subarray(start, start + size);
}

async function fetched(key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bucket.read(key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function failure(attempt: Promise<unknown>): Promise<UserError> {
  return attempt.then(
    () => {
      throw new Error("did not fail");
    },
    (error) => error as UserError,
  );
}

test.each([0, 1, 5 * MIB, 16 * MIB, 16 * MIB + 1, 40 * MIB])("%i bytes come back as they were sent", async (bytes) => {
  const data = randomBytes(bytes);
  await bucket.write(`sizes/${bytes}`, chunksOf(data), { bytes });
  const sum = (buffer: Buffer) => createHash("sha256").update(buffer).digest("hex");
  expect(sum(readFileSync(join(server.folder, "backups", `sizes/${bytes}`)))).toBe(sum(data));
  expect(sum(await fetched(`sizes/${bytes}`))).toBe(sum(data));
});

test("an object is listed with its size, beyond one page, and is gone when it was deleted", async () => {
  const keys = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(4, "0")}`);
  await Promise.all(
    Array.from({ length: 8 }, async (_, lane) => {
      for (let index = lane; index < keys.length; index += 8) await bucket.putText(keys[index] as string, "x");
    }),
  );
  const found: string[] = [];
  for await (const { key, bytes } of bucket.list("many/")) if (bytes === 1) found.push(key);
  expect(found.sort()).toEqual(keys);
  await bucket.delete(keys.slice(0, 1));
  expect(await bucket.head("many/0000")).toBeUndefined();
  expect(await bucket.text("many/0000")).toBeUndefined();
  expect(await bucket.text("many/0001")).toBe("x");
});

test("a source that fails leaves no object, large or small", async () => {
  async function* broken(bytes: number) {
    yield* chunksOf(randomBytes(bytes));
    throw new Error("the node is gone");
  }
  for (const bytes of [10, 40 * MIB]) {
    expect((await failure(bucket.write("broken", broken(bytes), { bytes }))).message).toBe("the node is gone");
    expect(await bucket.head("broken")).toBeUndefined();
  }
});

test("a size other than the expected one is found out, and nothing stays", async () => {
  const error = await failure(bucket.write("short", chunksOf(Buffer.alloc(10)), { bytes: 11 }));
  expect(error.toJSON()).toMatchObject({ error: "StorageFailed", details: { kind: "failed" } });
  expect(error.message).toContain("10 bytes in place of 11");
  expect(await bucket.head("short")).toBeUndefined();
});

test("ETags of one part and of several are what the storage says", async () => {
  for (const bytes of [3, 16 * MIB, 33 * MIB]) {
    const data = randomBytes(bytes);
    await bucket.write("etag", chunksOf(data), { bytes });
    const etag = new ExpectedEtag(16 * MIB);
    etag.update(data);
    expect(etag.values()).toContain((await bucket.head("etag"))?.etag);
    const other = new ExpectedEtag(16 * MIB);
    other.update(Buffer.concat([data.subarray(1), Buffer.from([7])]));
    expect(other.values()).not.toContain((await bucket.head("etag"))?.etag);
  }
});

test("an object that the storage has cut is seen by its size", async () => {
  await bucket.write("cut", chunksOf(Buffer.alloc(1000)), { bytes: 1000 });
  truncateSync(join(server.folder, "backups", "cut"), 10);
  expect((await bucket.head("cut"))?.bytes).toBe(10);
});

test("a bucket that is not there, a wrong key, a server that is down: each is named", async () => {
  const kinds = async (more: Record<string, unknown>) => {
    const other = await open(more);
    const error = await failure(other.check());
    expect(error.toJSON().error).toBe("StorageFailed");
    expect(JSON.stringify(error)).not.toContain(server.credentials.secretAccessKey);
    const write = await failure(other.write("x", chunksOf(Buffer.alloc(1)), { bytes: 1 }));
    expect(write.details.kind).toBe(error.details.kind);
    return error.details.kind;
  };
  expect(await kinds({ bucket: "nowhere" })).toBe("no-bucket");
  expect(await kinds({ credentials: { ...server.credentials, secretAccessKey: "wrong-wrong-wrong" } })).toBe(
    "wrong-key",
  );
  expect(await kinds({ credentials: { accessKeyId: "NOBODY", secretAccessKey: "x" } })).toBe("wrong-key");
  await server.kill();
  expect(await kinds({})).toBe("unreachable");
  await server.start();
});

test("stops where it is told to, and leaves nothing", async () => {
  const stop = new AbortController();
  const stopped = await open({ signal: stop.signal });
  async function* endless() {
    for (let sent = 0; ; sent++) {
      if (sent === 40) stop.abort(new Error("enough"));
      yield Buffer.alloc(MIB);
    }
  }
  expect((await failure(stopped.write("stopped", endless(), { bytes: 100 * MIB }))).message).toBe("enough");
  expect(await bucket.head("stopped")).toBeUndefined();
  await expect.poll(() => bucket.abortUploads("stopped", Date.now() + 1000)).toBe(0);
});

test("a storage that comes back in time is no failure; one that is down for good is left alone", async () => {
  const patient = await open({
    retryDelaysMs: [100, 200, 400, 800, 1600, 3200, 6400, 12_800],
    breakers: new Breakers(),
  });
  await bucket.putText("kept", "text");
  await server.kill();
  const reading = patient.text("kept");
  await server.start();
  expect(await reading).toBe("text");

  const breakers = new Breakers();
  const hasty = await open({ retryDelaysMs: [], breakers });
  await server.kill();
  for (let count = 0; count < 5; count++)
    expect((await failure(hasty.check())).details.reason).toContain("ECONNREFUSED");
  await server.start();
  const error = await failure(hasty.check());
  expect(error.details.kind).toBe("unreachable");
  expect(error.details.reason).toMatch(/failed too often and is not asked again for \d+ s/);
  expect(breakers.reset("s3")).toBe(1);
  await hasty.check();
});

test.each([
  [{ code: "ECONNREFUSED" }, true, true],
  [{ name: "TimeoutError" }, true, true],
  [{ errors: [{ code: "ECONNREFUSED" }] }, true, true],
  [{ name: "InternalError", $metadata: { httpStatusCode: 500 } }, true, true],
  [{ name: "SlowDown", $metadata: { httpStatusCode: 503 } }, true, false],
  [{ name: "TooManyRequests", $metadata: { httpStatusCode: 429 } }, true, false],
  [{ name: "RequestTimeTooSkewed", $metadata: { httpStatusCode: 403 } }, true, false],
  [{ name: "AccessDenied", $metadata: { httpStatusCode: 403 } }, false, false],
  [{ name: "NoSuchKey", $metadata: { httpStatusCode: 404 } }, false, false],
  [{ name: "QuotaExceeded", $metadata: { httpStatusCode: 507 } }, false, false],
  [{ name: "NotImplemented", $metadata: { httpStatusCode: 501 } }, false, false],
  [{ name: "AbortError" }, false, false],
])("%j: tried again %s, the storage is down %s", (error, retry, down) => {
  expect(judge(error)).toMatchObject({ retry, failure: down });
});
