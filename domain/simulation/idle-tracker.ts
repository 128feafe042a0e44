import {
  LATEST_FIRST_STEPS,
  LOADING_GROWTH_MIB,
  LONGEST_GAP_STEPS,
  type Malformed,
  type Sample,
  SHORTEST_WINDOW_STEPS,
} from "../idleness.ts";

/** By what a node is judged; as judgeIdleness has it, without what changes from one judgement to the next. */
export interface TrackerRule {
  stepMs: number;
  percent: number;
}

/** A reading whose memory is lower than that of all later ones. */
interface Low {
  at: number;
  memoryUsedMiB: number;
  /** When the next reading after it was taken. */
  next: number;
}

/**
 * judgeIdleness for readings that come in one by one in the order of time: the same verdict, without looking at the whole window again.
 * A simulated month has millions of them. A test holds the two equal.
 */
export class IdleTracker {
  readonly #rule: TrackerRule;
  /** Of each GPU, in rising order of time and memory. */
  #lows: Low[][] = [];
  #since: number | undefined;
  /** The reading before `#since`, which is in the way. */
  #obstacleAt = Number.NEGATIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(rule: TrackerRule) {
    this.#rule = rule;
  }

  /** Takes the next reading; the object is not kept. */
  add(reading: Sample | (Malformed & { at: number })): void {
    const before = this.#last;
    this.#last = reading.at;
    if ("malformed" in reading || !isQuiet(reading, this.#rule.percent)) {
      this.#since = undefined;
      return;
    }
    const late = reading.at - before > LONGEST_GAP_STEPS * this.#rule.stepMs;
    if (late || this.#since === undefined || this.#lows.length !== reading.gpus.length) {
      this.#since = reading.at;
      this.#obstacleAt = before;
      this.#lows = reading.gpus.map(() => []);
    }
    for (let gpu = 0; gpu < reading.gpus.length; gpu++) this.#take(gpu, reading);
  }

  /** Beginning of the unbroken quiet that lasts until `now`, as IdleVerdict has it. */
  since(now: number): number | undefined {
    const current = now >= this.#last && now - this.#last <= LONGEST_GAP_STEPS * this.#rule.stepMs;
    return current ? this.#since : undefined;
  }

  /** Whether the node was idle for the whole window that ends now. */
  idle(now: number, windowMs: number): boolean {
    const since = this.since(now);
    const { stepMs } = this.#rule;
    if (since === undefined || windowMs < SHORTEST_WINDOW_STEPS * stepMs) return false;
    const begin = now - windowMs;
    return since <= begin + LATEST_FIRST_STEPS * stepMs && this.#obstacleAt < begin;
  }

  /** Quiet begins after the last reading whose memory was clearly lower than it is now: something was being loaded. */
  #take(gpu: number, sample: Sample): void {
    const lows = this.#lows[gpu] as Low[];
    const { memoryUsedMiB } = sample.gpus[gpu] as Sample["gpus"][number];
    const newest = lows.at(-1);
    if (newest) newest.next = sample.at;
    let grown = lows.length;
    while (grown > 0 && memoryUsedMiB - (lows[grown - 1] as Low).memoryUsedMiB < LOADING_GROWTH_MIB) grown--;
    if (grown > 0) {
      const low = lows[grown - 1] as Low;
      if (low.next > (this.#since as number)) {
        this.#since = low.next;
        this.#obstacleAt = low.at;
      }
      lows.splice(0, grown);
    }
    while (lows.length > 0 && (lows.at(-1) as Low).memoryUsedMiB >= memoryUsedMiB) lows.pop();
    lows.push({ at: sample.at, memoryUsedMiB, next: Number.POSITIVE_INFINITY });
  }
}

function isQuiet({ gpus, jobs, sshSessions, loading }: Sample, percent: number): boolean {
  for (let gpu = 0; gpu < gpus.length; gpu++)
    if (!((gpus[gpu] as Sample["gpus"][number]).utilization < percent)) return false;
  return jobs === 0 && sshSessions === 0 && !loading;
}
