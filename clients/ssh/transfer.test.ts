import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect, type SshConnection } from "./connection.ts";
import { readManifest } from "./manifest.ts";
import { type Progress, progressLine } from "./progress.ts";
import { newKeyPair } from "./testing/key.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";

vi.setConfig({ testTimeout: 60_000 });
const pair = newKeyPair();
let server: TestServer;
let ssh: SshConnection;
let root: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "windlass-transfer-"));
  server = await startTestServer(pair.publicKey);
  ssh = await open();
});
afterEach(async () => {
  await ssh.close();
  await server.close();
});

function open(): Promise<SshConnection> {
  return connect({ host: "127.0.0.1", port: server.port, privateKey: pair.privateKey, hostKey: server.hostKey });
}

function tree(name: string, files: Record<string, string | Buffer>): string {
  const folder = join(root, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const big = Buffer.alloc(3_000_000, "the quick brown fox ");

test("a tree arrives whole, awkward names and empty files too, and is not sent twice", async () => {
  const source = tree("source", { "a.bin": big, "deep/er/b.txt": "b", "with space/q'uote\n\"s": "c", empty: "" });
  const target = join(root, "target");
  const reports: Progress[] = [];
  const first = await ssh.put(source, target, { onProgress: (progress) => reports.push(progress) });
  expect(readManifest(target).digest).toBe(readManifest(source).digest);
  expect(first).toEqual({
    files: 4,
    bytes: 3_000_002,
    sentFiles: 4,
    sentBytes: 3_000_002,
    digest: readManifest(source).digest,
  });
  expect(reports.at(-1)).toMatchObject({ files: 4, totalFiles: 4, bytes: 3_000_002, totalBytes: 3_000_002 });
  expect(await ssh.put(source, target)).toMatchObject({ sentFiles: 0, sentBytes: 0 });
});

test("only what changed is sent again", async () => {
  const source = tree("source", { "a.txt": "a", "b.txt": "b" });
  const target = join(root, "target");
  await ssh.put(source, target);
  writeFileSync(join(source, "b.txt"), "B");
  expect(await ssh.put(source, target)).toMatchObject({ sentFiles: 1, sentBytes: 1 });
  expect(readFileSync(join(target, "b.txt"), "utf8")).toBe("B");
});

test("damage on the node is found by checksum and mended", async () => {
  const source = tree("source", { "a.txt": "right" });
  const target = join(root, "target");
  await ssh.put(source, target);
  writeFileSync(join(target, "a.txt"), "wrong");
  expect((await ssh.put(source, target)).sentFiles).toBe(1);
  expect(readFileSync(join(target, "a.txt"), "utf8")).toBe("right");
});

test("a transfer cut in the middle goes on from there", async () => {
  const source = tree("source", { "a.bin": big });
  const target = join(root, "target");
  let first = true;
  const cut = ssh.put(source, target, {
    onProgress: (progress) => {
      if (first && progress.bytes > 0) server.cut();
      first = false;
    },
  });
  await expect(cut).rejects.toMatchObject({ code: "SSHConnectionFailed" });
  expect(existsSync(join(target, "a.bin"))).toBe(false);
  ssh = await open();
  const again = await ssh.put(source, target);
  expect(readFileSync(join(target, "a.bin"))).toEqual(big);
  expect(again.sentBytes).toBeLessThanOrEqual(3_000_000);
});

test("a rest with a right beginning is continued, one with a wrong beginning is not", async () => {
  const source = tree("source", { "good.bin": big, "bad.bin": big });
  const target = tree("target", {
    "good.bin.windlass-part": big.subarray(0, 1_000_000),
    "bad.bin.windlass-part": Buffer.alloc(1_000_000, "x"),
  });
  expect((await ssh.put(source, target)).sentBytes).toBe(5_000_000);
  expect(readFileSync(join(target, "good.bin"))).toEqual(big);
  expect(readFileSync(join(target, "bad.bin"))).toEqual(big);
});

test("a write that the node refuses is a TransferFailed that says where", async () => {
  const source = tree("source", { "a.bin": big });
  server.limitWrites(100_000);
  await expect(ssh.put(source, join(root, "target"))).rejects.toMatchObject({
    code: "TransferFailed",
    details: { path: join(root, "target"), host: "127.0.0.1" },
  });
});

test("a tree comes back the same, and only once", async () => {
  const source = tree("source", { "a.bin": big, "deep/b.txt": "b" });
  const target = join(root, "target");
  expect(await ssh.get(source, target)).toMatchObject({
    files: 2,
    sentBytes: 3_000_001,
    digest: readManifest(source).digest,
  });
  expect(readManifest(target).digest).toBe(readManifest(source).digest);
  expect(await ssh.get(source, target)).toMatchObject({ sentFiles: 0 });
});

test("a single file goes and comes", async () => {
  const source = tree("source", { "a.txt": "one" });
  await ssh.put(join(source, "a.txt"), join(root, "there", "renamed.txt"));
  expect(readFileSync(join(root, "there", "renamed.txt"), "utf8")).toBe("one");
  await ssh.get(join(root, "there", "renamed.txt"), join(root, "back.txt"));
  expect(readFileSync(join(root, "back.txt"), "utf8")).toBe("one");
});

test("what is not there is said, on either side", async () => {
  await expect(ssh.put(join(root, "nothing"), join(root, "target"))).rejects.toThrow(/nothing cannot be read/);
  await expect(ssh.get(join(root, "nothing"), join(root, "target"))).rejects.toThrow(
    /no such file or folder on the node/,
  );
});

test("a manifest's digest follows contents and names, not times, and the cache does not hide a change", () => {
  const source = tree("source", { "a.txt": "a" });
  const cache = join(root, "cache.json");
  const before = readManifest(source, cache).digest;
  expect(readManifest(source, cache).digest).toBe(before);
  expect(readManifest(tree("other", { "a.txt": "a" })).digest).toBe(before);
  appendFileSync(join(source, "a.txt"), "b");
  expect(readManifest(source, cache).digest).not.toBe(before);
});

test("a progress line reads well", () => {
  const progress = { files: 12, totalFiles: 20, bytes: 8 * 2 ** 20, totalBytes: 20 * 2 ** 20, bytesPerSecond: 2 ** 20 };
  expect(progressLine(progress)).toBe("12/20 files, 8.0 MiB of 20.0 MiB (40 %), 1.0 MiB/s, 12 s left");
});
