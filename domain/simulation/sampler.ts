import type { Malformed, Sample } from "../idleness.ts";
import type { Activity } from "./load.ts";
import type { Random } from "./random.ts";

/** What goes on in a node at one moment, as it truly is. */
export interface Moment {
  activity: Activity | undefined;
  managed: boolean;
  /** The GPU's memory in use. */
  memoryMiB: number;
  /** A model is being loaded: the GPU stands still while its memory fills. */
  loading: boolean;
}

/** Times in which something does not work, as pairs of first and last minute, in order. */
export type Outages = readonly (readonly [from: number, to: number])[];

/** Draws outages that come once in `everyDays` on average and last `least` to `most` minutes. */
export function outages(random: Random, minutes: number, everyDays: number, least: number, most: number): Outages {
  const list: [number, number][] = [];
  for (let at = random.exponential(everyDays * 1440); at < minutes; at += random.exponential(everyDays * 1440)) {
    const to = at + random.between(least, most);
    list.push([at, to]);
    at = to;
  }
  return list;
}

/** Tells of minutes in rising order whether they lie in an outage. */
export function inOutage(list: Outages): (minute: number) => boolean {
  let next = 0;
  return (minute) => {
    let one = list[next];
    while (one && one[1] < minute) one = list[++next];
    return one !== undefined && one[0] <= minute;
  };
}

/** One sample in so many is lost on the way. */
const LOST = 0.003;
/** One in so many reads nonsense. */
const MALFORMED = 0.0002;
/** One minute of an idle GPU in so many shows load: a health check, a window manager. */
const BLIP = 0.0001;

/** How often one look at the GPU finds load. */
const LOADED: Record<Activity, number> = {
  ...{ training: 0.95, serving: 0.8, session: 0.2, trickle: 0.12, hung: 0.5 },
  ...{ preparing: BLIP, forgotten: BLIP },
};

/** How often a process on the GPU has used enough of the CPU since the last look to count as computing. */
const COMPUTING: Record<Activity, number> = {
  ...{ training: 0.999, serving: 0.95, session: 0.3, trickle: 0.25, hung: 0.5 },
  ...{ preparing: 0, forgotten: BLIP },
};

/**
 * What nvidia-smi and the node's process list show of a moment: a reading of one instant, with dips in the middle of work and blips in
 * the middle of nothing. Undefined where the sample is lost. The sample is one object that every call fills anew.
 */
export class Sampler {
  readonly #random: Random;
  readonly #sample: Sample;
  readonly #malformed: Malformed & { at: number } = { at: 0, malformed: "no figures" };

  constructor(random: Random, gpus: number) {
    this.#random = random;
    const card = () => ({ utilization: 0, memoryUsedMiB: 0 });
    this.#sample = { at: 0, gpus: Array.from({ length: gpus }, card), sshSessions: 0, jobs: 0, loading: false };
  }

  read(at: number, moment: Moment): Sample | (Malformed & { at: number }) | undefined {
    const luck = this.#random.next();
    if (luck < LOST) return undefined;
    if (luck < LOST + MALFORMED) {
      this.#malformed.at = at;
      return this.#malformed;
    }
    const sample = this.#sample;
    const { activity, managed, loading } = moment;
    sample.at = at;
    sample.sshSessions = activity === "session" ? 1 : 0;
    const computing = activity !== undefined && this.#random.chance(COMPUTING[activity]);
    sample.jobs = managed || computing ? 1 : 0;
    sample.loading = loading && this.#random.chance(0.9);
    // The work is on the last GPU: the others of a node stand still, and must not make it idle.
    const busy = sample.gpus.at(-1) as Sample["gpus"][number];
    busy.utilization = loading ? 0 : this.#utilization(activity);
    busy.memoryUsedMiB = Math.max(0, Math.round(moment.memoryMiB + this.#random.next() * 8));
    return sample;
  }

  #utilization(activity: Activity | undefined): number {
    const random = this.#random;
    return random.chance(activity === undefined ? BLIP : LOADED[activity])
      ? Math.round(random.between(8, 100))
      : random.chance(0.01)
        ? random.whole(1, 4)
        : 0;
  }
}
