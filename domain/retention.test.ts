import fc from "fast-check";
import { expect, test } from "vitest";
import {
  markerNeeds,
  planRetention,
  type RetentionInput,
  type StoredSnapshot,
  type StoredVolume,
} from "./retention.ts";
import { ownershipTags } from "./tags.ts";

const owner = { project: "fin", stack: "prod" };
const DAY = 86_400_000;
const NOW = Date.parse("2026-06-01T00:00:00Z");
const tags = ownershipTags(owner);
const nodeTags = ownershipTags({ ...owner, node: "gpu-1" });

function volume(changed: Partial<StoredVolume> = {}): StoredVolume {
  const region = { slug: "tor1" };
  return { id: "v1", name: "scratch", region, size_gigabytes: 100, droplet_ids: [], tags, ...changed };
}

function snapshot(id: string, days: number, changed: Partial<StoredSnapshot> = {}): StoredSnapshot {
  const created_at = new Date(NOW - days * DAY).toISOString();
  const kind = { resource_id: "1", resource_type: "droplet" as const, size_gigabytes: 50 };
  return { id, name: `snap-${id}`, ...kind, tags: nodeTags, created_at, ...changed };
}

function input(changed: Partial<RetentionInput> = {}): RetentionInput {
  return {
    owner,
    rules: { detachedVolumeDays: 7, snapshotDays: 30, snapshotsKept: 3 },
    now: NOW,
    volumes: [],
    detachedAt: new Map(),
    snapshots: [],
    declared: new Set(),
    needs: markerNeeds(owner, []),
    volumeName: "fin-data",
    node: "gpu-1",
    ...changed,
  };
}

const acts = (changed: Partial<RetentionInput>) => planRetention(input(changed)).map(({ id, act }) => `${id} ${act}`);
const detachedFor = (days: number) => new Map([["v1", NOW - days * DAY]]);

test("a volume detached for more than a week is archived, and what that saves is not overstated", () => {
  const [item] = planRetention(input({ volumes: [volume()], detachedAt: detachedFor(8) }));
  expect(item).toMatchObject({ act: "archive", why: expect.stringContaining("8.0 days"), monthlySavedUsd: 4 });
});

test.each([
  ["detached for less", { detachedAt: detachedFor(6.9) }, "kept for 7"],
  ["detached since nobody knows when", {}, "not known"],
  ["attached", { volumes: [volume({ droplet_ids: [3] })], detachedAt: detachedFor(90) }, "droplet 3"],
  ["declared", { declared: new Set(["v1"]), detachedAt: detachedFor(90) }, "declares"],
  ["off", { rules: { detachedVolumeDays: "off" as const, snapshotDays: 1, snapshotsKept: 1 } }, "off"],
])("a volume stays: %s", (_, changed, why) => {
  const [item] = planRetention(input({ volumes: [volume()], ...changed }));
  expect(item).toMatchObject({ act: "keep", why: expect.stringContaining(why) });
});

test("a stopped node's volume stays though this machine's state does not know it; an expired node's does not", () => {
  const stopped = "windlass-stopped:fin:prod:gpu-1:op1:snapshot:77:gpu-h100x1-80gb:1770000000";
  const expired = "windlass-expired:fin:prod:gpu-1:op1:snap-9:1770000001";
  const own = { volumes: [volume({ name: "fin-data" })], detachedAt: detachedFor(90) };
  expect(acts({ ...own, needs: markerNeeds(owner, [stopped]) })).toEqual(["v1 keep"]);
  expect(acts({ ...own, needs: markerNeeds(owner, [stopped, expired]) })).toEqual(["v1 archive"]);
});

test("old snapshots go but for the newest three of each node and each volume", () => {
  const old = [40, 41, 42, 43, 44].map((days) => snapshot(`s${days}`, days));
  const other = snapshot("other", 90, { tags: ownershipTags({ ...owner, node: "gpu-2" }) });
  const ofVolume = snapshot("vol", 90, { resource_type: "volume", resource_id: "v9", tags });
  expect(acts({ snapshots: [...old, other, ofVolume] }).filter((line) => line.endsWith("delete"))).toEqual([
    "s43 delete",
    "s44 delete",
  ]);
});

test("whatever a marker names stays however old, also of two markers that a kill has left", () => {
  const markers = ["op1:snapshot:s1:size:1770000000", "op2:snapshot:s2:size:1770000009"];
  const needs = markerNeeds(
    owner,
    markers.map((fields) => `windlass-stopped:fin:prod:gpu-1:${fields}`),
  );
  const rules = { detachedVolumeDays: 7, snapshotDays: 30, snapshotsKept: 1 };
  const kept = snapshot("under-way", 60, { name: "windlass-archive-fin-data-op2" });
  const snapshots = [snapshot("s1", 50), snapshot("s2", 51), kept, snapshot("s3", 52), snapshot("new", 1)];
  expect(acts({ snapshots, needs, rules })).toEqual(["s1 keep", "s2 keep", "under-way keep", "s3 delete", "new keep"]);
});

test("markers of another stack are not ours, and a stack whose name begins like ours is another", () => {
  const needs = markerNeeds(owner, ["windlass-stopped:fin:prod2:gpu-1:op1:snapshot:s1:size:1770000000"]);
  expect(needs.snapshots.size + needs.nodesWithVolume.size).toBe(0);
});

test("for any account: nothing without all three tags is named, and never are fewer than the newest kept", () => {
  const someTags = fc.constantFrom([], ["windlass"], tags, nodeTags, ownershipTags({ project: "fin", stack: "dev" }));
  const one = fc.record({ days: fc.integer({ min: 0, max: 200 }), tags: someTags, kept: fc.boolean() });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), fc.integer({ min: 1, max: 4 }), (list, snapshotsKept) => {
      const snapshots = list.map(({ days, tags: own }, i) => snapshot(`s${i}`, days, { tags: own }));
      const plan = planRetention(
        input({ snapshots, rules: { detachedVolumeDays: 7, snapshotDays: 30, snapshotsKept } }),
      );
      for (const { id } of plan) expect(list[Number(id.slice(1))]?.tags).toEqual(expect.arrayContaining(tags));
      const left = plan.filter(({ act }) => act === "keep").length;
      expect(left).toBeGreaterThanOrEqual(Math.min(snapshotsKept, plan.length));
      for (const { id, act } of plan) if (act === "delete") expect(list[Number(id.slice(1))]?.days).toBeGreaterThan(30);
    }),
  );
});
