import { expect, test } from "vitest";
import type { NodeLoad, Spell } from "./load.ts";
import { liveMonth, type NodeFaults, type StopRule } from "./node-month.ts";
import { Random } from "./random.ts";

const DAY = 1440;
const job: Spell = {
  start: 0,
  minutes: 120,
  activity: "training",
  byTheClock: false,
  managed: true,
  memoryMiB: 0,
  loadMinutes: 0,
  keepsMemory: false,
};
const rule: StopRule = {
  idleHours: 6,
  noticeMinutes: 15,
  passMinutes: 5,
  idlePercent: 5,
  hourlyUsd: 4.41,
  strategy: "golden",
};

/** Three days of one node, with a seed whose blips and lost samples fall where they change nothing. */
function live(spells: Spell[], more: { faults?: Partial<NodeFaults>; rule?: Partial<StopRule>; gpus?: number } = {}) {
  const load: NodeLoad = { pattern: "training in bursts", spells, gpus: more.gpus ?? 1, usedRootGiB: 40 };
  const billed: [number, number][] = [];
  const worked: [number, number][] = [];
  const month = liveMonth(
    load,
    { ...rule, ...more.rule },
    {
      minutes: 3 * DAY,
      faults: { sampling: [], reach: [], watcher: [], ...more.faults },
      random: new Random(11),
      tally: { billed: (...spell) => billed.push(spell), worked: (...spell) => worked.push(spell) },
    },
  );
  return { ...month, billed, worked };
}

/** From the last work to the stop: the window, the announcement, and at most one pass more for each. */
const SOONEST = 6 * 60 + 15 - 2;
const LATEST = 6 * 60 + 15 + 10;

test("an idle node is stopped after its hours and the announcement, and is billed no longer", () => {
  const { delays, billed, billedMinutes, workMinutes, waits, falseStops } = live([job]);
  expect(delays).toHaveLength(1);
  expect(delays[0]).toBeGreaterThanOrEqual(SOONEST);
  expect(delays[0]).toBeLessThanOrEqual(LATEST);
  expect(billed).toHaveLength(2);
  expect(billedMinutes).toBeLessThan(120 + LATEST + 11);
  expect([workMinutes, waits.length, falseStops]).toEqual([120, 0, 0]);
});

test("work that comes to a stopped node waits for the resume, and is done in full", () => {
  const { waits, worked, workMinutes } = live([job, { ...job, start: 2 * DAY }]);
  expect(waits).toHaveLength(1);
  expect(waits[0]).toBeGreaterThan(5);
  expect(worked[1]?.[0]).toBeCloseTo(2 * DAY + (waits[0] ?? 0), 6);
  expect(workMinutes).toBe(240);
});

test("work that comes after the announcement keeps the node, and the next stop is announced anew", () => {
  const back = { ...job, start: 120 + 6 * 60 + 10 };
  const { delays, worked } = live([job, back]);
  expect(worked.slice(0, 2).map(([from]) => from)).toEqual([0, back.start]);
  expect(delays).toHaveLength(1);
  expect(delays[0]).toBeGreaterThanOrEqual(SOONEST);
});

test.each([
  ["an open ssh session", { ...job, activity: "session", managed: false }],
  ["a registered job that hangs", { ...job, activity: "hung" }],
  ["a training that nobody registered", { ...job, managed: false }],
  ["a service with few requests", { ...job, activity: "trickle", managed: false }],
  ["work on the CPU that is registered", { ...job, activity: "preparing" }],
] as [string, Spell][])("%s keeps a node up for days", (_, spell) => {
  const { delays, falseStops } = live([{ ...spell, minutes: 3 * DAY }], { gpus: 2 });
  expect([delays.length, falseStops]).toEqual([0, 0]);
});

test("a forgotten kernel with its memory does not", () => {
  const { delays } = live([
    job,
    { ...job, start: 120, minutes: 3 * DAY, activity: "forgotten", managed: false, memoryMiB: 40_000 },
  ]);
  // A blip of its load may begin the window anew, once.
  expect(delays[0]).toBeLessThanOrEqual(2 * LATEST);
});

test("work that nothing shows is stopped falsely, is counted so, and goes on after the resume", () => {
  const { falseStops, workMinutes } = live([{ ...job, activity: "preparing", managed: false, minutes: 600 }]);
  expect(falseStops).toBeGreaterThan(0);
  expect(workMinutes).toBe(600);
});

test.each([
  ["the watcher does not run", { watcher: [[0, 3 * DAY]] }],
  ["the watcher does not reach it", { reach: [[0, 3 * DAY]] }],
  [
    "it takes no samples for a while in each window",
    { sampling: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => [n * 330, n * 330 + 5]) },
  ],
] as [string, Partial<NodeFaults>][])("a node stays where %s", (_, faults) => {
  expect(live([job], { faults }).delays).toEqual([]);
});

test("with a snapshot the stop is billed for its copying, and the snapshot is paid for until the node is back", () => {
  const golden = live([job, { ...job, start: 2 * DAY }]);
  const snapshot = live([job, { ...job, start: 2 * DAY }], { rule: { strategy: "snapshot" } });
  expect(golden.storageUsd).toBe(0);
  expect(snapshot.storageUsd).toBeGreaterThan(0);
  expect(snapshot.billedMinutes).toBeGreaterThan(golden.billedMinutes + 2 * 40);
});
