import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeIdleness, type Malformed, type Sample } from "../idleness.ts";
import { IdleTracker } from "./idle-tracker.ts";

const STEP = 60_000;

/** Mostly quiet readings, so that quiet gets long enough for the rules at its edges to matter. */
function reading(): fc.Arbitrary<{ after: number; sample: Omit<Sample, "at"> | { malformed: string } }> {
  const gpu = fc.record({
    utilization: fc.oneof(
      { weight: 30, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(4, 5, 90) },
    ),
    memoryUsedMiB: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1000, max: 1040 }) },
      { weight: 2, arbitrary: fc.integer({ min: 900, max: 1150 }) },
    ),
  });
  const rarely = (value: number) => fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, fc.constant(value));
  const good = fc.record({
    gpus: fc.oneof(
      { weight: 40, arbitrary: fc.tuple(gpu, gpu) },
      { weight: 1, arbitrary: fc.tuple(gpu) },
    ) as fc.Arbitrary<Sample["gpus"]>,
    sshSessions: rarely(1),
    jobs: rarely(2),
    loading: rarely(1).map(Boolean),
  });
  return fc.record({
    after: fc.oneof(
      { weight: 20, arbitrary: fc.constant(STEP) },
      { weight: 2, arbitrary: fc.constantFrom(1, STEP / 2, 2.5 * STEP, 2.5 * STEP + 1, 4 * STEP) },
    ),
    sample: fc.oneof({ weight: 40, arbitrary: good }, fc.constant({ malformed: "no figures" })),
  });
}

test("reading by reading, it judges as judgeIdleness does over all of them", () => {
  const readings = fc.array(reading(), { minLength: 1, maxLength: 60, size: "max" });
  const windows = fc.constantFrom(2, 3, 5, 8, 20).map((steps) => steps * STEP);
  let idle = 0;
  fc.assert(
    fc.property(readings, windows, fc.constantFrom(0, 1, STEP, 2.5 * STEP, 3 * STEP), (list, windowMs, wait) => {
      const tracker = new IdleTracker({ stepMs: STEP, percent: 5 });
      const all: (Sample | (Malformed & { at: number }))[] = [];
      let at = 0;
      for (const { after, sample } of list) {
        at += after;
        const one = { ...sample, at };
        all.push(one);
        tracker.add(one);
        const now = at + wait;
        const verdict = judgeIdleness(all, { now, windowMs, stepMs: STEP, percent: 5 });
        if (windowMs >= 3 * STEP) expect(tracker.since(now)).toBe(verdict.since);
        expect(tracker.idle(now, windowMs)).toBe(verdict.idle);
        if (verdict.idle) idle++;
      }
    }),
    { numRuns: 600 },
  );
  expect(idle).toBeGreaterThan(300);
});
