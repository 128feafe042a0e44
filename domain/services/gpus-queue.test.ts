import { expect, test } from "vitest";
import { lockOwner, lockVolume, readQueue, ticketId, ticketVolume } from "./gpus-queue.ts";

const NOW = 1_763_725_000_000;
const ids = [ticketId(NOW, "b"), ticketId(NOW, "a"), ticketId(NOW - 1, "z")];

test("who came first stands first, whoever has a lock is past waiting", () => {
  const volumes = [...ids.map((id) => ticketVolume(id, "shop", NOW, 0)), lockVolume("GPU-1", ids[0] ?? "")];
  const { waiting, locked, stale } = readQueue(volumes, NOW);
  expect(waiting.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
  expect(locked.get("GPU-1")).toMatchObject({ id: ids[0], project: "shop" });
  expect(stale).toEqual([]);
});

test("a ticket that was renewed counts once, one of a runner that is gone and its locks do not", () => {
  const [one = "", two = ""] = ids;
  const volumes = [
    ticketVolume(one, "shop", NOW - 20_000, 1),
    ticketVolume(one, "shop", NOW - 59_000, 0),
    ticketVolume(two, "gone", NOW - 60_001, 4),
    lockVolume("GPU-1", two),
    lockVolume("GPU-2", "nobody"),
    { name: "data", labels: {} },
  ];
  const { waiting, locked, stale } = readQueue(volumes, NOW);
  expect(waiting.map(({ id }) => id)).toEqual([one]);
  expect(locked.size).toBe(0);
  expect(stale.sort()).toEqual([
    "windlass-gpu-lock-GPU-1",
    "windlass-gpu-lock-GPU-2",
    `windlass-gpu-ticket-${two}.4`,
    `windlass-gpu-ticket-${one}.0`,
  ]);
  expect(lockOwner(lockVolume("GPU-2", one))).toBe(one);
});
