import fc from "fast-check";
import { expect, test } from "vitest";
import { breakEven, chooseStrategy } from "./break-even.ts";

const H100 = 4.41;

function snapshotStep(usedRootGiB: number) {
  return breakEven({ strategy: "snapshot", usedRootGiB, hourlyUsd: H100 }).stop.find(({ what }) => what === "snapshot");
}

test("a snapshot of 40 used GB takes 40 to 120 minutes of an H100: 2.94 to 8.82 dollars, and 2.40 a month to keep", () => {
  expect(snapshotStep(40)).toEqual({
    what: "snapshot",
    minutes: { least: 40, most: 120 },
    usd: { least: 2.94, most: 8.82 },
  });
  expect(breakEven({ strategy: "snapshot", usedRootGiB: 40, hourlyUsd: H100 }).storageMonthlyUsd).toBe(2.4);
});

test("a snapshot of 200 used GB takes 3.3 to 10 hours: 14.70 to 44.10 dollars", () => {
  expect(snapshotStep(200)?.minutes).toEqual({ least: 200, most: 600 });
  expect(snapshotStep(200)?.usd).toEqual({ least: 14.7, most: 44.1 });
});

test("the minutes and dollars of a stop are those of its steps, and the break-even is what both ends cost in idle hours", () => {
  const estimate = breakEven({ strategy: "snapshot", usedRootGiB: 40, hourlyUsd: H100 });
  expect(estimate.stopMinutes).toEqual({ least: 40.7, most: 125 });
  expect(estimate.resumeMinutes).toEqual({ least: 43.5, most: 52 });
  expect(estimate.stopUsd).toEqual({ least: 2.99, most: 9.19 });
  const kept = H100 / (H100 - 2.4 / 730);
  expect(estimate.breakEvenIdleHours.least).toBeCloseTo((84.2 / 60) * kept, 9);
  expect(estimate.breakEvenIdleHours.most).toBeCloseTo((177 / 60) * kept, 9);
});

test("golden does not depend on the root's size, and keeps nothing that is billed beside the volume", () => {
  const small = breakEven({ strategy: "golden", usedRootGiB: 1, hourlyUsd: H100 });
  expect(breakEven({ strategy: "golden", usedRootGiB: 500, hourlyUsd: H100 })).toEqual(small);
  expect(small.storageMonthlyUsd).toBe(0);
  expect(small.breakEvenIdleHours.most).toBeLessThan(1);
});

test("the restore goes by the snapshot's size where that is known", () => {
  const estimate = breakEven({ strategy: "snapshot", usedRootGiB: 40, snapshotGiB: 25, hourlyUsd: H100 });
  expect(estimate.resume.find(({ what }) => what.startsWith("restore"))?.minutes).toEqual({ least: 25, most: 25 });
  expect(estimate.storageMonthlyUsd).toBe(1.5);
});

test("where keeping the snapshot costs more than the droplet, stopping never pays", () => {
  const estimate = breakEven({ strategy: "snapshot", usedRootGiB: 100, hourlyUsd: 0.006 });
  expect(estimate.breakEvenIdleHours).toEqual({ least: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY });
});

test("every estimate names the source of the snapshot rate, and what it leaves out", () => {
  const { sources } = breakEven({ strategy: "snapshot", usedRootGiB: 1, hourlyUsd: H100 });
  expect(sources.some((line) => line.includes("DigitalOcean documentation, Droplet snapshots"))).toBe(true);
  expect(sources.at(-1)).toContain("5 to 16 minutes for vLLM");
});

test("more in use never makes a stop quicker, and the least is never above the most", () => {
  const gib = fc.double({ min: 0, max: 1000, noNaN: true });
  const strategy = fc.constantFrom("snapshot" as const, "golden" as const);
  fc.assert(
    fc.property(gib, gib, strategy, fc.double({ min: 0, max: 50, noNaN: true }), (a, b, way, hourlyUsd) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((usedRootGiB) =>
        breakEven({ strategy: way, usedRootGiB, hourlyUsd }),
      );
      if (!less || !more) return false;
      const ranges = [less.stopMinutes, less.resumeMinutes, less.stopUsd, less.resumeUsd, less.breakEvenIdleHours];
      return (
        ranges.every(({ least, most }) => least <= most) &&
        less.stopMinutes.most <= more.stopMinutes.most &&
        less.storageMonthlyUsd <= more.storageMonthlyUsd
      );
    }),
  );
});

test.each([
  { usedRootGiB: -1 },
  { usedRootGiB: Number.NaN },
  { hourlyUsd: -0.1 },
  { snapshotGiB: Number.POSITIVE_INFINITY },
])("%o is refused", (wrong) => {
  expect(() => breakEven({ strategy: "snapshot", usedRootGiB: 1, hourlyUsd: 1, ...wrong })).toThrow(RangeError);
});

test.each([
  { usedRootGiB: 2, snapshotOnStop: true, goldenPossible: true, chosen: "snapshot" },
  { usedRootGiB: 40, snapshotOnStop: true, goldenPossible: true, chosen: "golden" },
  { usedRootGiB: 40, snapshotOnStop: true, goldenPossible: false, chosen: "snapshot" },
  { usedRootGiB: 2, snapshotOnStop: false, goldenPossible: true, chosen: "golden" },
  { usedRootGiB: 2, snapshotOnStop: false, goldenPossible: false, chosen: "snapshot" },
])("$usedRootGiB GiB, snapshots $snapshotOnStop, golden possible $goldenPossible: $chosen", ({ chosen, ...node }) => {
  expect(chooseStrategy({ ...node, hourlyUsd: H100 })).toBe(chosen);
});
