import { truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DrillResult } from "../../runner/backup/index.ts";
import { openBackupStack, runDueBackups } from "../../runner/backup/index.ts";
import { openCloud } from "../../runner/cloud.ts";
import { localCloudControl, nodeExec, resolveTarget, up } from "../../runner/index.ts";
import { type S3Server, startS3Server } from "../../tools/s3-server/server.ts";
import { counts, ONE_OF_EACH, type TestStack, testStack } from "../stack.ts";
import { until } from "./backend-fixture.ts";
import { freeRange } from "./docker-fixture.ts";

/** A real node with a real volume, and two real S3 servers that stand for two regions. */
let stack: TestStack;
let first: S3Server;
let second: S3Server;
let saved: string;

const MOUNT = "/mnt/finance-smollm3";

beforeAll(async () => {
  [first, second] = await Promise.all([startS3Server("backups"), startS3Server("copies")]);
  process.env.SPACES_ACCESS_KEY_ID = first.credentials.accessKeyId;
  process.env.SPACES_SECRET_ACCESS_KEY = first.credentials.secretAccessKey;
  stack = await testStack({
    backend: "docker",
    actionScale: 0,
    config: {
      ...{ bootstrap: true, vpcIpRange: await freeRange(), volumeSizeGiB: 1, createTimeoutMinutes: 5 },
      ...{ backupBucket: "backups", backupEndpoint: first.endpoint },
      ...{ backupCopyBucket: "copies", backupCopyEndpoint: second.endpoint },
    },
  });
  await up(stack.options);
  await run(
    `mkdir -p ${MOUNT}/checkpoints/deep && cd ${MOUNT}/checkpoints && for i in $(seq 20); do head -c ${2 * 1024 ** 2} /dev/urandom >checkpoint-$i.npz; done && head -c ${50 * 1024 ** 2} /dev/urandom >deep/optimizer.bin && echo '{"step": 20}' >newest.json`,
  );
  saved = await sums();
});
afterAll(async () => {
  delete process.env.SPACES_ACCESS_KEY_ID;
  delete process.env.SPACES_SECRET_ACCESS_KEY;
  await stack?.remove();
  await Promise.all([first?.remove(), second?.remove()]);
});

const run = async (command: string) => {
  const result = await nodeExec({ ...stack.options, command, timeoutSeconds: 250 });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout.trim();
};

const sums = () => run(`cd ${MOUNT}/checkpoints && find . -type f -print0 | sort -z | xargs -0 sha256sum`);

/** The real command line; what it prints must be one JSON document, and no secret. */
const windlass = async (...words: string[]) => {
  const { code, stdout, stderr } = await stack.cli([...words, "--cwd", stack.root, "--stack", "test", "--json"]).done;
  expect(stdout + stderr).not.toContain(first.credentials.secretAccessKey);
  return { code, result: JSON.parse(stdout), stderr };
};

describe("before anything is lost", () => {
  it("files are backed up and copied to the second region; what is there already is not sent again", async () => {
    const { code, result } = await windlass("backup");
    expect(code).toBe(0);
    expect(result).toMatchObject({ files: 22, sentFiles: 22, copy: { objects: 22, bucket: "copies" } });
    process.stderr.write(`backup of ${result.bytes} bytes with its copy: ${result.seconds.toFixed(1)} s\n`);
    expect((await windlass("backup")).result).toMatchObject({
      files: 22,
      sentFiles: 0,
      sentBytes: 0,
      copy: { objects: 0 },
    });
    const { result: listed } = await windlass("backup", "list");
    expect(listed.backups.map(({ copied }: { copied: boolean }) => copied)).toEqual([true, true]);
  });

  it("the volume's snapshot becomes a new volume, in its region only", async () => {
    const { code, result } = await windlass("backup", "--volume");
    expect(result).toMatchObject({ snapshot: { region: "tor1", volume: "finance-smollm3-data" } });
    expect(code).toBe(0);
    const name = "finance-smollm3-again";
    const made = await windlass("restore", "--volume", result.snapshot.name, "--name", name, "--yes");
    expect(made.result).toMatchObject({
      name,
      region: "tor1",
      sizeGiB: 1,
      use: expect.stringContaining(`volumeName=${name}`),
    });
    const cloud = await openCloud(resolveTarget(stack.options));
    expect(await cloud.volume(made.result.id)).toMatchObject({ name, tags: expect.arrayContaining(["windlass"]) });
    const twice = await windlass("restore", "--volume", result.snapshot.name, "--name", name, "--yes");
    expect(twice.result).toMatchObject({ error: "PrecheckFailed", details: { check: "volume" } });
    await cloud.deleteVolume(made.result.id);
    stack.configure({ gpuRegion: "nyc2" });
    const elsewhere = await windlass("restore", "--volume", result.snapshot.name, "--yes");
    stack.configure({ gpuRegion: "tor1" });
    expect(elsewhere.result).toMatchObject({
      error: "PrecheckFailed",
      details: { check: "region", regions: ["tor1"] },
    });
    const unknown = await windlass("restore", "--volume", "nothing", "--yes");
    expect(unknown.result).toMatchObject({ error: "NotFound" });
  });

  it("the schedule does what is due, once", async () => {
    stack.configure({ backupEveryHours: 6, volumeSnapshotEveryHours: 24 });
    await localCloudControl({ home: stack.home }, "PUT", "clock", { mode: "driven" });
    const due = async () => runDueBackups(await openBackupStack(stack.options));
    expect(await due()).toEqual({ copies: [], failures: [] });
    await localCloudControl({ home: stack.home }, "POST", "clock/advance", { seconds: 7 * 3600 });
    expect(await due()).toMatchObject({ files: { files: 22, sentFiles: 0 }, failures: [] });
    expect(await due()).toEqual({ copies: [], failures: [] });
    await localCloudControl({ home: stack.home }, "POST", "clock/advance", { seconds: 24 * 3600 });
    const both = await due();
    expect(both).toMatchObject({ files: { files: 22 }, volume: { volume: "finance-smollm3-data" }, failures: [] });
    await localCloudControl({ home: stack.home }, "PUT", "clock", { mode: "real" });
    stack.configure({ backupEveryHours: "off", volumeSnapshotEveryHours: "off" });
  });

  it("a drill rebuilds the node from the copy alone, and leaves nothing", async () => {
    const before = await counts(stack);
    const { code, result } = (await windlass("backup", "drill", "--from-copy", "--yes")) as {
      code: number;
      result: DrillResult;
    };
    expect(result).toMatchObject({ ok: true, files: 22, different: [], leftovers: [], from: { bucket: "copies" } });
    expect(code).toBe(0);
    process.stderr.write(`drill: ${JSON.stringify({ bytes: result.bytes, ...result.seconds })}\n`);
    expect(await counts(stack)).toEqual(before);
    expect(await sums()).toBe(saved);
  });

  it("a drill on a dry run makes nothing", async () => {
    const before = await counts(stack);
    const { code, result } = await windlass("backup", "drill", "--dry-run");
    expect(result).toEqual({ dryRun: true });
    expect(code).toBe(0);
    expect(await counts(stack)).toEqual(before);
  });

  it("a drill with a damaged backup says which file it is, and removes what it made all the same", async () => {
    const before = await counts(stack);
    const digest = /^(\w+) {2}\.\/newest\.json$/m.exec(saved)?.[1] as string;
    const object = join(first.folder, "backups/finance-smollm3/test/finance-smollm3-gpu-train-001/objects", digest);
    truncateSync(object, 1);
    const { code, result } = await windlass("backup", "drill", "--yes");
    expect(result).toMatchObject({
      error: "StorageFailed",
      details: { kind: "damaged", files: [`${MOUNT}/checkpoints/newest.json`] },
    });
    expect(code).toBe(4);
    expect(await counts(stack)).toEqual(before);
  });
});

describe("after the node, its volume and the first region's storage are lost", () => {
  beforeAll(async () => {
    await first.remove();
    const cloud = await openCloud(resolveTarget(stack.options));
    for (const { id } of await cloud.droplets()) await cloud.deleteDroplet(id);
    await until(async () => ((await cloud.droplets()).length === 0 ? true : undefined));
    for (const { id } of await cloud.volumes()) await until(() => cloud.deleteVolume(id).then(() => true));
    expect(await counts(stack)).toMatchObject({ droplets: 0, volumes: 0 });
  });

  it("up makes a new node and an empty volume", async () => {
    const started = performance.now();
    const result = await up(stack.options);
    process.stderr.write(`up after the loss: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    expect(result.nodes).toHaveLength(1);
    expect(await counts(stack)).toEqual(ONE_OF_EACH);
    expect(await run(`find ${MOUNT}/checkpoints -type f`)).toBe("");
  });

  it("the lost storage is named", async () => {
    const { code, result } = await windlass("restore");
    expect(code).toBe(1);
    expect(result).toMatchObject({ error: "StorageFailed", details: { kind: "unreachable", bucket: "backups" } });
  });

  it("a volume without the room is refused before anything is written", async () => {
    await run(`fallocate -l $(( $(df --output=avail -B1 ${MOUNT} | tail -n 1) - 20000000 )) ${MOUNT}/ballast`);
    const { result } = await windlass("restore", "--from-copy");
    expect(result).toMatchObject({
      error: "TransferFailed",
      details: { reason: expect.stringContaining(`no space on ${MOUNT}`) },
    });
    expect(await run(`find ${MOUNT}/checkpoints -type f`)).toBe("");
    await run(`rm ${MOUNT}/ballast`);
  });

  it("every file comes back from the copy with its checksum", async () => {
    const started = performance.now();
    const { code, result } = await windlass("restore", "--from-copy");
    process.stderr.write(`restore from the copy: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    expect(code).toBe(0);
    expect(result).toMatchObject({ files: 22, written: 22, overwritten: [] });
    expect(await sums()).toBe(saved);
  });
});
