import { expect, test, vi } from "vitest";
import { nodeLoad, PATTERNS } from "./load.ts";
import { simulateMonth } from "./month.ts";
import type { StopRule } from "./node-month.ts";

// Some of these months take seconds on a machine with other work.
vi.setConfig({ testTimeout: 60_000 });

const fleet = { nodes: 60, hours: 730, seed: 7 };
const rule: StopRule = {
  idleHours: 24,
  noticeMinutes: 15,
  passMinutes: 5,
  idlePercent: 5,
  hourlyUsd: 4.41,
  strategy: "auto",
};

test("the same seed lives through the same month, another through another", () => {
  const month = simulateMonth(fleet, rule);
  expect(simulateMonth(fleet, rule)).toEqual(month);
  expect(simulateMonth({ ...fleet, seed: 8 }, rule).total.usd).not.toBe(month.total.usd);
});

test("with the timers of a fresh stack no node is stopped at work, and the bill is lower", () => {
  const { total } = simulateMonth({ ...fleet, nodes: 120 }, rule);
  expect(total.stops).toBeGreaterThan(300);
  expect(total.falseStops).toBe(0);
  expect(total.usd).toBeLessThan(0.85 * total.neverStoppedUsd);
  expect(total.delay.median).toBeGreaterThanOrEqual(24 * 60 + 15 - 2);
});

test("it sees false stops where the timers are too short for work that nothing shows", () => {
  expect(simulateMonth(fleet, { ...rule, idleHours: 0.25 }).total.falseStops).toBeGreaterThan(0);
});

test("a GPU is idle below the threshold only: with 0 percent nothing ever is", () => {
  expect(simulateMonth(fleet, { ...rule, idlePercent: 0 }).total.stops).toBe(0);
});

test("without stops every node is billed for every hour, whatever it does", () => {
  const { total, billed } = simulateMonth(fleet, { ...rule, idleHours: "off" });
  expect(total.usd).toBe(total.neverStoppedUsd);
  expect(billed.every((nodes) => Math.abs(nodes - fleet.nodes) < 1e-9)).toBe(true);
  expect(total.workHours).toBeLessThan(0.6 * total.billedHours);
});

test("hours of the series, of the patterns and of the total are the same hours", () => {
  const { total, patterns, billed, worked } = simulateMonth(fleet, rule);
  const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);
  expect(sum(billed)).toBeCloseTo(total.billedHours, 6);
  expect(sum(worked)).toBeCloseTo(total.workHours, 6);
  expect(sum(patterns.map(({ billedHours }) => billedHours))).toBeCloseTo(total.billedHours, 6);
  expect(sum(patterns.map(({ stops }) => stops))).toBe(total.stops);
  expect(billed.every((nodes, hour) => nodes <= fleet.nodes + 1e-9 && nodes >= (worked[hour] ?? 0) - 1e-9)).toBe(true);
});

test("longer timers cost more dollars and fewer hours of waiting", () => {
  const months = [6, 24, 72].map((idleHours) => simulateMonth(fleet, { ...rule, idleHours }).total);
  const rising = (values: number[]) => values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
  expect(rising(months.map(({ usd }) => usd))).toBe(true);
  expect(rising(months.map(({ waitHours }) => -waitHours))).toBe(true);
});

test("snapshots cost storage and longer stops, golden images do not", () => {
  const snapshot = simulateMonth(fleet, { ...rule, idleHours: 6, strategy: "snapshot" }).total;
  const golden = simulateMonth(fleet, { ...rule, idleHours: 6, strategy: "golden" }).total;
  expect(golden.storageUsd).toBe(0);
  expect(snapshot.storageUsd).toBeGreaterThan(0);
  expect(snapshot.usd).toBeGreaterThan(golden.usd);
  expect(snapshot.wait.median).toBeGreaterThan(golden.wait.median);
});

test("every pattern is there by its share, with spells inside the month in their order", () => {
  const loads = Array.from({ length: 1000 }, (_, index) => nodeLoad(3, index, 1000, 43_800));
  for (const [name, { share }] of Object.entries(PATTERNS))
    expect(loads.filter(({ pattern }) => pattern === name)).toHaveLength(Math.round(share * 1000));
  for (const { spells } of loads) {
    expect(spells.length).toBeGreaterThan(0);
    expect(spells.every(({ start, minutes }) => start >= 0 && start < 43_800 && minutes > 0)).toBe(true);
    expect(spells.every(({ start }, index) => start >= (spells[index - 1]?.start ?? 0))).toBe(true);
  }
});
