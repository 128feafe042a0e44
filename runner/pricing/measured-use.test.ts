import { describe, expect, it } from "vitest";
import type { MetricSeries } from "../../clients/digitalocean/index.ts";
import type { Sample } from "../../domain/idleness.ts";
import { busyPercent, gpuUse, machineUse } from "./measured-use.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const from = Date.parse("2026-11-01");

/** A reading a minute; `utilization` of each minute. */
function readings(minutes: number, utilization: (minute: number) => number, more: Partial<Sample> = {}): Sample[] {
  return Array.from({ length: minutes }, (_, index) => ({
    ...{ at: from + (index + 1) * MINUTE, sshSessions: 0, jobs: 0, loading: false, ...more },
    gpus: [{ utilization: utilization(index), memoryUsedMiB: 1000 + index }],
  }));
}
const rule = (hours: number) => ({ from, until: from + hours * HOUR, stepMs: MINUTE, percent: 5 });

describe("a node's own readings", () => {
  it("are spread over its GPUs, and cover the window", () => {
    const found = gpuUse(
      readings(600, (minute) => (minute < 300 ? 80 : 0)),
      rule(10),
    );
    expect(found).toMatchObject({ windowHours: 10, coverage: 1, gpus: [{ utilization: { mean: 40, max: 80 } }] });
    expect(found.gpus?.[0]?.memoryMiB.max).toBe(1599);
    expect(found.idleStretches).toEqual([5]);
  });

  it("cover nothing where there are none, whatever else was asked for", () => {
    const nothing = { coverage: 0, gpus: null, idleStretches: null };
    expect(gpuUse([], rule(10))).toMatchObject(nothing);
    expect(gpuUse([{ malformed: "x" }, { at: from - 1, ...readings(1, () => 0)[0] } as Sample], rule(0))).toMatchObject(
      nothing,
    );
  });

  it("leave a hole uncovered, and end a stretch there", () => {
    const holed = readings(600, () => 0).filter((_, minute) => minute < 120 || minute >= 240);
    const found = gpuUse(holed, rule(10));
    expect(found.coverage).toBeCloseTo(0.8, 2);
    expect(found.idleStretches?.map(Math.round)).toEqual([2, 6]);
  });

  it.each([{ jobs: 1 }, { sshSessions: 1 }, { loading: true }])("count %o as work", (more) => {
    expect(
      gpuUse(
        readings(600, () => 0, more),
        rule(10),
      ).idleStretches,
    ).toEqual([]);
  });
});

describe("the agent's metrics", () => {
  const series = (mode: string, rate: number): MetricSeries => ({
    metric: { mode },
    values: [0, 120, 240].map((time) => [time, String(time * rate)]),
  });

  it("tell the share of the cores' time that was not idle", () => {
    expect(busyPercent([series("idle", 6), series("user", 1.5), series("system", 0.5)])).toEqual([25, 25]);
  });

  it("leave out the step in which the machine was started", () => {
    const idle: MetricSeries = {
      metric: { mode: "idle" },
      values: [
        [0, "900"],
        [120, "10"],
        [240, "130"],
      ],
    };
    expect(busyPercent([idle])).toEqual([0]);
  });

  it("are asked for day by day, and are null where there are none", async () => {
    const asked: number[] = [];
    const cloud = {
      dropletMetric: async (_: number, metric: string, range: { start: number; end: number }) => {
        if (metric === "cpu") asked.push(range.end - range.start);
        const bytes = metric === "memory_total" ? 8 : 5;
        return metric === "cpu"
          ? []
          : [{ metric: {}, values: [[range.start, String(bytes * 2 ** 30)]] as [number, string][] }];
      },
    };
    const found = await machineUse(cloud, 1, { from, until: from + 60 * HOUR });
    const forbidden = { dropletMetric: () => Promise.reject(Object.assign(new Error("no"), { status: 403 })) };
    expect(await machineUse(forbidden, 1, { from, until: from + HOUR })).toEqual({ cpu: null, memoryMiB: null });
    expect(asked).toEqual([86_400, 86_400, 43_200]);
    expect(found).toEqual({ cpu: null, memoryMiB: { mean: 3072, p95: 3072, max: 3072 } });
  });
});
