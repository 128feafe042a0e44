import { afterAll, beforeAll, expect, it } from "vitest";
import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import { ownershipTags } from "../../domain/tags.ts";
import { expireNode, openNodeStack, preview, resumeNode, stopNode, sweep, up } from "../../runner/index.ts";
import { errorOf, type TestStack, testStack } from "../stack.ts";

let stack: TestStack;
let cloud: DigitalOcean;
beforeAll(async () => {
  stack = await testStack({ config: { snapshotDays: 30, snapshotsKept: 1 } });
  await up(stack.options);
  cloud = (await openNodeStack(stack.options)).cloud;
});
afterAll(() => stack?.remove());

const TAGS = ownershipTags({ project: "finance-smollm3", stack: "test" });

async function command(...args: string[]) {
  const { code, stdout, stderr } = await stack.cli([...args, "--stack", "test", "--cloud", "local", "--json"]).done;
  return { code, stderr, json: stdout === "" ? undefined : JSON.parse(stdout) };
}

/** The next plain preview has nothing to do. */
async function expectConverged(): Promise<void> {
  const { changes } = await preview(stack.options);
  expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
}

it("a running node does not expire", async () => {
  const error = await errorOf(expireNode(await openNodeStack(stack.options)));
  expect(error.toJSON()).toMatchObject({ error: "PrecheckFailed", details: { suggestion: expect.any(String) } });
});

it("a stopped node expires: its volume is in a snapshot and gone, nothing is an orphan, and a resume brings it back", async () => {
  await stopNode(await openNodeStack(stack.options), { strategy: "snapshot" });
  const [before] = await cloud.volumes();
  const expired = await expireNode(await openNodeStack(stack.options));
  expect(expired).toMatchObject({ outcome: "expired", volume: { id: before?.id } });
  expect(await cloud.volumes()).toEqual([]);
  expect(await cloud.snapshot(expired.archive)).toMatchObject({ resource_id: before?.id, resource_type: "volume" });
  await expectConverged();
  expect(await expireNode(await openNodeStack(stack.options))).toMatchObject({ outcome: "already" });
  const report = await sweep(await openNodeStack(stack.options));
  expect(report.orphans).toEqual([]);
  expect(report.items.find(({ id }) => id === expired.archive)).toMatchObject({ standing: "marker" });
  await resumeNode(await openNodeStack(stack.options));
  const [after] = await cloud.volumes();
  expect(after).toMatchObject({ name: before?.name, droplet_ids: [expect.any(Number)] });
  await expectConverged();
});

it("sweep shows a volume that nobody declares, and deletes it after an archive of it", async () => {
  const orphan = await cloud.createVolume({ name: "left-over", region: "tor1", size_gigabytes: 10, tags: TAGS });
  const other = await cloud.createVolume({
    ...{ name: "of-dev", region: "tor1", size_gigabytes: 10 },
    tags: ownershipTags({ project: "finance-smollm3", stack: "dev" }),
  });
  const shown = await command("sweep");
  expect(shown.json.orphans).toMatchObject([{ kind: "volume", id: orphan.id, dailyUsd: expect.closeTo(24 / 730, 6) }]);
  expect(shown.json.items).toContainEqual(expect.objectContaining({ id: other.id, standing: "other-stack" }));
  expect(await cloud.volume(orphan.id)).toMatchObject({ name: "left-over" });
  const refused = await command("sweep", "--fix");
  expect(refused).toMatchObject({ code: 2, json: { details: { suggestion: expect.stringContaining("--yes") } } });
  const fixed = await command("sweep", "--fix", "--yes");
  expect(fixed.json.deleted).toMatchObject([{ kind: "volume", id: orphan.id, archive: expect.any(String) }]);
  expect((await cloud.volumes()).map(({ name }) => name).sort()).toEqual(["finance-smollm3-data", "of-dev"]);
  expect((await cloud.snapshot(fixed.json.deleted[0].archive)).resource_id).toBe(orphan.id);
});

it("gc keeps what is young or of an unknown age, and says so", async () => {
  const kept = await cloud.createVolume({ name: "never-attached", region: "tor1", size_gigabytes: 10, tags: TAGS });
  const { code, json } = await command("gc", "--fix", "--yes");
  expect({ code, items: json.items }).toEqual({ code: 0, items: [] });
  const why = expect.stringContaining("not known");
  expect(json.kept).toContainEqual(expect.objectContaining({ id: kept.id, why }));
});
