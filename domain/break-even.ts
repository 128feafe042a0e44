import { snapshotMonthlyUsd } from "./cost/storage-price.ts";
import type { StopStrategy } from "./node-marker.ts";
import { HOURS_PER_MONTH, usd } from "./units.ts";

/** The least and the most of an estimate. */
export interface Range {
  least: number;
  most: number;
}

/** One step of a stop or a resume during which the droplet is billed. */
export interface PricedStep {
  what: string;
  minutes: Range;
  /** US dollars of the droplet's time, to the cent. */
  usd: Range;
}

/** What a stop and the later resume take and cost, and how much idle time pays for them. */
export interface BreakEven {
  strategy: StopStrategy;
  /** Billed minutes of the stop, up to the droplet's end. */
  stopMinutes: Range;
  /** Billed minutes of the resume, from the droplet's create to the proven node. */
  resumeMinutes: Range;
  stopUsd: Range;
  resumeUsd: Range;
  /** What is kept for the stopped node beside its volume, per month. */
  storageMonthlyUsd: number;
  /** Hours of idleness from which on stopping is cheaper than running on; infinite (null in JSON) where it never is. */
  breakEvenIdleHours: Range;
  stop: PricedStep[];
  resume: PricedStep[];
  /** Where the rates come from, and what is not in them. */
  sources: string[];
}

/** What the estimate is made from. */
export interface BreakEvenInput {
  strategy: StopStrategy;
  /** GiB in use on the root disk, of at least 0. */
  usedRootGiB: number;
  /** The droplet's price, US dollars per hour. */
  hourlyUsd: number;
  /** The snapshot's size where it is known; else what is in use. */
  snapshotGiB?: number;
}

interface Rate {
  what: string;
  /** Minutes, of each GiB in use where `perGiB`. */
  minutes: Range;
  perGiB?: true;
  source: string;
}

const SHUTDOWN: Rate = {
  what: "shutdown",
  minutes: { least: 0.2, most: 2 },
  source: "shutdown: up to 2 minutes, then the power is cut",
};
const SNAPSHOT: Rate = {
  what: "snapshot",
  minutes: { least: 1, most: 3 },
  perGiB: true,
  source:
    "snapshot: 1 to 3 minutes for each GB in use (DigitalOcean documentation, Droplet snapshots: how long a backup or snapshot takes)",
};
const KEEP: Rate = {
  what: "keep folders on the volume",
  minutes: { least: 0.2, most: 5 },
  source: "keeping folders on the volume: up to 5 minutes (assumed: a few GB at the volume's speed)",
};
const DESTROY: Rate = {
  what: "detach and destroy",
  minutes: { least: 0.5, most: 3 },
  source: "detach and destroy: up to 3 minutes (assumed from actions of seconds to a minute each)",
};
const CREATE: Rate = {
  what: "create and boot",
  minutes: { least: 3, most: 10 },
  source: "create and boot of a GPU droplet: 3 minutes, up to 10 (users' reports)",
};
const RESTORE: Rate = {
  what: "restore from the snapshot",
  minutes: { least: 1, most: 1 },
  perGiB: true,
  source: "restore: about 1 minute for each GB (assumed; terraform-provider-digitalocean#828 saw more than an hour)",
};
const BOOTSTRAP: Rate = {
  what: "bootstrap",
  minutes: { least: 2, most: 10 },
  source: "bootstrap on the golden image: 2 to 10 minutes (assumed: packages and images from the network)",
};
const CHECK: Rate = {
  what: "attach and checks",
  minutes: { least: 0.5, most: 2 },
  source: "attach and checks: up to 2 minutes (assumed)",
};

const WARM_UP =
  "not counted: loading a model into the GPU, 5 to 16 minutes for vLLM (users' reports); waiting where no capacity is to be had";

const RATES: Record<StopStrategy, { stop: Rate[]; resume: Rate[] }> = {
  snapshot: { stop: [SHUTDOWN, SNAPSHOT, DESTROY], resume: [CREATE, RESTORE, CHECK] },
  golden: { stop: [KEEP, SHUTDOWN, DESTROY], resume: [CREATE, BOOTSTRAP, CHECK] },
};

/**
 * What stopping a node costs and when it pays. The droplet is billed while it is snapshotted and while it is restored, so a stop is
 * worth its price only where the node would have been idle for longer. Throws a RangeError for negative sizes and prices.
 */
export function breakEven({ strategy, usedRootGiB, hourlyUsd, snapshotGiB = usedRootGiB }: BreakEvenInput): BreakEven {
  for (const [name, value] of Object.entries({ usedRootGiB, hourlyUsd, snapshotGiB }))
    if (!(value >= 0 && Number.isFinite(value))) throw new RangeError(`${name} must be 0 or more, not ${value}`);
  const rates = RATES[strategy];
  const priced = (rate: Rate): PricedStep => {
    const minutes = scaled(rate, rate === RESTORE ? snapshotGiB : usedRootGiB);
    return { what: rate.what, minutes, usd: dollars(minutes, hourlyUsd) };
  };
  const stop = rates.stop.map(priced);
  const resume = rates.resume.map(priced);
  const stopMinutes = total(stop);
  const resumeMinutes = total(resume);
  const storageMonthlyUsd = strategy === "snapshot" ? snapshotMonthlyUsd(snapshotGiB) : 0;
  const savedHourly = hourlyUsd - storageMonthlyUsd / HOURS_PER_MONTH;
  const idleHours = (spent: number): number =>
    savedHourly > 0 ? ((spent / 60) * hourlyUsd) / savedHourly : Number.POSITIVE_INFINITY;
  return {
    strategy,
    stopMinutes,
    resumeMinutes,
    stopUsd: dollars(stopMinutes, hourlyUsd),
    resumeUsd: dollars(resumeMinutes, hourlyUsd),
    storageMonthlyUsd,
    breakEvenIdleHours: {
      least: idleHours(stopMinutes.least + resumeMinutes.least),
      most: idleHours(stopMinutes.most + resumeMinutes.most),
    },
    stop,
    resume,
    sources: [...new Set([...rates.stop, ...rates.resume].map((rate) => rate.source)), WARM_UP],
  };
}

/**
 * The strategy that `auto` means: the one whose stop, resume and month of storage are cheaper in the middle of the estimate. Golden only
 * where the root can be rebuilt, and always there when snapshots were declined; a root that cannot be rebuilt is never given up.
 */
export function chooseStrategy(node: {
  usedRootGiB: number;
  hourlyUsd: number;
  snapshotOnStop: boolean;
  goldenPossible: boolean;
}): StopStrategy {
  if (!node.goldenPossible) return "snapshot";
  if (!node.snapshotOnStop) return "golden";
  const cost = (strategy: StopStrategy): number => {
    const estimate = breakEven({ strategy, usedRootGiB: node.usedRootGiB, hourlyUsd: node.hourlyUsd });
    const minutes = middle(estimate.stopMinutes) + middle(estimate.resumeMinutes);
    return (minutes / 60) * node.hourlyUsd + estimate.storageMonthlyUsd;
  };
  return cost("golden") < cost("snapshot") ? "golden" : "snapshot";
}

/** The middle of a range. */
export function middle(range: Range): number {
  return (range.least + range.most) / 2;
}

function scaled(rate: Rate, gib: number): Range {
  const factor = rate.perGiB ? gib : 1;
  return { least: rate.minutes.least * factor, most: rate.minutes.most * factor };
}

function total(steps: readonly PricedStep[]): Range {
  const sum = { least: 0, most: 0 };
  for (const { minutes } of steps) {
    sum.least += minutes.least;
    sum.most += minutes.most;
  }
  return sum;
}

function dollars(minutes: Range, hourlyUsd: number): Range {
  return { least: usd((minutes.least / 60) * hourlyUsd), most: usd((minutes.most / 60) * hourlyUsd) };
}
