import type { NodeMarkers } from "./node-marker.ts";
import { formatDuration } from "./units.ts";

/** One reading of a node. */
export interface Sample {
  /** When it was taken, in milliseconds since 1970, by the clock of the one who judges. */
  at: number;
  /** Every GPU of the node, in its order: utilisation in percent (0 to 100) and used memory. */
  gpus: { utilization: number; memoryUsedMiB: number }[];
  /** Sessions of people. */
  sshSessions: number;
  /** Training jobs, queue jobs, and processes on a GPU that compute. */
  jobs: number;
  /** Whether a process on a GPU reads a model. */
  loading: boolean;
}

/** A reading that failed or cannot be read: it counts as activity. */
export interface Malformed {
  /** When it was taken; absent where not even that is known, which no window can leave out. */
  at?: number;
  /** What is wrong with it. */
  malformed: string;
}

/** By what a node is judged. */
export interface IdlenessRule {
  /** In milliseconds since 1970. */
  now: number;
  /** How long a node must have been idle, in milliseconds. */
  windowMs: number;
  /** Time between two samples, in milliseconds. */
  stepMs: number;
  /** A GPU below this utilisation is idle. */
  percent: number;
  /** Number of GPUs the node must show. @default as many as the newest sample shows */
  gpus?: number;
  /** Counts as active until it has ended. */
  hold?: NodeMarkers["hold"];
}

/** What was judged. */
export interface IdleVerdict {
  idle: boolean;
  /** What makes the node active, with figures; or for how long it has been idle. */
  reason: string;
  /**
   * Beginning of the unbroken quiet that lasts until now, in milliseconds since 1970, also where it is shorter than the window yet.
   * Absent where the node is active now or nothing can be said of it.
   */
  since?: number;
  /** Share of the window that samples cover, 0 to 1; exactly 1 where nothing is missing. */
  coverage: number;
}

/** Most steps between two samples, and from the newest until now: one may be lost, and another late. */
export const LONGEST_GAP_STEPS = 2.5;

/** Most steps from the window's beginning to the first sample. */
export const LATEST_FIRST_STEPS = 1.5;

/** Fewest steps in a window that can be judged. */
export const SHORTEST_WINDOW_STEPS = 3;

/** Growth of a GPU's used memory, in MiB, that is no jitter of the reading: something is being loaded. */
export const LOADING_GROWTH_MIB = 64;

/**
 * Whether a node is idle: every GPU below the threshold in every sample of the whole window, nobody logged in, no job, nothing being loaded,
 * and samples that cover the window. Whatever is missing, late, malformed or in the future makes it active.
 */
export function judgeIdleness(samples: readonly (Sample | Malformed)[], rule: IdlenessRule): IdleVerdict {
  const begin = rule.now - rule.windowMs;
  const readings = samples.map(checked);
  const good = readings.filter((reading): reading is Sample => !("malformed" in reading));
  const coverage = coverageOf(good, rule);
  const active = (reason: string, since?: number): IdleVerdict => ({
    idle: false,
    reason,
    ...(since === undefined ? {} : { since }),
    coverage,
  });
  if (!(rule.stepMs > 0 && rule.windowMs >= SHORTEST_WINDOW_STEPS * rule.stepMs))
    return active(`a window of ${rule.windowMs} ms cannot be judged by samples every ${rule.stepMs} ms`);
  const hold = rule.hold;
  if (hold && !(hold.until.getTime() <= rule.now))
    return active(
      `held until ${Number.isNaN(hold.until.getTime()) ? "an unknown time" : iso(hold.until.getTime())}: ${hold.why}`,
    );
  const lost = readings.find((reading) => reading.at === undefined);
  if (lost) return active(`a sample of unknown time cannot be read: ${(lost as Malformed).malformed}`);
  const { since, obstacle, at = Number.NEGATIVE_INFINITY } = quietUntilNow(readings as Timed[], rule);
  if (since !== undefined && since <= begin + LATEST_FIRST_STEPS * rule.stepMs && at < begin)
    return { idle: true, reason: idleReason(since, good, rule), since, coverage };
  return active(obstacle, since);
}

type Timed = Sample | (Malformed & { at: number });

/** Goes back from the newest reading until something is in the way: what, and at which reading. */
function quietUntilNow(
  readings: readonly Timed[],
  rule: IdlenessRule,
): { since?: number; obstacle: string; at?: number } {
  const sorted = [...readings].sort((a, b) => b.at - a.at);
  const newest = sorted[0];
  if (!newest) return { obstacle: "there are no samples" };
  const longest = LONGEST_GAP_STEPS * rule.stepMs;
  const highest: number[] = [];
  let since: number | undefined;
  let after = rule.now;
  for (const reading of sorted) {
    const gap = after - reading.at;
    const obstacle =
      gap < 0
        ? future(reading, rule)
        : gap > longest
          ? missing(reading.at, after, rule)
          : inTheWay(reading, rule, newest, highest);
    if (obstacle) return { since, obstacle, at: reading.at };
    since = reading.at;
    after = reading.at;
  }
  const lacks = `samples go back ${ago(after, rule)} only, of a window of ${formatDuration(rule.windowMs)}`;
  return { since, obstacle: lacks };
}

/** What makes the node active at that reading. `highest` remembers each GPU's highest memory of the later ones. */
function inTheWay(reading: Timed, rule: IdlenessRule, newest: Timed, highest: number[]): string | undefined {
  const when = `${ago(reading.at, rule)} ago (${iso(reading.at)})`;
  if ("malformed" in reading) return `the sample of ${when} cannot be used: ${reading.malformed}`;
  const count = rule.gpus ?? ("malformed" in newest ? reading.gpus.length : newest.gpus.length);
  if (reading.gpus.length !== count) return `the sample of ${when} shows ${reading.gpus.length} GPUs, not ${count}`;
  for (const [index, { utilization, memoryUsedMiB }] of reading.gpus.entries()) {
    if (!(utilization < rule.percent))
      return `GPU ${index} was at ${utilization} % ${when}; idle is below ${rule.percent} % on every GPU`;
    const growth = (highest[index] ?? memoryUsedMiB) - memoryUsedMiB;
    if (growth >= LOADING_GROWTH_MIB)
      return `the used memory of GPU ${index} has grown by ${growth} MiB since ${when}: something is being loaded`;
    highest[index] = Math.max(highest[index] ?? 0, memoryUsedMiB);
  }
  if (reading.jobs > 0) return `${plural(reading.jobs, "job")} ran ${when}`;
  if (reading.sshSessions > 0) return `${plural(reading.sshSessions, "ssh session")} was open ${when}`;
  return reading.loading ? `a process was reading a model ${when}` : undefined;
}

/** A sample whose figures make no sense is a malformed one. */
function checked(reading: Sample | Malformed): Sample | Malformed {
  const at = Number.isFinite(reading.at) ? reading.at : undefined;
  if ("malformed" in reading) return { malformed: reading.malformed, ...(at === undefined ? {} : { at }) };
  const wrong = flaw(reading);
  return wrong === undefined ? reading : { malformed: wrong, ...(at === undefined ? {} : { at }) };
}

function flaw(sample: Sample): string | undefined {
  const { at, gpus, sshSessions, jobs, loading } = sample;
  if (!Number.isFinite(at)) return `its time is ${at}`;
  if (!Array.isArray(gpus) || gpus.length === 0) return "it shows no GPU";
  for (const [index, { utilization, memoryUsedMiB }] of gpus.entries()) {
    if (!(utilization >= 0 && utilization <= 100)) return `GPU ${index} has a utilisation of ${utilization} %`;
    if (!(memoryUsedMiB >= 0 && Number.isFinite(memoryUsedMiB))) return `GPU ${index} has ${memoryUsedMiB} MiB in use`;
  }
  if (!Number.isInteger(sshSessions) || sshSessions < 0) return `it counts ${sshSessions} ssh sessions`;
  if (!Number.isInteger(jobs) || jobs < 0) return `it counts ${jobs} jobs`;
  return typeof loading === "boolean" ? undefined : `it does not say whether a model is being loaded (${loading})`;
}

function coverageOf(samples: readonly Sample[], { now, windowMs, stepMs }: IdlenessRule): number {
  const begin = now - windowMs;
  const times = samples.map(({ at }) => at).filter((at) => at <= now);
  const inside = times.filter((at) => at >= begin).sort((a, b) => a - b);
  const first = inside[0];
  if (first === undefined) return 0;
  const longest = LONGEST_GAP_STEPS * stepMs;
  const joined = times.some((at) => at < begin && first - at <= longest);
  let uncovered = joined ? 0 : Math.max(0, first - begin - LATEST_FIRST_STEPS * stepMs);
  for (const [index, at] of inside.entries()) uncovered += Math.max(0, (inside[index + 1] ?? now) - at - longest);
  return Math.max(0, 1 - uncovered / windowMs);
}

function idleReason(since: number, samples: readonly Sample[], rule: IdlenessRule): string {
  const seen = samples.filter(({ at }) => at >= since);
  let highest = 0;
  for (const { gpus } of seen) for (const { utilization } of gpus) highest = Math.max(highest, utilization);
  const [gpus, count] = [plural(seen[0]?.gpus.length ?? 0, "GPU"), plural(seen.length, "sample")];
  return `idle for ${ago(since, rule)}: ${gpus} at ${highest} % at most in ${count}, below ${rule.percent} %; nobody logged in, no job`;
}

function missing(from: number, to: number, rule: IdlenessRule): string {
  const gap = `no sample for ${formatDuration(to - from)}`;
  const where = to === rule.now ? `the newest is of ${iso(from)}` : `from ${iso(from)} to ${iso(to)}`;
  return `${gap}: ${where}; one is due every ${formatDuration(rule.stepMs)}`;
}

function future(reading: Timed, rule: IdlenessRule): string {
  return `a sample is ${formatDuration(reading.at - rule.now)} in the future (${iso(reading.at)}): a clock is wrong`;
}

function ago(at: number, rule: IdlenessRule): string {
  return formatDuration(rule.now - at);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function iso(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? `${at} ms` : date.toISOString().replace(/\.000Z$/, "Z");
}
