import type { DigitalOcean, MetricSeries } from "../../clients/digitalocean/index.ts";
import { LONGEST_GAP_STEPS, type Malformed, type Sample } from "../../domain/idleness.ts";
import { type MeasuredUse, spread } from "../../domain/rightsizing.ts";
import { isForbidden } from "./invoice.ts";

const HOUR = 3_600_000;
const DAY_SECONDS = 86_400;
const MIB = 2 ** 20;

/** What a node's own readings say of its GPUs; `stepMs` is the time between two. Times are milliseconds since 1970. */
export function gpuUse(
  readings: readonly (Sample | Malformed)[],
  rule: { from: number; until: number; stepMs: number; percent: number },
): Pick<MeasuredUse, "windowHours" | "coverage" | "gpus" | "idleStretches"> {
  const { from, until, stepMs, percent } = rule;
  const samples = readings.filter((reading): reading is Sample => !("malformed" in reading));
  const sorted = samples.filter(({ at }) => at >= from && at <= until).sort((a, b) => a.at - b.at);
  const windowHours = Math.max(0, until - from) / HOUR;
  const count = Math.max(0, ...sorted.map(({ gpus }) => gpus.length));
  if (sorted.length === 0 || count === 0) return { windowHours, coverage: 0, gpus: null, idleStretches: null };
  const gpus = Array.from({ length: count }, (_, index) => {
    const own = sorted.flatMap((sample) => sample.gpus[index] ?? []);
    const utilization = spread(own.map((gpu) => gpu.utilization));
    const memoryMiB = spread(own.map(({ memoryUsedMiB }) => memoryUsedMiB));
    return utilization && memoryMiB ? [{ utilization, memoryMiB }] : [];
  });
  const { covered, stretches } = quiet(sorted, from, stepMs * LONGEST_GAP_STEPS, percent);
  return {
    windowHours,
    coverage: windowHours === 0 ? 0 : Math.min(1, covered / (until - from)),
    gpus: gpus.flat(),
    idleStretches: stretches,
  };
}

/** How much of the time readings speak for, and the unbroken stretches in which all of them were idle; a hole ends one. */
function quiet(samples: readonly Sample[], from: number, longestMs: number, percent: number) {
  const stretches: number[] = [];
  let [covered, last, idle] = [0, from, 0];
  const end = () => {
    if (idle > 0) stretches.push(idle / HOUR);
    idle = 0;
  };
  for (const sample of samples) {
    const gap = sample.at - last;
    const hole = gap > longestMs;
    covered += hole ? 0 : gap;
    if (hole || !isIdle(sample, percent)) end();
    if (!hole && isIdle(sample, percent)) idle += gap;
    last = sample.at;
  }
  end();
  return { covered, stretches };
}

function isIdle({ gpus, jobs, sshSessions, loading }: Sample, percent: number): boolean {
  return jobs === 0 && sshSessions === 0 && !loading && gpus.every(({ utilization }) => utilization < percent);
}

/** What DigitalOcean's agent says of CPU and memory, day by day: a longer question is answered with fewer points. Null where it says nothing, or may not be asked. */
export async function machineUse(
  cloud: Pick<DigitalOcean, "dropletMetric">,
  droplet: number,
  { from, until }: { from: number; until: number },
): Promise<Pick<MeasuredUse, "cpu" | "memoryMiB">> {
  const cpu: number[] = [];
  const memory: number[] = [];
  const last = Math.floor(until / 1000);
  for (let start = Math.floor(from / 1000); start < last; start += DAY_SECONDS) {
    const range = { start, end: Math.min(last, start + DAY_SECONDS) };
    const metric = (name: "cpu" | "memory_total" | "memory_available") =>
      cloud.dropletMetric(droplet, name, range).catch((error: unknown): MetricSeries[] => {
        if (isForbidden(error)) return [];
        throw error;
      });
    const [modes, total, available] = await Promise.all([
      metric("cpu"),
      metric("memory_total"),
      metric("memory_available"),
    ]);
    cpu.push(...busyPercent(modes));
    memory.push(...usedMiB(total, available));
  }
  return { cpu: spread(cpu), memoryMiB: spread(memory) };
}

/** The counters are seconds since the start of the machine, by what the cores did. */
export function busyPercent(modes: readonly MetricSeries[]): number[] {
  const points = new Map<number, { idle: number; all: number }>();
  for (const { metric, values } of modes)
    for (const [time, text] of values) {
      const point = points.get(time) ?? { idle: 0, all: 0 };
      point.all += Number(text);
      if (metric.mode === "idle") point.idle += Number(text);
      points.set(time, point);
    }
  const sorted = [...points].sort(([a], [b]) => a - b).map(([, point]) => point);
  return sorted.flatMap(({ idle, all }, index) => {
    const before = sorted[index - 1];
    // Counters begin anew after a start of the machine.
    if (!before || all <= before.all || idle < before.idle) return [];
    return [100 * (1 - (idle - before.idle) / (all - before.all))];
  });
}

function usedMiB(total: readonly MetricSeries[], available: readonly MetricSeries[]): number[] {
  const all = new Map(total[0]?.values.map(([time, text]) => [time, Number(text)]));
  return (available[0]?.values ?? []).flatMap(([time, text]) => {
    const bytes = all.get(time);
    return bytes === undefined ? [] : [(bytes - Number(text)) / MIB];
  });
}
