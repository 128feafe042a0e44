import { afterAll, beforeAll, expect, test } from "vitest";
import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import { nodeTag, ownershipTags } from "../../domain/tags.ts";
import {
  copyRootSnapshots,
  openBackupStack,
  restoreVolume,
  runDueBackups,
  snapshotVolume,
} from "../../runner/backup/index.ts";
import { openCloud } from "../../runner/cloud.ts";
import { down, preview, resolveTarget, up } from "../../runner/index.ts";
import { counts, errorOf, ONE_OF_EACH, type TestStack, testStack } from "../stack.ts";

let stack: TestStack;
let cloud: DigitalOcean;

beforeAll(async () => {
  stack = await testStack({ actionScale: 0 });
  cloud = await openCloud(resolveTarget(stack.options));
  await up(stack.options);
});
afterAll(() => stack?.remove());

const open = () => openBackupStack(stack.options);

test("a snapshot carries our tags; one that the cloud refuses is told in words", async () => {
  const made = await snapshotVolume(await open());
  expect(await cloud.snapshot(made.id)).toMatchObject({ name: made.name, regions: ["tor1"], resource_type: "volume" });
  const tags = (await cloud.snapshot(made.id)).tags ?? [];
  expect(tags).toEqual(
    expect.arrayContaining(["windlass", "windlass-backup", nodeTag("finance-smollm3-gpu-train-001")]),
  );
  await stack.fault({ method: "POST", path: "/snapshots$", kind: "status", status: 409, times: 20 });
  const error = await errorOf(snapshotVolume(await open()));
  await stack.clearFaults();
  expect(error.toJSON()).toMatchObject({ error: "CommandFailed", details: { reason: expect.stringContaining("409") } });
});

test("an answer that is lost on the way makes no second snapshot and no second volume", async () => {
  const count = async () => [(await cloud.snapshots("volume")).length, (await cloud.volumes()).length];
  const [snapshots = 0, volumes = 0] = await count();
  await stack.fault({ method: "POST", path: "/v2/volumes/.*/snapshots$", kind: "drop-after-commit" });
  const { name, id } = await snapshotVolume(await open());
  expect((await cloud.snapshots("volume")).find((snapshot) => snapshot.name === name)?.id).toBe(id);
  await stack.fault({ method: "POST", path: "/v2/volumes$", kind: "drop-after-commit" });
  const volume = await restoreVolume(await open(), { snapshot: id });
  await stack.clearFaults();
  expect(await count()).toEqual([snapshots + 1, volumes + 1]);
  await cloud.deleteVolume(volume.id as string);
});

test("a volume from a snapshot takes the stack's data over by windlass:volumeName", async () => {
  const { name: snapshot } = await snapshotVolume(await open());
  const made = await restoreVolume(await open(), { snapshot });
  expect(made.name).toMatch(/^finance-smollm3-data-\d{8}t\d{6}z$/);
  stack.configure({ volumeName: made.name });
  await up(stack.options);
  const [droplet] = await cloud.droplets();
  expect(droplet?.volume_ids).toEqual([made.id]);
  expect((await preview(stack.options)).changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
});

test("a lost node and a lost volume come back from a snapshot under the old name", async () => {
  const { name: snapshot } = await snapshotVolume(await open());
  for (const { id } of await cloud.droplets()) await cloud.deleteDroplet(id);
  for (const { id } of await cloud.volumes()) await cloud.deleteVolume(id);
  const made = await restoreVolume(await open(), { snapshot, name: "finance-smollm3-data" });
  stack.configure({ volumeName: "finance-smollm3-data" });
  await up(stack.options);
  expect((await cloud.droplets())[0]?.volume_ids).toEqual([made.id]);
  expect(await counts(stack)).toEqual(ONE_OF_EACH);
});

test("the node's newest root-disk snapshot is copied to the regions that lack it, once", async () => {
  const [droplet] = await cloud.droplets();
  const take = async (name: string) => {
    await cloud.dropletAction(droplet?.id as number, { type: "snapshot", name });
    const found = (await cloud.snapshots("droplet")).find((snapshot) => snapshot.name === name);
    const tags = ownershipTags({ project: "finance-smollm3", stack: "test", node: "finance-smollm3-gpu-train-001" });
    for (const tag of tags) await cloud.tagResource(tag, { resource_id: found?.id as string, resource_type: "image" });
    return found?.id as string;
  };
  const id = await take("windlass-stop-1");
  expect(await copyRootSnapshots(await open())).toEqual([]);
  stack.configure({ snapshotCopyRegions: ["nyc2"] });
  expect(await copyRootSnapshots(await open())).toEqual([{ snapshot: id, name: "windlass-stop-1", region: "nyc2" }]);
  expect((await cloud.snapshot(id)).regions.sort()).toEqual(["nyc2", "tor1"]);
  expect((await runDueBackups(await open())).copies).toEqual([]);
  stack.configure({ snapshotCopyRegions: ["nyc2", "ams3"] });
  expect((await runDueBackups(await open())).copies.map(({ region }) => region)).toEqual(["ams3"]);
});

test("no volume: NotFound, and a failure of the schedule that keeps nothing else from being done", async () => {
  await down({ ...stack.options, removeVolumes: ["finance-smollm3-data"] });
  expect((await errorOf(snapshotVolume(await open()))).toJSON()).toMatchObject({ error: "NotFound" });
  for (const { id } of await cloud.snapshots("volume")) await cloud.deleteSnapshot(id);
  stack.configure({ volumeSnapshotEveryHours: 1 });
  const { failures, copies } = await runDueBackups(await open());
  expect(failures.map(({ what, error }) => [what, error.code])).toEqual([["volume", "NotFound"]]);
  expect(copies).toEqual([]);
});
