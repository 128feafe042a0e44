import { usd } from "../units.ts";
import { nodeLoad, PATTERNS, type PatternName } from "./load.ts";
import { liveMonth, type NodeMonth, type StopRule, type Tally } from "./node-month.ts";
import { Random } from "./random.ts";
import { outages } from "./sampler.ts";

/** A fleet and its month. */
export interface Fleet {
  nodes: number;
  /** Length in hours; whole minutes. */
  hours: number;
  seed: number;
}

/** Median and 95th percentile of times in minutes, and how many there were. */
export interface Spread {
  count: number;
  median: number;
  p95: number;
}

/** Sums over nodes. */
export interface Totals {
  nodes: number;
  billedHours: number;
  workHours: number;
  /** Droplets and what is stored for stopped nodes; volumes are the same with and without, and not in it. */
  usd: number;
  storageUsd: number;
  /** What the droplets would cost if nobody ever stopped one. */
  neverStoppedUsd: number;
  stops: number;
  falseStops: number;
  unseenWork: number;
  /** From the end of work to the decision. */
  delay: Spread;
  /** For resumes, of people and jobs. */
  wait: Spread;
  waitHours: number;
}

/** A simulated month. */
export interface Month {
  rule: StopRule;
  total: Totals;
  patterns: (Totals & { pattern: PatternName })[];
  /** For each hour of the month, how many nodes were billed and how many worked, on average. */
  billed: number[];
  worked: number[];
}

/** Streams of random numbers that no node has. */
const WATCHER_STREAM = -1;
/** Keeps what happens to a node apart from the load that it has. */
const EVENTS = 0x5eed;

/** Lives through the month of each node under that rule. The same fleet has the same load and the same outages under every rule. */
export function simulateMonth(fleet: Fleet, rule: StopRule, onNode?: (done: number) => void): Month {
  const minutes = Math.round(fleet.hours * 60);
  const billed = new Float64Array(Math.ceil(fleet.hours));
  const worked = new Float64Array(billed.length);
  const tally: Tally = { billed: adder(billed), worked: adder(worked) };
  const watcher = outages(new Random(fleet.seed, WATCHER_STREAM), minutes, 12, 20, 300);
  const months: { pattern: PatternName; month: NodeMonth }[] = [];
  for (let index = 0; index < fleet.nodes; index++) {
    const load = nodeLoad(fleet.seed, index, fleet.nodes, minutes);
    const random = new Random(fleet.seed ^ EVENTS, index);
    const faults = {
      sampling: outages(random, minutes, 6, 3, 180),
      reach: outages(random, minutes, 8, 10, 240),
      watcher,
    };
    months.push({ pattern: load.pattern, month: liveMonth(load, rule, { minutes, faults, random, tally }) });
    onNode?.(index + 1);
  }
  const sums = (list: typeof months): Totals =>
    totals(
      list.map(({ month }) => month),
      fleet,
      rule,
    );
  const names = (Object.keys(PATTERNS) as PatternName[]).filter((name) => months.some((one) => one.pattern === name));
  return {
    rule,
    total: sums(months),
    patterns: names.map((pattern) => ({ pattern, ...sums(months.filter((one) => one.pattern === pattern)) })),
    billed: [...billed],
    worked: [...worked],
  };
}

function totals(months: readonly NodeMonth[], { hours }: Fleet, { hourlyUsd }: StopRule): Totals {
  const sum = (of: (month: NodeMonth) => number): number => months.reduce((all, month) => all + of(month), 0);
  const billedHours = sum(({ billedMinutes }) => billedMinutes) / 60;
  const storageUsd = sum((month) => month.storageUsd);
  const delays = months.flatMap((month) => month.delays);
  const waits = months.flatMap((month) => month.waits);
  return {
    nodes: months.length,
    billedHours,
    workHours: sum(({ workMinutes }) => workMinutes) / 60,
    usd: usd(billedHours * hourlyUsd + storageUsd),
    storageUsd: usd(storageUsd),
    neverStoppedUsd: usd(months.length * hours * hourlyUsd),
    stops: delays.length + sum(({ falseStops }) => falseStops),
    falseStops: sum(({ falseStops }) => falseStops),
    unseenWork: sum(({ unseenWork }) => unseenWork),
    delay: spread(delays),
    wait: spread(waits),
    waitHours: waits.reduce((all, one) => all + one, 0) / 60,
  };
}

/** Adds spells of minutes to the hours they lie in; a whole hour counts 1. */
function adder(hours: Float64Array): (from: number, to: number) => void {
  return (from, to) => {
    for (let at = from; at < to; ) {
      const hour = Math.floor(at / 60);
      const end = Math.min(to, (hour + 1) * 60);
      hours[hour] = (hours[hour] ?? 0) + (end - at) / 60;
      at = end;
    }
  };
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { count: sorted.length, median: at(0.5), p95: at(0.95) };
}
