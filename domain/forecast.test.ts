import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accruedUsd, dropletRate } from "./cost/accrual.ts";
import {
  accountForecast,
  accruedInMonth,
  type Billed,
  monthOf,
  type NodeLife,
  plannedEnds,
  sumInMonth,
  withEnds,
} from "./forecast.ts";

const at = (text: string) => Date.parse(text);
const HOUR = 3_600_000;
const NOVEMBER = monthOf(at("2026-11-21T08:00:00Z"));
const gpu = (from: string): Billed => ({
  name: "gpu",
  rate: dropletRate("gpu-h100x1-80gb", 3.39),
  from: at(from),
});

describe("what a month has cost so far", () => {
  it("knows the month of a moment", () => {
    expect(NOVEMBER).toEqual({ name: "2026-11", start: at("2026-11-01"), end: at("2026-12-01") });
    expect(monthOf(at("2026-12-31T23:59:59Z"))).toMatchObject({ name: "2026-12", end: at("2027-01-01") });
  });

  it("counts from the month's beginning, or from the thing's", () => {
    expect(accruedInMonth(gpu("2026-10-10"), NOVEMBER, at("2026-11-02"))).toBeCloseTo(24 * 3.39, 9);
    expect(accruedInMonth(gpu("2026-11-01T12:00:00Z"), NOVEMBER, at("2026-11-02"))).toBeCloseTo(12 * 3.39, 9);
  });

  it("counts nothing of what ended before the month, begins after it, or begins after the moment", () => {
    const over = { ...gpu("2026-10-10"), until: at("2026-10-31T23:59:59Z") };
    expect(accruedInMonth(over, NOVEMBER, at("2026-11-02"))).toBe(0);
    expect(accruedInMonth(gpu("2026-12-01"), NOVEMBER, at("2026-12-02"))).toBe(0);
    expect(accruedInMonth(gpu("2026-11-03"), NOVEMBER, at("2026-11-02"))).toBe(0);
  });

  it("caps the month of a CPU droplet at 672 hours, of a GPU droplet at none", () => {
    const cpu = { name: "cpu", rate: dropletRate("s-1vcpu-1gb", 0.01), from: at("2026-10-10") };
    expect(accruedInMonth(cpu, NOVEMBER, NOVEMBER.end)).toBeCloseTo(6.72, 9);
    expect(accruedInMonth(gpu("2026-10-10"), NOVEMBER, NOVEMBER.end)).toBeCloseTo(720 * 3.39, 9);
  });

  it("charges a minimum in the month of the beginning only", () => {
    const short = { ...gpu("2026-10-31T23:59:50Z"), until: at("2026-11-01T00:00:01Z") };
    const october = monthOf(short.from);
    expect(accruedInMonth({ ...short, until: october.end - 1 }, october, NOVEMBER.end)).toBeGreaterThanOrEqual(0.01);
    expect(accruedInMonth(short, NOVEMBER, NOVEMBER.end)).toBeCloseTo(3.39 / 3600, 9);
  });

  it("adds up over the months to what the whole life is billed", () => {
    const hours = fc.double({ min: 1, max: 3000, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), hours, fc.boolean(), (day, length, capped) => {
        const from = at("2026-01-01") + day * 24 * HOUR;
        const until = from + length * HOUR;
        const rate = dropletRate(capped ? "s-1vcpu-1gb" : "gpu-h100x1-80gb", 1.5);
        let sum = 0;
        for (let month = monthOf(from); month.start < until; month = monthOf(month.end))
          sum += accruedInMonth({ name: "one", rate, from, until }, month, until);
        expect(sum).toBeCloseTo(accruedUsd(rate, from, until), 6);
      }),
    );
  });
});

describe("what the timers will end", () => {
  const now = at("2026-11-10T00:00:00Z");
  const life: NodeLife = {
    markers: { notices: [] },
    timers: { autoShutdownHours: 24, expireStoppedDays: 30, maxLifetimeHours: 720, noticeMinutes: 15 },
    droplet: { createdAt: now - 10 * HOUR, status: "active" },
    now,
  };
  const stopped = (since: number): NodeLife => ({
    ...{ timers: life.timers, now },
    markers: {
      notices: [],
      stopped: { operation: "x", strategy: "snapshot", image: "1", size: "s", at: new Date(since) },
    },
  });

  it("leaves a node that works alone until its lifetime ends", () => {
    expect(plannedEnds(life, NOVEMBER.end)).toEqual([]);
    const ends = plannedEnds(life, now + 800 * HOUR);
    expect(ends).toMatchObject([{ act: "stop", at: now + 710 * HOUR, why: expect.stringContaining("maxLifetime") }]);
  });

  it("stops an idle node when its window and the notice have passed", () => {
    const [end, ...more] = plannedEnds({ ...life, idleSince: now - 5 * HOUR }, NOVEMBER.end);
    expect(end).toMatchObject({ act: "stop", at: now + 19 * HOUR + 15 * 60_000 });
    expect(more).toEqual([]);
  });

  it("counts from the announcement where people were told already", () => {
    const told = { notices: [{ action: "stop", at: new Date(now - 5 * 60_000) }] };
    const [end] = plannedEnds({ ...life, markers: told, idleSince: now - 24 * HOUR }, NOVEMBER.end);
    expect(end?.at).toBe(now + 10 * 60_000);
  });

  it("waits for the end of a hold, and announces anew", () => {
    const hold = { notices: [], hold: { until: new Date(now + 100 * HOUR), why: "benchmark" } };
    const [end] = plannedEnds({ ...life, markers: hold, idleSince: now - 24 * HOUR }, NOVEMBER.end);
    expect(end?.at).toBe(now + 100 * HOUR + 15 * 60_000);
  });

  it("expires what has been stopped for long, also what it will stop itself", () => {
    const since = now - 25 * 24 * HOUR;
    const expiry = { act: "expire", at: now + 5 * 24 * HOUR };
    expect(plannedEnds(stopped(since), NOVEMBER.end)).toMatchObject([expiry]);
    expect(plannedEnds(stopped(since), now + 1000 * 24 * HOUR)).toMatchObject([expiry]);
    const ends = plannedEnds({ ...life, idleSince: now - 24 * HOUR }, now + 60 * 24 * HOUR);
    expect(ends.map(({ act }) => act)).toEqual(["stop", "expire"]);
    expect((ends[1]?.at ?? 0) - (ends[0]?.at ?? 0)).toBe(30 * 24 * HOUR);
  });

  it("announces an overdue expiry a day ahead", () => {
    expect(plannedEnds(stopped(now - 90 * 24 * HOUR), NOVEMBER.end)[0]?.at).toBe(now + 24 * HOUR);
  });

  it("ends nothing where the timers are off", () => {
    const off = {
      autoShutdownHours: "off",
      expireStoppedDays: "off",
      maxLifetimeHours: "off",
      noticeMinutes: 0,
    } as const;
    expect(plannedEnds({ ...life, timers: off, idleSince: 0 }, now + 1e12)).toEqual([]);
    expect(plannedEnds({ ...stopped(0), timers: off }, now + 1e12)).toEqual([]);
  });

  it("changes the bill: the droplet ends, its snapshot begins", () => {
    const volume = { name: "data", rate: { hourlyUsd: 0.1 }, from: at("2026-11-01") };
    const things = [gpu("2026-11-01"), volume];
    const end = { act: "stop" as const, at: at("2026-11-11"), why: "idle" };
    const after = withEnds(things, [end], {
      endedBy: ({ name }) => (name === "gpu" ? "stop" : "expire"),
      beginsWith: (act) => (act === "stop" ? [{ name: "snapshot", rate: { hourlyUsd: 0.01 } }] : []),
    });
    expect(sumInMonth(after, NOVEMBER, NOVEMBER.end)).toBeCloseTo(240 * 3.39 + 720 * 0.1 + 480 * 0.01, 9);
    expect(sumInMonth(things, NOVEMBER, NOVEMBER.end)).toBeCloseTo(720 * 3.39 + 720 * 0.1, 9);
  });
});

describe("an account's month", () => {
  const account = { month: NOVEMBER, monthToDateUsd: 100, generatedAt: at("2026-11-21"), others: [] };

  it("goes on from the balance's date with what runs", () => {
    expect(accountForecast({ ...account, things: [gpu("2026-10-01")] })).toBeCloseTo(100 + 240 * 3.39, 9);
    expect(accountForecast({ ...account, things: [], others: [{ hourlyUsd: 0.5 }] })).toBeCloseTo(220, 9);
    expect(accountForecast({ ...account, things: [] })).toBe(100);
  });

  it("counts what began after the balance was made up from its beginning", () => {
    expect(accountForecast({ ...account, things: [gpu("2026-11-25")] })).toBeCloseTo(100 + 144 * 3.39, 9);
  });

  it("charges a capped droplet no more than its month", () => {
    const cpu = { name: "cpu", rate: dropletRate("s-1vcpu-1gb", 0.01), from: at("2026-10-10") };
    expect(accountForecast({ ...account, things: [cpu] })).toBeCloseTo(100 + 6.72 - 4.8, 9);
  });

  it("takes a balance of the month before for none of this", () => {
    const old = { ...account, generatedAt: at("2026-10-31T23:00:00Z") };
    expect(accountForecast({ ...old, things: [gpu("2026-10-01")] })).toBeCloseTo(720 * 3.39, 9);
  });
});
