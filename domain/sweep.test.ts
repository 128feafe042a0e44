import { expect, test } from "vitest";
import { markerNeeds } from "./retention.ts";
import { planSweep, type SweepInput } from "./sweep.ts";
import { ownershipTags } from "./tags.ts";

const owner = { project: "fin", stack: "prod" };
const tags = ownershipTags(owner);
const droplet = { id: 7, name: "gpu-1", size_slug: "gpu-h100x1-80gb", tags };
const volume = { id: "v1", name: "fin-data", region: { slug: "tor1" }, size_gigabytes: 730, droplet_ids: null, tags };

function input(changed: Partial<SweepInput> = {}): SweepInput {
  return {
    ...{ owner, droplets: [], volumes: [], snapshots: [], addresses: [], declared: new Set(), pending: 0 },
    needs: markerNeeds(owner, []),
    ...{ node: "gpu-1", volumeName: "fin-data", prices: new Map([["gpu-h100x1-80gb", 3.39]]) },
    ...changed,
  };
}

function snapshot(id: string, name: string, own: string[] = []) {
  const kind = { resource_id: "7", resource_type: "droplet" as const, size_gigabytes: 10 };
  return { id, name, ...kind, tags: own, created_at: "2026-05-01T00:00:00Z" };
}

const standings = (changed: Partial<SweepInput>) =>
  planSweep(input(changed)).map(({ id, standing }) => `${id} ${standing}`);

test("a droplet that no state knows is an orphan, with its price per day; an unknown size has no price", () => {
  const items = planSweep(input({ droplets: [droplet, { ...droplet, id: 8, size_slug: "new-one" }] }));
  expect(items[0]).toMatchObject({ standing: "orphan", hourlyUsd: 3.39, dailyUsd: 3.39 * 24 });
  expect(items[1]).toMatchObject({ standing: "orphan", hourlyUsd: null, dailyUsd: null });
});

test("what is declared is none, and after a kill nothing is called an orphan before the recovery", () => {
  expect(standings({ droplets: [droplet], declared: new Set(["7"]) })).toEqual(["7 declared"]);
  expect(standings({ droplets: [droplet], volumes: [volume], pending: 1 })).toEqual(["7 unclear", "v1 unclear"]);
});

test("other stacks of the project are named as such, other projects and strangers are not named", () => {
  const dev = { ...droplet, id: 9, tags: ownershipTags({ project: "fin", stack: "dev" }) };
  const foreign = { ...droplet, id: 10, tags: ownershipTags({ project: "other", stack: "prod" }) };
  expect(standings({ droplets: [dev, foreign, { ...droplet, id: 11, tags: [] }] })).toEqual(["9 other-stack"]);
});

test("a stopped node's volume is the marker's, an expired node's is an orphan", () => {
  const stopped = "windlass-stopped:fin:prod:gpu-1:op1:snapshot:77:size:1770000000";
  const expired = "windlass-expired:fin:prod:gpu-1:op1:a1:1770000001";
  expect(standings({ volumes: [volume], needs: markerNeeds(owner, [stopped]) })).toEqual(["v1 marker"]);
  expect(standings({ volumes: [volume], needs: markerNeeds(owner, [stopped, expired]) })).toEqual(["v1 orphan"]);
});

test("snapshots: a stop's untagged one is ours by a marker's operation, its double is an orphan, the rest is retention's", () => {
  const needs = markerNeeds(owner, ["windlass-stopped:fin:prod:gpu-1:op1:snapshot:77:size:1770000000"]);
  const snapshots = [
    snapshot("77", "windlass-stop-gpu-1-op1"),
    snapshot("78", "windlass-stop-gpu-1-op1"),
    snapshot("79", "windlass-stop-gpu-1-op0"),
    snapshot("80", "windlass-stop-gpu-1-op0", tags),
    snapshot("81", "holiday"),
  ];
  expect(standings({ snapshots, needs })).toEqual(["77 marker", "78 orphan", "79 unclear", "80 kept"]);
});

test("addresses carry no tags: one that is assigned to nothing is shown with its price, never called an orphan", () => {
  const addresses = [
    { ip: "1.1.1.1", droplet: null },
    { ip: "2.2.2.2", droplet: { id: 7 } },
  ];
  expect(planSweep(input({ addresses }))).toMatchObject([{ id: "1.1.1.1", standing: "unclear", hourlyUsd: 5 / 730 }]);
});
