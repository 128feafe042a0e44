import { breakEven } from "./break-even.ts";
import { capHours } from "./cost/node-price.ts";
import type { StopStrategy } from "./node-marker.ts";
import { HOURS_PER_MONTH, usd } from "./units.ts";

/** How a figure was spread over the readings. */
export interface Spread {
  mean: number;
  /** 95 of 100 readings were not above. */
  p95: number;
  max: number;
}

/** What a node used over a window. A part that was not measured is null: nothing is advised that rests on it. */
export interface MeasuredUse {
  /** Length of the window in hours, and the share of it that readings cover, 0 to 1. */
  windowHours: number;
  coverage: number;
  /** Percent, and MiB. */
  gpus: { utilization: Spread; memoryMiB: Spread }[] | null;
  /** Unbroken stretches without work on any GPU, job or person, in hours. */
  idleStretches: number[] | null;
  /** Percent of all cores. */
  cpu: Spread | null;
  /** MiB in use. */
  memoryMiB: Spread | null;
}

/** A size as far as advice goes; `price` in US dollars per hour. */
export interface SizeFacts {
  slug: string;
  hourlyUsd: number;
  vcpus: number;
  memoryMiB: number;
  diskGiB: number;
  /** `nvidia_h100`, and GiB of one GPU. */
  gpu?: { model: string; count: number; vramGiB: number };
  /** Where it can be had now. */
  regions: readonly string[];
}

/** The node as it is. */
export interface AdvisedNode {
  size: SizeFacts;
  region: string;
  autoShutdownHours: number | "off";
  noticeMinutes: number;
  strategy: StopStrategy;
  usedRootGiB: number;
}

export interface Advice {
  kind: "idle timer" | "no gpu" | "fewer gpus" | "smaller gpu" | "smaller size";
  /** What to set: `windlass:gpuSize`, which takes sizes with GPUs only; `size` is that of a droplet. */
  setting: string;
  from: string;
  to: string;
  /** For a month of 730 hours like the measured ones, US dollars. */
  savingUsd: number;
  /** What was measured. */
  why: string;
  /** What would have to be true. */
  assumes: string[];
}

export interface AdviceReport {
  advice: Advice[];
  /** Why nothing, or less, is advised. */
  notes: string[];
}

/** Less than three days say nothing of a week; readings with holes hide the peaks. */
export const LEAST_HOURS = 72;
export const LEAST_COVERAGE = 0.9;

/** GPU without work: percent, and MiB of memory that a driver takes by itself. */
const UNUSED = { percent: 5, memoryMiB: 1024 };
/** A GPU this busy at its peaks leaves room for a slower one. */
const ROOM_PERCENT = 50;
/** Most that may be in use of what is smaller: peaks between two readings are not seen. */
const MOST_MEMORY = 0.8;
const MOST_CPU_PERCENT = 70;
/** Savings below are not worth a rebuild. */
const LEAST_SAVING_USD = 1;
/** Hours of idleness that are tried in place of autoShutdownHours. */
const TIMERS = [1, 2, 4, 8, 12, 24];

/** Advice for one node, the largest saving first; never more than one of a kind, and none on too little data. */
export function advise(node: AdvisedNode, use: MeasuredUse, sizes: readonly SizeFacts[]): AdviceReport {
  const notes = missing(use);
  if (use.windowHours * use.coverage < LEAST_HOURS || use.coverage < LEAST_COVERAGE) {
    const seen = `${round(use.windowHours * use.coverage)} h were measured, ${Math.round(use.coverage * 100)} % of the window`;
    const wanted = `advice wants ${LEAST_HOURS} h at least, without holes (${LEAST_COVERAGE * 100} %)`;
    return { advice: [], notes: [`${seen}: ${wanted}`, ...notes] };
  }
  const found = [idleTimer(node, use), otherSize(node, use, sizes)].flatMap((one) => (one ? [one] : []));
  const worth = found.filter(({ savingUsd }) => savingUsd >= LEAST_SAVING_USD);
  return { advice: worth.sort((a, b) => b.savingUsd - a.savingUsd), notes };
}

function missing({ gpus, cpu, memoryMiB }: MeasuredUse): string[] {
  const notes = [];
  if (!gpus) notes.push("GPUs were not measured: nothing is said of them, nor of idle hours");
  if (!cpu || !memoryMiB)
    notes.push(
      "CPU and memory were not measured (is DigitalOcean's agent on the node?): only sizes with as much of both are named",
    );
  return notes;
}

/** The stopping time that would have saved most in the measured stretches, with what each stop and resume costs. */
function idleTimer(node: AdvisedNode, { idleStretches, windowHours, coverage }: MeasuredUse): Advice | undefined {
  if (!idleStretches) return undefined;
  const { size, autoShutdownHours: now, noticeMinutes, strategy, usedRootGiB } = node;
  const { stopUsd, resumeUsd } = breakEven({ strategy, usedRootGiB, hourlyUsd: size.hourlyUsd });
  const each = stopUsd.most + resumeUsd.most;
  const stopsOf = (timer: number | "off") =>
    timer === "off" ? [] : idleStretches.map((hours) => hours - timer - noticeMinutes / 60).filter((left) => left > 0);
  const savedBy = (timer: number | "off") =>
    stopsOf(timer).reduce((sum, hours) => sum + hours * size.hourlyUsd - each, 0);
  const shorter = TIMERS.filter((timer) => now === "off" || timer < now);
  const [best] = shorter.map((timer) => ({ timer, saved: savedBy(timer) })).sort((a, b) => b.saved - a.saved);
  if (!best) return undefined;
  const stops = stopsOf(best.timer).length;
  const idle = idleStretches.reduce((sum, hours) => sum + hours, 0);
  return {
    ...{ kind: "idle timer", setting: "windlass:autoShutdownHours", from: String(now), to: String(best.timer) },
    savingUsd: usd(((best.saved - savedBy(now)) * HOURS_PER_MONTH) / (windowHours * coverage)),
    why: `it was idle for ${round(idle)} of ${round(windowHours * coverage)} h, in stretches of up to ${round(Math.max(0, ...idleStretches))} h`,
    assumes: [
      "the coming weeks are like the measured ones",
      `a watcher runs, and each resume finds the size in ${node.region}`,
      `${stops} stops and resumes in that time are welcome: each costs up to $${each.toFixed(2)} and its minutes`,
    ],
  };
}

/** The cheapest size of the region that would have carried what was measured. */
function otherSize(node: AdvisedNode, use: MeasuredUse, sizes: readonly SizeFacts[]): Advice | undefined {
  const { size, region } = node;
  const here = sizes.filter(({ regions }) => regions.includes(region));
  const cheaper = here
    .filter((other) => other.slug !== size.slug && monthlyUsd(other) < monthlyUsd(size) && carries(other, size, use))
    .sort((a, b) => monthlyUsd(a) - monthlyUsd(b));
  for (const kind of ["no gpu", "fewer gpus", "smaller gpu", "smaller size"] as const) {
    const to = cheaper.find((other) => FITS[kind](other, size, use));
    if (to) return sizeAdvice(kind, node, to, use);
  }
  return undefined;
}

/** Whether CPU and memory would have been enough; where they were not measured, only as much as there is. */
function carries(other: SizeFacts, size: SizeFacts, { cpu, memoryMiB }: MeasuredUse): boolean {
  const enoughCpu = cpu ? (cpu.p95 * size.vcpus) / other.vcpus <= MOST_CPU_PERCENT : other.vcpus >= size.vcpus;
  const enoughMemory = memoryMiB ? memoryMiB.max <= other.memoryMiB * MOST_MEMORY : other.memoryMiB >= size.memoryMiB;
  return enoughCpu && enoughMemory;
}

type Fits = (other: SizeFacts, size: SizeFacts, use: MeasuredUse) => boolean;

const FITS: Record<Exclude<Advice["kind"], "idle timer">, Fits> = {
  "no gpu": ({ gpu }, size, { gpus }) => size.gpu !== undefined && !gpu && gpus?.every(isUnused) === true,
  "fewer gpus": ({ gpu }, size, { gpus }) => {
    if (!gpu || !size.gpu || !gpus || gpu.model !== size.gpu.model || gpu.count >= size.gpu.count) return false;
    const used = gpus.filter((one) => !isUnused(one)).length;
    return used > 0 && used <= gpu.count;
  },
  "smaller gpu": ({ gpu }, size, { gpus }) => {
    if (!gpu || !size.gpu || !gpus || gpu.model === size.gpu.model || gpu.count !== size.gpu.count) return false;
    const sameMaker = gpu.model.split("_")[0] === size.gpu.model.split("_")[0];
    const room = gpus.every(({ utilization }) => utilization.p95 <= ROOM_PERCENT);
    const fits = gpus.every(({ memoryMiB }) => memoryMiB.max <= gpu.vramGiB * 1024 * MOST_MEMORY);
    return sameMaker && room && fits && !gpus.every(isUnused);
  },
  "smaller size": ({ gpu }, size, { cpu, memoryMiB }) => !gpu && !size.gpu && cpu !== null && memoryMiB !== null,
};

function isUnused({ utilization, memoryMiB }: NonNullable<MeasuredUse["gpus"]>[number]): boolean {
  return utilization.max < UNUSED.percent && memoryMiB.max < UNUSED.memoryMiB;
}

function sizeAdvice(
  kind: Exclude<Advice["kind"], "idle timer">,
  { size, region }: AdvisedNode,
  to: SizeFacts,
  use: MeasuredUse,
): Advice {
  return {
    ...{ kind, setting: to.gpu ? "windlass:gpuSize" : "size", from: size.slug, to: to.slug },
    savingUsd: usd(monthlyUsd(size) - monthlyUsd(to)),
    why: used(use),
    assumes: [...ASSUMES[kind](to, use), `${to.slug} can be had in ${region}`, ...smaller(size, to)],
  };
}

const STAYS = "the work stays as it was measured; peaks shorter than a reading's step were not seen";

const ASSUMES: Record<Exclude<Advice["kind"], "idle timer">, (to: SizeFacts, use: MeasuredUse) => string[]> = {
  "no gpu": () => [STAYS, "nothing there needs a GPU, now and then either: the work moves to a droplet without one"],
  "fewer gpus": ({ gpu }) => [
    STAYS,
    `the work runs on ${gpu?.count} GPU${gpu?.count === 1 ? "" : "s"} as it is, without a change of its settings`,
  ],
  "smaller gpu": ({ gpu }, { gpus }) => {
    const busiest = Math.max(1, ...(gpus ?? []).map(({ utilization }) => utilization.p95));
    return [STAYS, `the work runs on ${gpu?.model}, and takes at most ${round(100 / busiest)} times as long there`];
  },
  "smaller size": () => [STAYS],
};

function smaller(size: SizeFacts, to: SizeFacts): string[] {
  if (to.diskGiB >= size.diskGiB) return [];
  return [`the root disk is made anew: ${to.diskGiB} GiB are enough, and a disk cannot shrink in place`];
}

function used({ gpus, cpu, memoryMiB }: MeasuredUse): string {
  const parts = (gpus ?? []).map(
    ({ utilization, memoryMiB: memory }, index) =>
      `GPU ${index}: ${round(utilization.p95)} % at most in 95 of 100 readings, ${Math.round(memory.max)} MiB`,
  );
  if (cpu) parts.push(`CPU ${round(cpu.p95)} %`);
  if (memoryMiB) parts.push(`memory ${Math.round(memoryMiB.max)} MiB`);
  return parts.join("; ");
}

function monthlyUsd({ slug, hourlyUsd }: SizeFacts): number {
  return hourlyUsd * Math.min(HOURS_PER_MONTH, capHours(slug) ?? HOURS_PER_MONTH);
}

/** Of readings, in any order; null where there are none. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const p95 = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.95) - 1)] as number;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, p95, max: sorted.at(-1) as number };
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
