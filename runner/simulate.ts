import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../domain/errors.ts";
import { SHORTEST_WINDOW_STEPS } from "../domain/idleness.ts";
import { type Fleet, type Month, simulateMonth, type Totals } from "../domain/simulation/month.ts";
import type { StopRule } from "../domain/simulation/node-month.ts";
import { HOURS_PER_MONTH } from "../domain/units.ts";
import type { StackConfig } from "../stacks/config.ts";
import { stackConfig } from "./prepare.ts";
import type { OperationOptions } from "./progress.ts";
import { resolveTarget, type TargetOptions } from "./target.ts";

/** What to simulate. Timers, strategy and size are those of the stack where one is named, else the defaults of a fresh one. */
export interface SimulateOptions extends TargetOptions {
  /** 1 to 100,000. @default 1000 */
  nodes?: number;
  /** Up to 366. @default a month of 730 hours */
  days?: number;
  /** Whole number. @default 1 */
  seed?: number;
  /** Hours of idleness before a stop, or `off`. @default 24 */
  idleHours?: number | "off";
  /** GPU utilisation in percent below which a GPU is idle, 0 to 100. @default 5 */
  idlePercent?: number;
  /** Minutes between the announcement and the stop. @default 15 */
  noticeMinutes?: number;
  /** `auto` (the cheaper for each node, as where windlass:goldenImage is set), `snapshot` or `golden`. @default auto */
  strategy?: string;
  /** Size whose price is taken from the catalog. @default gpu-h100x1-80gb */
  size?: string;
  /** US dollars per hour, in place of a size's. */
  price?: number;
  /** Other idle hours to live through the same month with. */
  compare?: readonly number[];
}

/** Where the price of an hour comes from. */
export interface SimulatedPrice {
  hourlyUsd: number;
  size?: string;
  /** When and where the price was read. */
  source: string;
}

/** The same month under other rules. */
export interface Alternative
  extends Pick<Totals, "usd" | "stops" | "falseStops" | "unseenWork" | "delay" | "wait" | "waitHours"> {
  what: string;
  /** What it does not keep, or does not do. */
  note?: string;
}

/** What the month cost, and would have cost. */
export interface SimulateResult {
  fleet: Fleet;
  price: SimulatedPrice;
  month: Month;
  /** The rule's saving against droplets that nobody stops, US dollars. */
  savedUsd: number;
  /** The same month with other timers. */
  timers: Alternative[];
  /** What others do about idle nodes, and what the work alone would cost. */
  others: Alternative[];
}

/** Seconds between two samples; minutes between two looks of the watcher. */
const SAMPLE_MINUTES = 1;
const PASS_MINUTES = 5;
/** dstack's default for a fleet: idle instances are terminated after three days. */
const DSTACK_HOURS = 72;

/**
 * Lives through a made-up month of a fleet with the rules that `windlass watch` has, and says what it cost. Changes nothing and asks no
 * cloud. Throws `UsageError` for what cannot be simulated, and `ConfigInvalid` for a stack that says so.
 */
export async function simulate(given: SimulateOptions & OperationOptions = {}): Promise<SimulateResult> {
  const options = given.stack === undefined ? given : { ...stackOptions(given), ...given };
  const fleet = fleetOf(options);
  const price = priceOf(options);
  const rule = ruleOf(options, price.hourlyUsd);
  const hours = (options.compare ?? []).map((value) => checkedHours("compare", value));
  const run = runner(fleet, options, hours.length + 3);
  const month = await run(rule, named(rule.idleHours));
  const timers: Alternative[] = [];
  for (const idleHours of hours) {
    const of = idleHours === rule.idleHours ? month : await run({ ...rule, idleHours }, named(idleHours));
    timers.push(alternative(`stop after ${idleHours} h`, of.total));
  }
  const never = await run({ ...rule, idleHours: "off" }, "never stopped");
  const destroyed = await run(
    { ...rule, idleHours: DSTACK_HOURS, noticeMinutes: 0, strategy: "none" },
    `destroyed after ${DSTACK_HOURS} h`,
  );
  return {
    ...{ fleet, price, month, timers },
    savedUsd: never.total.usd - month.total.usd,
    others: [
      alternative("never stopped", never.total),
      alternative("powered off when idle", never.total, "a powered-off droplet is billed like a running one"),
      alternative(
        `destroyed after ${DSTACK_HOURS} h idle`,
        destroyed.total,
        "dstack's default for fleets; the root disk is lost",
      ),
      {
        ...alternative("the work alone", never.total),
        usd: never.total.workHours * price.hourlyUsd,
        note: "no node up for a minute without work: the bound that no rule reaches",
      },
    ],
  };
}

/** The timers, the strategy and the size of a stack. */
function stackOptions(options: TargetOptions): SimulateOptions {
  const config = stackConfig(resolveTarget(options));
  const { autoShutdownHours, idleGpuPercent, noticeMinutes, stopStrategy, gpuSize } = config;
  return {
    ...{ idleHours: autoShutdownHours, idlePercent: idleGpuPercent, noticeMinutes, size: gpuSize },
    strategy: stopStrategy === "auto" ? meant(config) : stopStrategy,
  };
}

/** `auto` is a choice only where there is a golden image. */
function meant({ snapshotOnStop, goldenImage }: StackConfig): string {
  if (!snapshotOnStop) return "golden";
  return goldenImage === undefined ? "snapshot" : "auto";
}

/** Runs one month after the other, tells how far it is, and stops between two nodes. */
function runner(fleet: Fleet, { onEvent, signal }: OperationOptions, runs: number) {
  const told = Math.max(50, Math.ceil(fleet.nodes / 4));
  let run = 0;
  return async (rule: StopRule, what: string): Promise<Month> => {
    run++;
    onEvent?.({ kind: "phase", text: `month ${Math.min(run, runs)}: ${what}` });
    // Lets a Ctrl-C in.
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    return simulateMonth(fleet, rule, (done) => {
      if (done % told === 0 && done < fleet.nodes)
        onEvent?.({ kind: "note", level: "info", text: `${what}: ${done} of ${fleet.nodes} nodes` });
    });
  };
}

function named(idleHours: number | "off"): string {
  return idleHours === "off" ? "no stops" : `stop after ${idleHours} h`;
}

function alternative(what: string, total: Totals, note?: string): Alternative {
  const { usd, stops, falseStops, unseenWork, delay, wait, waitHours } = total;
  return { what, usd, stops, falseStops, unseenWork, delay, wait, waitHours, ...(note ? { note } : {}) };
}

function fleetOf({ nodes = 1000, days, seed = 1 }: SimulateOptions): Fleet {
  whole("nodes", nodes, 1, 100_000);
  whole("seed", seed, 0, 2 ** 32 - 1);
  if (days !== undefined) within("days", days, 1 / 24, 366, "days");
  return { nodes, seed, hours: days === undefined ? HOURS_PER_MONTH : days * 24 };
}

function ruleOf(options: SimulateOptions, hourlyUsd: number): StopRule {
  const { idleHours = 24, idlePercent = 5, noticeMinutes = 15, strategy = "auto" } = options;
  within("idle-percent", idlePercent, 0, 100, "percent");
  within("notice-minutes", noticeMinutes, 0, 10_080, "minutes");
  if (strategy !== "auto" && strategy !== "snapshot" && strategy !== "golden")
    throw wrong("strategy", strategy, "auto, snapshot or golden");
  return {
    ...{ idlePercent, noticeMinutes, strategy, hourlyUsd },
    idleHours: idleHours === "off" ? idleHours : checkedHours("idle-hours", idleHours),
    passMinutes: PASS_MINUTES,
  };
}

function checkedHours(option: string, hours: number): number {
  within(option, hours, 0, 8760, "hours");
  const steps = (hours * 60) / SAMPLE_MINUTES;
  if (steps >= SHORTEST_WINDOW_STEPS) return hours;
  const least = `${SHORTEST_WINDOW_STEPS} samples (${(SHORTEST_WINDOW_STEPS * SAMPLE_MINUTES) / 60} h), one every ${SAMPLE_MINUTES} min`;
  throw wrong(option, String(hours), `no shorter than ${least}: idleness could not be told`);
}

function priceOf({ price, size = "gpu-h100x1-80gb" }: SimulateOptions): SimulatedPrice {
  if (price !== undefined) {
    within("price", price, 0, 1000, "US dollars per hour");
    return { hourlyUsd: price, source: "given" };
  }
  const file = join(import.meta.dirname, "..", "catalog", "digitalocean", "sizes.yaml");
  const { gpu } = parse(readFileSync(file, "utf8")) as {
    gpu: { sizes: Record<string, { price: { hourly: number; as_of: string } }> };
  };
  const known = Object.hasOwn(gpu.sizes, size) ? gpu.sizes[size] : undefined;
  if (!known) throw wrong("size", size, `one of ${Object.keys(gpu.sizes).join(", ")}; or give --price`);
  return { hourlyUsd: known.price.hourly, size, source: `catalog/digitalocean/sizes.yaml, ${known.price.as_of}` };
}

function whole(option: string, value: number, from: number, to: number): void {
  if (!(Number.isInteger(value) && value >= from && value <= to))
    throw wrong(option, String(value), `a whole number from ${from} to ${to}`);
}

function within(option: string, value: number, from: number, to: number, unit: string): void {
  if (!(value >= from && value <= to)) throw wrong(option, String(value), `a number from ${from} to ${to} (${unit})`);
}

function wrong(option: string, given: string, allowed: string): UserError {
  const reason = `--${option} ${given}: it must be ${allowed}`;
  return new UserError(
    "UsageError",
    { reason, suggestion: "windlass simulate --help has examples", option, given },
    { exitCode: 2 },
  );
}
