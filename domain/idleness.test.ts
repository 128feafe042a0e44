import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type IdlenessRule, judgeIdleness, type Malformed, type Sample } from "./idleness.ts";

const STEP = 60_000;
const NOW = Date.parse("2026-03-01T12:00:00Z");
const rule: IdlenessRule = { now: NOW, windowMs: 60 * STEP, stepMs: STEP, percent: 5 };

const quiet = (at: number, gpus = 2): Sample => ({
  at,
  gpus: Array.from({ length: gpus }, () => ({ utilization: 0, memoryUsedMiB: 500 })),
  sshSessions: 0,
  jobs: 0,
  loading: false,
});
/** Samples of the last so many steps, the newest now. */
const history = (steps = 60, gpus = 2): Sample[] =>
  Array.from({ length: steps + 1 }, (_, back) => quiet(NOW - (steps - back) * STEP, gpus));
const changed = (index: number, change: (sample: Sample) => Sample | Malformed, samples = history()) =>
  samples.map((sample, at) => (at === index ? change(sample) : sample));
const gpu = (sample: Sample, index: number, reading: Partial<Sample["gpus"][number]>): Sample => ({
  ...sample,
  gpus: sample.gpus.map((known, at) => (at === index ? { ...known, ...reading } : known)),
});

test("quiet on every GPU for the whole window is idle, and says so with figures", () => {
  expect(judgeIdleness(history(), rule)).toEqual({
    idle: true,
    reason: "idle for 60 min: 2 GPUs at 0 % at most in 61 samples, below 5 %; nobody logged in, no job",
    since: NOW - 60 * STEP,
    coverage: 1,
  });
});

test("idle since before the window, where there are samples of then", () => {
  expect(judgeIdleness(history(90), rule).since).toBe(NOW - 90 * STEP);
});

test.each<[string, (Sample | Malformed)[], Partial<IdlenessRule>, string]>([
  ["no samples", [], {}, "there are no samples"],
  [
    "one GPU of two busy once",
    changed(20, (sample) => gpu(sample, 1, { utilization: 5 })),
    {},
    "GPU 1 was at 5 % 40 min ago (2026-03-01T11:20:00Z); idle is below 5 % on every GPU",
  ],
  [
    "busy in the very first sample of the window",
    changed(0, (sample) => gpu(sample, 0, { utilization: 90 })),
    {},
    "GPU 0 was at 90 % 60 min ago",
  ],
  ["a job", changed(60, (sample) => ({ ...sample, jobs: 2 })), {}, "2 jobs ran 0.0 s ago"],
  ["a session", changed(59, (sample) => ({ ...sample, sshSessions: 1 })), {}, "1 ssh session was open 60 s ago"],
  ["a model being read", changed(50, (sample) => ({ ...sample, loading: true })), {}, "a process was reading a model"],
  [
    "memory that grows while nothing computes",
    history().map((sample, index) => gpu(sample, 0, { memoryUsedMiB: 500 + 2 * index })),
    {},
    "the used memory of GPU 0 has grown by 64 MiB since 32 min ago (2026-03-01T11:28:00Z): something is being loaded",
  ],
  [
    "a GPU that has gone",
    changed(30, (sample) => ({ ...sample, gpus: sample.gpus.slice(1) })),
    {},
    "shows 1 GPUs, not 2",
  ],
  ["fewer GPUs than the machine has", history(), { gpus: 8 }, "shows 2 GPUs, not 8"],
  ["a failed sample", changed(30, ({ at }) => ({ at, malformed: "nvidia-smi: error" })), {}, "nvidia-smi: error"],
  ["a sample of no known time", [...history(), { malformed: "garbage" }], {}, "a sample of unknown time"],
  ["a sample whose time is no number", [...history(), quiet(Number.NaN)], {}, "a sample of unknown time"],
  [
    "nonsense for a utilisation",
    changed(30, (sample) => gpu(sample, 0, { utilization: Number.NaN })),
    {},
    "GPU 0 has a utilisation of NaN %",
  ],
  ["no GPU at all", history(60, 0), {}, "it shows no GPU"],
  ["a minus sign", changed(30, (sample) => ({ ...sample, jobs: -1 })), {}, "it counts -1 jobs"],
  [
    "a late newest sample",
    history().slice(0, -3),
    {},
    "no sample for 3 min: the newest is of 2026-03-01T11:57:00Z; one is due every 60 s",
  ],
  [
    "a gap",
    history().filter((_, index) => index < 20 || index > 21),
    {},
    "no sample for 3 min: from 2026-03-01T11:19:00Z to 2026-03-01T11:22:00Z",
  ],
  ["a young node", history(30), {}, "samples go back 30 min only, of a window of 60 min"],
  ["a clock that is ahead", [...history(), quiet(NOW + 1000)], {}, "1.0 s in the future"],
  ["a window of too few samples", history(), { windowMs: 2 * STEP }, "cannot be judged"],
])("active: %s", (_, samples, more, reason) => {
  const verdict = judgeIdleness(samples, { ...rule, ...more });
  expect(verdict).toMatchObject({ idle: false, reason: expect.stringContaining(reason) });
});

describe("a hold", () => {
  const until = (at: number) => ({ ...rule, hold: { until: new Date(at), why: "demo at noon" } });
  test("keeps the node active until it ends", () => {
    expect(judgeIdleness(history(), until(NOW + 1)).reason).toBe("held until 2026-03-01T12:00:00.001Z: demo at noon");
    expect(judgeIdleness(history(), until(NOW)).idle).toBe(true);
  });
  test("without a readable end does not end", () => {
    expect(judgeIdleness(history(), until(Number.NaN)).idle).toBe(false);
  });
});

test("what was before the window does not count, however bad", () => {
  const before: (Sample | Malformed)[] = [{ at: NOW - 62 * STEP, malformed: "error" }, ...history()];
  expect(judgeIdleness(before, rule).idle).toBe(true);
});

test("a quiet that is shorter than the window has its beginning told, and its share", () => {
  const verdict = judgeIdleness(history(30), rule);
  expect(verdict.since).toBe(NOW - 30 * STEP);
  expect(verdict.coverage).toBeCloseTo(0.525);
});

describe("whatever the samples", () => {
  const seeds = { numRuns: 500 };
  /** Idle histories with late, early and single lost samples, within what is allowed. */
  const idleHistory = fc
    .record({
      gpus: fc.integer({ min: 1, max: 8 }),
      steps: fc.integer({ min: 3, max: 120 }),
      jitter: fc.array(fc.double({ min: 0, max: 0.49, noNaN: true }), { minLength: 121, maxLength: 121 }),
      load: fc.array(fc.double({ min: 0, max: 4.99, noNaN: true }), { minLength: 8, maxLength: 8 }),
    })
    .map(({ gpus, steps, jitter, load }) => ({
      rule: { ...rule, windowMs: steps * STEP },
      samples: Array.from({ length: steps + 1 }, (_, back) => {
        const sample = quiet(NOW - back * STEP - (jitter[back] as number) * STEP, gpus);
        return { ...sample, gpus: sample.gpus.map((one, index) => ({ ...one, utilization: load[index] as number })) };
      }),
    }));

  test("an idle one is idle in any order", () => {
    fc.assert(
      fc.property(
        idleHistory.chain(({ rule, samples }) =>
          fc.record({ rule: fc.constant(rule), samples: fc.shuffledSubarray(samples, { minLength: samples.length }) }),
        ),
        ({ rule, samples }) => {
          const verdict = judgeIdleness(samples, rule);
          expect(verdict).toMatchObject({ idle: true, coverage: 1 });
        },
      ),
      seeds,
    );
  });

  const once = (change: (sample: Sample, gpu: number) => Sample | Malformed) =>
    fc.assert(
      fc.property(idleHistory, fc.nat(), fc.nat(), ({ rule, samples }, which, gpuIndex) => {
        const inside = samples.filter(({ at }) => at >= rule.now - rule.windowMs);
        const victim = inside[which % inside.length] as Sample;
        const altered = samples.map((one) => (one === victim ? change(one, gpuIndex % one.gpus.length) : one));
        expect(judgeIdleness(altered, rule).idle).toBe(false);
      }),
      seeds,
    );

  test("one GPU at work once makes it active", () => once((sample, index) => gpu(sample, index, { utilization: 5 })));
  test("one job once makes it active", () => once((sample) => ({ ...sample, jobs: 1 })));
  test("one session once makes it active", () => once((sample) => ({ ...sample, sshSessions: 1 })));
  test("one failed sample makes it active", () => once(({ at }) => ({ at, malformed: "error" })));
  test("one sample of other GPUs makes it active", () =>
    once((sample) => ({ ...sample, gpus: [...sample.gpus, { utilization: 0, memoryUsedMiB: 0 }] })));

  test("three samples lost in a row make it active", () => {
    fc.assert(
      fc.property(idleHistory, fc.nat(), ({ rule, samples }, which) => {
        const start = which % Math.max(1, samples.length - 2);
        const left = samples.filter((_, index) => index < start || index > start + 2);
        expect(judgeIdleness(left, rule)).toMatchObject({ idle: false });
      }),
      seeds,
    );
  });

  test("it answers, and idle only with full coverage and every GPU quiet", () => {
    const anything = fc.array(
      fc.oneof(
        fc.record({
          at: fc.oneof(
            fc.double(),
            fc.integer({ min: -100, max: 5 }).map((step) => NOW + step * STEP),
          ),
          malformed: fc.string(),
        }),
        fc.record({
          at: fc.oneof(
            fc.double(),
            fc.integer({ min: -100, max: 1 }).map((step) => NOW + step * STEP),
          ),
          gpus: fc.array(fc.record({ utilization: fc.oneof(fc.constant(0), fc.double()), memoryUsedMiB: fc.nat() }), {
            maxLength: 3,
          }),
          sshSessions: fc.oneof(fc.constant(0), fc.integer()),
          jobs: fc.oneof(fc.constant(0), fc.integer()),
          loading: fc.boolean(),
        }),
      ),
    );
    fc.assert(
      fc.property(anything, fc.integer({ min: 3, max: 5 }), (samples, steps) => {
        const asked = { ...rule, windowMs: steps * STEP };
        const verdict = judgeIdleness(samples, asked);
        if (!verdict.idle) return;
        expect(verdict.coverage).toBe(1);
        for (const sample of samples)
          if ((sample.at as number) >= NOW - asked.windowMs)
            expect("gpus" in sample && sample.gpus.every(({ utilization }) => utilization < 5)).toBe(true);
      }),
      seeds,
    );
  });
});
