import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import { localCloudControl, openNodeStack, resumeNode, status, stopNode, up } from "../../runner/index.ts";
import { actualCost } from "../../runner/pricing/actual.ts";
import { costAdvice } from "../../runner/pricing/advice.ts";
import { type Spend, spendOf } from "../../runner/pricing/spend.ts";
import { resolveTarget } from "../../runner/target.ts";
import { auditLog } from "../../runner/watch/audit.ts";
import type { LoadSource } from "../../runner/watch/observe.ts";
import { watch } from "../../runner/watch/watch.ts";
import { type TestStack, testStack } from "../stack.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MONTH_START = "2027-03-01T00:00:00Z";
const HOUR = 3600;
const H100_USD = catalogPrices().sizes.get("gpu-h100x1-80gb")?.priceHourly ?? Number.NaN;

let stack: TestStack;
beforeAll(async () => {
  stack = await testStack({ actionScale: 0 });
});
afterAll(() => stack?.remove());

const control = <T = unknown>(method: "GET" | "POST" | "PUT", path: string, body?: unknown) =>
  localCloudControl<T>({ home: stack.home }, method, path, body);
const advance = (hours: number) => control("POST", "clock/advance", { seconds: hours * HOUR });
const billed = async () => (await control<{ total: number }>("GET", "bill")).total;
const spend = (): Promise<Spend> => spendOf(resolveTarget(stack.options));
const hoursOfMarch = 31 * 24;
const command = async (...args: string[]) => {
  const { code, stdout, stderr } = await stack.cli(["cost", ...args, "--stack", "test", "--cloud", "local"]).done;
  return { code, stdout, stderr };
};

/** Readings of the whole window, a GPU at this load at each hour of the day. */
function load(utilization: (hour: number) => number): LoadSource {
  return async (_, droplet, { now, windowMs, stepMs }) => {
    const samples = [];
    for (let at = now - windowMs - stepMs; at <= now; at += stepMs) {
      const one = { utilization: utilization(new Date(at).getUTCHours()), memoryUsedMiB: 9000 };
      const gpus = Array.from({ length: droplet.gpu_info?.count ?? 0 }, () => one);
      samples.push({ at, gpus, sshSessions: 0, jobs: 0, loading: false });
    }
    return { samples };
  };
}

function expectWithin(actual: number, wanted: number, share = 0.001): void {
  expect(Math.abs(actual - wanted), `${actual} is not ${wanted}`).toBeLessThanOrEqual(Math.max(0.011, wanted * share));
}

/** What needs machines, a key or an account of one's own. */
const LEFT_OUT = /^(cloud|sshKeyFile|repository\w+|dataSource|trainingCommand)$/;

/** A stack's config as it is declared in this repository, without what its set-up over ssh needs. */
function declared(name: "dev" | "prod"): [string, unknown][] {
  const text = readFileSync(join(ROOT, `Pulumi.${name}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  const plain = Object.entries(config).map(([key, value]): [string, unknown] => [key.replace(/^windlass:/, ""), value]);
  return plain.filter(([key]) => !LEFT_OUT.test(key));
}

/** Raises that stack on the local cloud, at the beginning of March. */
async function raise(name: "dev" | "prod"): Promise<void> {
  await stack.forget();
  await control("PUT", "clock", { mode: "driven", now: MONTH_START });
  const nothing = [...declared("dev"), ...declared("prod")].map(([key]) => [key, undefined]);
  stack.configure({ ...Object.fromEntries(nothing), ...Object.fromEntries(declared(name)), snapshotDays: "off" });
  await up(stack.options);
}

describe.each(["dev", "prod"] as const)("the %s stack over a month of the cloud's time", (name) => {
  let first: Spend;
  beforeAll(async () => {
    await raise(name);
    first = await spend();
  });

  it("costs in 730 hours what was estimated, and has accrued in each part of them what is billed", async () => {
    const { cost } = await status(stack.options);
    let passed = 0;
    for (const hours of [1, 7, 100, 365, 730]) {
      await advance(hours - passed);
      passed = hours;
      const { stack: now, account } = await spend();
      expectWithin(now.accruedUsd, await billed());
      expectWithin(account?.monthToDateUsd ?? 0, await billed());
      expect(now.gaps).toEqual([]);
    }
    expectWithin(cost.monthly, await billed());
  });

  it("costs at the end of the month what was forecast at its beginning", async () => {
    await advance(hoursOfMarch - 730 - 1e-6);
    expectWithin(first.stack.endOfMonth.runRateUsd, await billed());
    expectWithin(first.account?.forecastUsd ?? 0, await billed());
    expect(first.stack).toMatchObject({ basis: "run-rate", forecastUsd: first.stack.endOfMonth.runRateUsd });
  });

  it("was billed what was expected, each thing with its reasons", async () => {
    const report = await actualCost(stack.options);
    expect(report).toMatchObject({ month: "2027-03", notOurs: { totalUsd: 0, lines: [] }, gaps: [] });
    expectWithin(report.billedUsd, await billed());
    expectWithin(report.expectedUsd, report.billedUsd);
    expect(report.accountUsd).toBeCloseTo(report.billedUsd, 1);
    expect(report.resources.map(({ kind }) => kind).sort()).toEqual(["droplet", "volume"]);
    const codes = report.resources.flatMap(({ reasons }) => reasons.map(({ code }) => code));
    expect(codes.filter((code) => code !== "rounding")).toEqual([]);
    expect(report.daily).toHaveLength(31);
    expectWithin(report.daily?.reduce((sum, day) => sum + day.usd, 0) ?? 0, report.billedUsd);
  });

  it("begins anew with the next month", async () => {
    await advance(24);
    const before = await billed();
    const { month, stack: now } = await spend();
    expect(month).toBe("2027-04");
    const droplet = now.lines.find(({ kind }) => kind === "droplet");
    expectWithin(droplet?.accruedUsd ?? 0, 24 * H100_USD);
    expect(now.accruedUsd).toBeLessThan(before / 20);
  });
});

describe("a month with stops, a resume and a resize in it", () => {
  beforeAll(() => raise("dev"));

  it("counts what is not there any more, and what stays of a stopped node", async () => {
    await advance(50);
    await stopNode(await openNodeStack(stack.options), { strategy: "snapshot" });
    await advance(100);
    const stopped = await spend();
    expectWithin(stopped.stack.accruedUsd, await billed());
    expect(stopped.stack.lines.filter(({ ended }) => ended)).toMatchObject([{ kind: "Droplets" }]);
    expect(
      stopped.stack.lines
        .filter(({ ended }) => !ended)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(["snapshot", "volume"]);
    expect(stopped.stack.endOfMonth.runRateUsd).toBeLessThan(50 * H100_USD + 60);
    await resumeNode(await openNodeStack(stack.options));
    await advance(30);
    stack.configure({ volumeSizeGiB: 800 });
    await up(stack.options);
    await advance(20);
    const grown = await spend();
    expectWithin(grown.stack.accruedUsd, await billed());
    expectWithin(grown.account?.monthToDateUsd ?? 0, await billed());
    expectWithin(grown.account?.forecastUsd ?? 0, grown.stack.endOfMonth.runRateUsd);
    const report = await actualCost(stack.options);
    expectWithin(report.billedUsd, await billed());
    const codes = (kind: string) =>
      report.resources.filter((one) => one.kind === kind).map(({ reasons }) => reasons.map(({ code }) => code).sort());
    expect(codes("Droplets")).toEqual([["ended"]]);
    expect(codes("droplet")).toEqual([["partly lived"]]);
    expect(codes("volume")[0]).toEqual(expect.arrayContaining(["partly lived", "resized"]));
    expect(report.resources.every(({ reasons }) => reasons.every(({ code }) => code !== "unexplained"))).toBe(true);
    await advance(hoursOfMarch - 200 - 1e-6);
    expectWithin(grown.stack.endOfMonth.runRateUsd, await billed());
  });

  it("does not count what another stack of the account has", async () => {
    await advance(24);
    const before = await spend();
    const { cloud } = await openNodeStack(stack.options);
    await cloud.createVolume({ name: "of-somebody", region: "tor1", size_gigabytes: 1000, tags: [] });
    await advance(24);
    const after = await spend();
    const things = ({ stack: { lines } }: Spend) => lines.map(({ id }) => id).sort();
    expect(things(after)).toEqual(things(before));
    expect((after.account?.monthToDateUsd ?? 0) - after.stack.accruedUsd).toBeCloseTo((24 * 100) / 730, 1);
    const { notOurs } = await actualCost(stack.options);
    expect(notOurs.lines).toMatchObject([{ product: "Volumes", description: "of-somebody (1000 GiB)" }]);
  });

  it("is printed by the command line, and a month that is none is refused", async () => {
    const forecast = JSON.parse((await command("forecast", "--json")).stdout);
    expect(forecast).toMatchObject({ subject: "stack test", month: "2027-04", budgetUsd: null });
    expect((await command("forecast")).stdout).toMatch(/END OF MONTH.*end of month, by the timers: \$/s);
    const actual = JSON.parse((await command("actual", "--month", "2027-03", "--json")).stdout);
    expect(actual).toMatchObject({ month: "2027-03", billedUntil: expect.stringContaining("2027-03-31T23:59:59") });
    expect((await command("actual")).stdout).toMatch(/DIFFERENCE.*of which \$\S+ not of this stack/s);
    const wrong = await command("actual", "--month", "2027-13", "--json");
    expect(wrong).toMatchObject({ code: 2, stdout: expect.stringContaining("is no month") });
    const early = await command("actual", "--month", "2027-05", "--json");
    expect(early).toMatchObject({ code: 2, stdout: expect.stringContaining("has not begun") });
    expect(await command("actual", "--month", "2020-01", "--json")).toMatchObject({ code: 1 });
  });

  it("gives advice on enough readings, and none on too few", async () => {
    const few = JSON.parse((await command("advice", "--json")).stdout);
    expect(few).toMatchObject({ advice: [] });
    expect(few.notes[0]).toContain("could not be fetched");
    expect(few.notes[1]).toContain("advice wants 72 h");
    expect((await command("advice", "--days", "99")).code).toBe(2);
    await advance(14 * 24);
    const nights = await costAdvice({ ...stack.options, load: load((hour) => (hour < 10 ? 0 : 97)) });
    expect(nights.advice).toMatchObject([{ kind: "idle timer", from: "24", to: "1" }]);
    const busy = await costAdvice({ ...stack.options, load: load(() => 97) });
    expect(busy.advice).toEqual([]);
  });
});

describe("an idle node that a watcher watches", () => {
  const idle = load(() => 0);
  const pass = () =>
    watch({
      ...stack.options,
      once: true,
      housekeeping: false,
      deps: { load: idle, channels: { emailTo: [] } as never },
    });

  beforeAll(() => raise("dev"));

  it("is forecast by its timers, and the bill comes to that", async () => {
    await advance(30);
    await pass();
    const { stack: forecast } = await spend();
    expect(forecast).toMatchObject({ basis: "schedule", forecastUsd: forecast.endOfMonth.scheduleUsd });
    expect(forecast.ends).toMatchObject([{ act: "stop" }]);
    expect(forecast.endOfMonth.scheduleUsd).toBeLessThan(forecast.endOfMonth.runRateUsd / 5);
    await advance(0.25);
    expect((await pass()).decision).toMatchObject({ act: "stop", outcome: "done" });
    await advance(hoursOfMarch - 30.25 - 1e-6);
    expectWithin(forecast.forecastUsd, await billed(), 0.01);
  });

  it("is forecast by what runs once nobody watches", async () => {
    expect((await spend()).stack.basis).toBe("run-rate");
    expect(auditLog(stack.home, { project: "finance-smollm3", stack: "test" }).all().length).toBeGreaterThan(0);
  });
});
