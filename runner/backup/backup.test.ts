import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { connect, type SshConnection } from "../../clients/ssh/connection.ts";
import { newKeyPair } from "../../clients/ssh/testing/key.ts";
import { startTestServer, type TestServer } from "../../clients/ssh/testing/server.ts";
import type { UserError } from "../../domain/errors.ts";
import { loadConfig } from "../../stacks/config.ts";
import { type S3Server, startS3Server } from "../../tools/s3-server/server.ts";
import { backupFiles } from "./backup.ts";
import type { BackupStack } from "./context.ts";
import { copyBackups } from "./copies.ts";
import { listBackups } from "./list.ts";
import { pruneBackups } from "./prune.ts";
import { restoreFiles } from "./restore.ts";

vi.setConfig({ testTimeout: 120_000 });

/** Real ssh and two real S3 servers on this machine; the "node's" files lie in a temporary folder. */
const pair = newKeyPair();
let node: TestServer;
let first: S3Server;
let second: S3Server;
let folder: string;
let stack: BackupStack;
let now = Date.parse("2026-11-21T07:00:00Z");

beforeAll(async () => {
  node = await startTestServer(pair.publicKey);
  [first, second] = await Promise.all([startS3Server("backups"), startS3Server("copies")]);
  process.env.SPACES_ACCESS_KEY_ID = first.credentials.accessKeyId;
  process.env.SPACES_SECRET_ACCESS_KEY = first.credentials.secretAccessKey;
}, 300_000);
afterAll(async () => {
  delete process.env.SPACES_ACCESS_KEY_ID;
  delete process.env.SPACES_SECRET_ACCESS_KEY;
  await Promise.all([node?.close(), first?.remove(), second?.remove()]);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "windlass-backup-"));
  mkdirSync(join(folder, "mnt/checkpoints/deep"), { recursive: true });
  stack = stackOf({});
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  node.limitWrites(Number.POSITIVE_INFINITY);
});

function stackOf(changed: Record<string, string>): BackupStack {
  const values = {
    sshAllowedAddresses: "127.0.0.1/32",
    mountPoint: join(folder, "mnt"),
    ...{ backupBucket: "backups", backupEndpoint: first.endpoint, ...changed },
  };
  const ssh = async <T>(work: (connection: SshConnection) => Promise<T>) => {
    const key = { privateKey: pair.privateKey, hostKey: node.hostKey };
    const connection = await connect({ host: "127.0.0.1", port: node.port, ...key });
    return work(connection).finally(() => connection.close());
  };
  const config = loadConfig(values, undefined, { stack: "test", home: folder });
  // A node of its own for each test: the buckets are shared.
  const owner = { project: "p", stack: "s", node: folder.split("-").at(-1) as string };
  const clock = { now: async () => (now += 1000), sleep: async () => {} };
  return { config, ssh, clock, owner, cloud: {} as BackupStack["cloud"] };
}

/** The stack, with other streams on its ssh connections. */
const withStreams = (streams: (ssh: SshConnection) => SshConnection["streams"]) =>
  ({
    ...stack,
    ssh: async (work: (ssh: SshConnection) => Promise<unknown>) =>
      (stack.ssh as any)((ssh: SshConnection) => work({ ...ssh, streams: streams(ssh) })),
  }) as BackupStack;
const withCopies = () => stackOf({ backupCopyBucket: "copies", backupCopyEndpoint: second.endpoint });
const put = (name: string, content: Buffer | string) => writeFileSync(join(folder, "mnt/checkpoints", name), content);
const back = (name: string) => join(folder, "back/checkpoints", name);
const sum = (data: Buffer | string) => createHash("sha256").update(data).digest("hex");
const to = () => ({ to: join(folder, "back") });
const objects = (server: S3Server, bucket: string) =>
  readdirSync(join(server.folder, bucket, "p/s", stack.owner.node, "objects"));
const objectFile = (server: S3Server, bucket: string, content: Buffer | string) =>
  join(server.folder, bucket, "p/s", stack.owner.node, "objects", sum(content));

async function failure(attempt: Promise<unknown>): Promise<UserError> {
  return attempt.then(
    () => {
      throw new Error("did not fail");
    },
    (error) => error as UserError,
  );
}

describe("a backup", () => {
  test("comes back with content, mode and time, names of all kinds", async () => {
    const large = randomBytes(40 * 1024 ** 2);
    put("large.npz", large);
    put("empty", "");
    put('deep/it\'s a "name"\nof two lines.json', "{}");
    chmodSync(join(folder, "mnt/checkpoints/empty"), 0o600);
    utimesSync(join(folder, "mnt/checkpoints/empty"), 1_000_000, 1_000_000.25);
    const made = await backupFiles(stack);
    expect(made).toMatchObject({
      files: 3,
      sentFiles: 3,
      bytes: large.length + 2,
      sentBytes: large.length + 2,
      vanished: [],
    });
    expect(await restoreFiles(stack, to())).toMatchObject({ backup: made.id, files: 3, written: 3, overwritten: [] });
    expect(sum(readFileSync(back("large.npz")))).toBe(sum(large));
    expect(readFileSync(back('deep/it\'s a "name"\nof two lines.json'), "utf8")).toBe("{}");
    expect(statSync(back("empty"))).toMatchObject({ size: 0, mtimeMs: 1_000_000_250 });
    expect(statSync(back("empty")).mode & 0o777).toBe(0o600);
  });

  test("sends what is stored already only once, in one backup and in the next", async () => {
    put("a", "same");
    put("b", "same");
    expect(await backupFiles(stack)).toMatchObject({ files: 2, sentFiles: 1 });
    put("c", "new");
    expect(await backupFiles(stack)).toMatchObject({ files: 3, sentFiles: 1, sentBytes: 3 });
    expect(objects(first, "backups").sort()).toEqual([sum("same"), sum("new")].sort());
    expect((await listBackups(stack)).map(({ files }) => files)).toEqual([3, 2]);
  });

  test("sends an object again that the storage holds cut short", async () => {
    put("a", "twelve bytes");
    await backupFiles(stack);
    truncateSync(objectFile(first, "backups", "twelve bytes"), 5);
    expect(await backupFiles(stack)).toMatchObject({ sentFiles: 1 });
    expect(readFileSync(objectFile(first, "backups", "twelve bytes"), "utf8")).toBe("twelve bytes");
  });

  test("takes a file that changes after it was listed as it is when it is read", async () => {
    put("a", "before");
    const changing = withStreams((ssh) => (use, signal) => {
      put("a", "after!");
      return ssh.streams(use, signal);
    });
    expect(await backupFiles(changing)).toMatchObject({ files: 1, bytes: 6 });
    expect(objects(first, "backups")).toEqual([sum("after!")]);
  });

  test("leaves out a file that went away, and says so", async () => {
    put("a", "stays");
    put("b", "goes");
    const path = join(folder, "mnt/checkpoints/b");
    const going = withStreams((ssh) => (use, signal) => {
      rmSync(path, { force: true });
      return ssh.streams(use, signal);
    });
    expect(await backupFiles(going)).toMatchObject({ files: 1, vanished: [path] });
  });

  test("of a folder that is not there is refused by its name", async () => {
    expect((await failure(backupFiles(stack, { paths: [join(folder, "nowhere")] }))).toJSON()).toMatchObject({
      error: "NotFound",
      details: { reason: expect.stringContaining(join(folder, "nowhere")) },
    });
  });

  test("goes on where a server that died in the middle left it, and does not exist before its manifest", async () => {
    for (let index = 0; index < 12; index++) put(`part-${index}`, randomBytes(3 * 1024 ** 2));
    let reads = 0;
    let killed: Promise<void> | undefined;
    const dying = withStreams(
      (ssh) => (use, signal) =>
        ssh.streams((remote) => {
          const read = (path: string) => {
            // Files go three at a time: the first four are stored by now.
            if (++reads === 7) killed = first.kill();
            return remote.read(path);
          };
          return use({ ...remote, read });
        }, signal),
    );
    const error = await failure(backupFiles(dying));
    await killed;
    await first.start();
    expect(error.toJSON()).toMatchObject({ error: "StorageFailed", details: { kind: "unreachable" } });
    expect(await listBackups(stack)).toEqual([]);
    expect((await failure(restoreFiles(stack, to()))).toJSON().error).toBe("NotFound");
    const again = await backupFiles(stack);
    expect(again.files).toBe(12);
    expect(again.sentFiles).toBeLessThanOrEqual(8);
    expect(await restoreFiles(stack, to())).toMatchObject({ written: 12 });
  });

  test("without a bucket, without a key", async () => {
    const bare = stackOf({});
    delete bare.config.backupBucket;
    expect((await failure(backupFiles(bare))).toJSON()).toMatchObject({ error: "ConfigInvalid" });
    const { SPACES_SECRET_ACCESS_KEY: kept } = process.env;
    delete process.env.SPACES_SECRET_ACCESS_KEY;
    const error = await failure(backupFiles(stack)).finally(() => (process.env.SPACES_SECRET_ACCESS_KEY = kept));
    expect(error.toJSON()).toMatchObject({ error: "PrecheckFailed", details: { check: "storage key" } });
  });
});

describe("a restore", () => {
  test("does not touch what is there with another content, unless told to", async () => {
    put("a", "saved");
    put("b", "also");
    await backupFiles(stack);
    await restoreFiles(stack, to());
    expect(await restoreFiles(stack, to())).toMatchObject({ written: 0 });
    writeFileSync(back("a"), "written since");
    rmSync(back("b"));
    const error = await failure(restoreFiles(stack, to()));
    expect(error.toJSON()).toMatchObject({ error: "PrecheckFailed", details: { files: [back("a")] } });
    expect(error.message).toContain("newer than the backup's");
    expect(existsSync(back("b"))).toBe(false);
    expect(readFileSync(back("a"), "utf8")).toBe("written since");
    expect(await restoreFiles(stack, { ...to(), overwrite: true })).toMatchObject({
      written: 2,
      overwritten: [back("a")],
    });
    expect(readFileSync(back("a"), "utf8")).toBe("saved");
  });

  test("names damaged and missing objects, restores the rest, and the copy has them", async () => {
    stack = withCopies();
    for (const name of ["cut", "other", "gone", "whole"]) put(name, `content of ${name}`);
    expect(await backupFiles(stack)).toMatchObject({ copy: { objects: 4 } });
    truncateSync(objectFile(first, "backups", "content of cut"), 3);
    writeFileSync(objectFile(first, "backups", "content of other"), "CONTENT OF OTHER");
    rmSync(objectFile(first, "backups", "content of gone"));
    const error = await failure(restoreFiles(stack, to()));
    expect(error.exitCode).toBe(4);
    expect(error.toJSON()).toMatchObject({ error: "StorageFailed", details: { kind: "damaged" } });
    expect((error.details.files as string[]).map((path) => path.split("/").at(-1)).sort()).toEqual([
      "cut",
      "gone",
      "other",
    ]);
    expect(readdirSync(join(folder, "back/checkpoints"))).toEqual(["whole"]);
    expect(await restoreFiles(stack, { ...to(), fromCopy: true })).toMatchObject({ files: 4, written: 3 });
    expect(readFileSync(back("other"), "utf8")).toBe("content of other");
  });

  test("fails with the node's disk, leaves no half file, and goes on afterwards", async () => {
    put("a", randomBytes(2 * 1024 ** 2));
    await backupFiles(stack);
    node.limitWrites(1024 ** 2);
    const error = await failure(restoreFiles(stack, to()));
    expect(error.toJSON()).toMatchObject({ error: "TransferFailed" });
    expect(readdirSync(join(folder, "back/checkpoints"))).toEqual([]);
    node.limitWrites(Number.POSITIVE_INFINITY);
    expect(await restoreFiles(stack, to())).toMatchObject({ written: 1 });
  });

  test("needs the volume to be mounted, and a backup that exists and can be read", async () => {
    put("a", "x");
    const { id } = await backupFiles(stack);
    rmSync(join(folder, "mnt/checkpoints/a"));
    expect((await failure(restoreFiles(stack))).toJSON()).toMatchObject({
      error: "PrecheckFailed",
      details: { check: "volume" },
    });
    const missing = await failure(restoreFiles(stack, { ...to(), backup: "20200101T000000Z" }));
    expect(missing.toJSON().error).toBe("NotFound");
    expect(missing.message).toContain(id);
    const manifest = join(first.folder, "backups/p/s", stack.owner.node, id, "manifest.json");
    truncateSync(manifest, 50);
    expect((await failure(restoreFiles(stack, to()))).toJSON()).toMatchObject({ details: { kind: "damaged" } });
    expect(await listBackups(stack)).toEqual([
      expect.objectContaining({ id, problem: expect.stringContaining("damaged") }),
    ]);
  });
});

describe("copies", () => {
  test("hold every backup, those that were made while the second bucket was away too", async () => {
    put("a", "one");
    await backupFiles(stack);
    stack = withCopies();
    put("b", "two");
    await second.kill();
    expect((await failure(backupFiles(stack))).toJSON()).toMatchObject({
      details: { kind: "unreachable", bucket: "copies" },
    });
    await second.start();
    const result = await copyBackups(stack);
    expect(result).toMatchObject({ objects: 2 });
    expect(result.backups).toHaveLength(2);
    expect(await copyBackups(stack)).toMatchObject({ backups: [], objects: 0 });
    expect(objects(second, "copies").sort()).toEqual([sum("one"), sum("two")].sort());
    expect((await listBackups(stack)).map(({ copied }) => copied)).toEqual([true, true]);
  });

  test("do not take over a damaged object, and it keeps no later backup from being copied", async () => {
    put("a", "sound");
    await backupFiles(stack);
    writeFileSync(objectFile(first, "backups", "sound"), "SOUND");
    rmSync(join(folder, "mnt/checkpoints/a"));
    put("b", "later");
    stack = withCopies();
    expect((await failure(backupFiles(stack))).toJSON()).toMatchObject({ details: { kind: "damaged" } });
    expect(await listBackups(stack, { fromCopy: true })).toHaveLength(1);
    expect(objects(second, "copies")).toEqual([sum("later")]);
  });
});

test("prune keeps the newest and every content that they name; it is dry without fix", async () => {
  stack = withCopies();
  for (const content of ["1", "2", "3"]) {
    put("changes", content);
    put("stays", "always");
    await backupFiles(stack);
  }
  const kept = (await listBackups(stack)).slice(0, 2).map(({ id }) => id);
  const dry = await pruneBackups(stack, { keep: 2, graceHours: -1 });
  expect(dry.map(({ backups, deleted }) => [backups.length, deleted])).toEqual([
    [1, false],
    [1, false],
  ]);
  expect(await listBackups(stack)).toHaveLength(3);
  expect(await pruneBackups(stack, { keep: 2, fix: true })).toMatchObject([{ objects: 0 }, { objects: 0 }]);
  expect(await pruneBackups(stack, { keep: 2, fix: true, graceHours: -1 })).toMatchObject([
    { objects: 1 },
    { objects: 1 },
  ]);
  expect((await listBackups(stack)).map(({ id }) => id)).toEqual(kept);
  expect(objects(first, "backups").sort()).toEqual([sum("2"), sum("3"), sum("always")].sort());
  expect(objects(second, "copies").sort()).toEqual([sum("2"), sum("3"), sum("always")].sort());
  for (const backup of kept) await restoreFiles(stack, { to: join(folder, `back-${backup}`), backup });
});
