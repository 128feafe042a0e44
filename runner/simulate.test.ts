import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UserError } from "../domain/errors.ts";
import { plotMonth } from "../domain/simulation/plot.ts";
import { type SimulateOptions, simulate } from "./simulate.ts";

const small: SimulateOptions = { nodes: 15, days: 10, seed: 2 };

test("a month is compared with other timers, with what others do, and with the work alone", async () => {
  const result = await simulate({ ...small, idleHours: 6, compare: [2, 6, 24] });
  const { month, timers, others } = result;
  expect(timers.map(({ what }) => what)).toEqual(["stop after 2 h", "stop after 6 h", "stop after 24 h"]);
  expect(timers[1]?.usd).toBe(month.total.usd);
  expect(timers[0]?.usd).toBeLessThan(timers[2]?.usd ?? 0);
  const [never, off, destroyed, work] = others.map(({ usd }) => usd) as [number, number, number, number];
  expect(never).toBe(month.total.neverStoppedUsd);
  expect(off).toBe(never);
  expect(destroyed).toBeLessThanOrEqual(never);
  expect(work).toBeLessThan(month.total.usd);
  expect(result.savedUsd).toBeCloseTo(never - month.total.usd, 6);
});

test("the price is the catalog's with its date, unless one is given", async () => {
  const { price } = await simulate({ ...small, nodes: 1 });
  expect(price.size).toBe("gpu-h100x1-80gb");
  expect(price.hourlyUsd).toBeGreaterThan(1);
  expect(price.source).toMatch(/sizes\.yaml, \d{4}-\d\d-\d\d$/);
  expect((await simulate({ ...small, nodes: 1, price: 2 })).month.total.neverStoppedUsd).toBe(480);
});

test("with a stack, its timers, strategy and size are taken, unless something else is said", async () => {
  const root = mkdtempSync(join(tmpdir(), "windlass-simulate-"));
  writeFileSync(join(root, "Pulumi.yaml"), "name: windlass\nruntime: nodejs\n");
  const lines = ["autoShutdownHours: 3", "idleGpuPercent: 7", "snapshotOnStop: false", "gpuSize: gpu-l40sx1-48gb"];
  writeFileSync(
    join(root, "Pulumi.dev.yaml"),
    `config:\n${["sshAllowedAddresses: 127.0.0.1/32", ...lines].map((line) => `  windlass:${line}\n`).join("")}`,
  );
  const { month, price } = await simulate({ ...small, nodes: 1, root, stack: "dev" });
  expect(month.rule).toMatchObject({ idleHours: 3, idlePercent: 7, noticeMinutes: 15, strategy: "golden" });
  expect(price.size).toBe("gpu-l40sx1-48gb");
  const said = await simulate({ ...small, nodes: 1, root, stack: "dev", idleHours: 5 });
  expect(said.month.rule).toMatchObject({ idleHours: 5, idlePercent: 7 });
});

test("the picture has a bar for each rule and escapes what it is given", async () => {
  const { month } = await simulate(small);
  const svg = plotMonth(month, "a < b & c", [
    { what: "one", usd: 1000 },
    { what: "two", usd: 500 },
  ]);
  expect(svg).toContain("a &lt; b &amp; c");
  expect(svg.match(/fill="#fdae6b"/g)).toHaveLength(2);
  expect(svg).toContain("$1,000");
  expect(svg).not.toContain("NaN");
});

test.each([
  [{ idleHours: 0.02 }, "--idle-hours 0.02: it must be no shorter than 3 samples"],
  [{ idleHours: -1 }, "--idle-hours -1: it must be a number from 0 to 8760"],
  [{ compare: [2, 0] }, "--compare 0: it must be no shorter than 3 samples"],
  [{ idlePercent: 101 }, "--idle-percent 101"],
  [{ noticeMinutes: -5 }, "--notice-minutes -5"],
  [{ nodes: 0 }, "--nodes 0: it must be a whole number from 1 to 100000"],
  [{ nodes: 1.5 }, "--nodes 1.5"],
  [{ days: 0 }, "--days 0"],
  [{ days: Number.NaN }, "--days NaN"],
  [{ seed: -1 }, "--seed -1"],
  [{ price: -1 }, "--price -1"],
  [{ size: "gpu-unheard-of" }, "one of gpu-h100x1-80gb"],
  [{ size: "toString" }, "one of gpu-h100x1-80gb"],
  [{ strategy: "none" }, "auto, snapshot or golden"],
] as [SimulateOptions, string][])("%o is refused as wrong usage", async (options, text) => {
  const error = await simulate({ ...small, ...options }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).exitCode).toBe(2);
  expect((error as UserError).message).toContain(text);
});

test("it stops between two months when it is asked to", async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const running = simulate({
    ...small,
    compare: [2],
    signal: stop.signal,
    onEvent: (event) => {
      if (event.kind === "phase") seen.push(event.text);
      if (seen.length === 2) stop.abort();
    },
  });
  await expect(running).rejects.toThrow("aborted");
  expect(seen).toEqual(["month 1: stop after 24 h", "month 2: stop after 2 h"]);
});
