import { expect, it } from "vitest";
import { judgeIdleness, type Sample } from "../../domain/idleness.ts";
import { withPeople } from "./node-load.ts";

const STEP = 60_000;
const sample = (step: number, more: Partial<Sample> = {}): Sample => ({
  ...{ at: step * STEP, gpus: [{ utilization: 0, memoryUsedMiB: 100 }], sshSessions: 0, jobs: 0, loading: false },
  ...more,
});
const steps = [...Array(12).keys()];
const rule = { now: 11 * STEP, windowMs: 9 * STEP, stepMs: STEP, percent: 5 };
const verdict = (gpus: Sample[], node: Parameters<typeof withPeople>[1]) =>
  judgeIdleness(withPeople(gpus, node, STEP), rule);

it("takes the GPUs from one source, people and jobs from the other", () => {
  const quiet = steps.map((step) => sample(step));
  const blind = { utilization: 99, memoryUsedMiB: 1 };
  expect(verdict(quiet, quiet).idle).toBe(true);
  expect(
    verdict(
      quiet,
      steps.map((step) => sample(step, { gpus: [blind] })),
    ).idle,
  ).toBe(true);
  expect(
    verdict(
      steps.map((step) => sample(step, { gpus: [blind] })),
      quiet,
    ).idle,
  ).toBe(false);
  expect(verdict(quiet, [...quiet.slice(0, 6), sample(6, { sshSessions: 1 }), ...quiet.slice(7)])).toMatchObject({
    idle: false,
    reason: expect.stringContaining("1 ssh session"),
  });
  expect(verdict(quiet, [...quiet.slice(0, 6), sample(6, { jobs: 2 }), ...quiet.slice(7)]).idle).toBe(false);
  expect(verdict(quiet, [...quiet.slice(0, 6), sample(6, { loading: true }), ...quiet.slice(7)]).idle).toBe(false);
});

it("is active where the node told nothing for a while, or what it told cannot be read", () => {
  const quiet = steps.map((step) => sample(step));
  expect(verdict(quiet, []).idle).toBe(false);
  expect(verdict(quiet, [...quiet.slice(0, 4), ...quiet.slice(8)])).toMatchObject({
    idle: false,
    reason: expect.stringContaining("who was at work"),
  });
  expect(
    verdict(
      quiet,
      steps.map((step) => ({ at: step * STEP, malformed: "x" })),
    ).idle,
  ).toBe(false);
});
