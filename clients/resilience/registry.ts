import { bulkhead, type IPolicy } from "cockatiel";
import { Breaker, type BreakerStatus } from "./breaker.ts";
import { type CallKind, POLICIES, retryScale } from "./policies.ts";

/** What all calls to one destination share. */
export interface Lane {
  breaker: Breaker;
  bulkhead: IPolicy;
}

/** The breakers and lines of a process, one pair for each kind of call and destination. */
export class Breakers {
  readonly #lanes = new Map<string, Lane>();
  readonly #listeners = new Set<(status: BreakerStatus) => void>();

  lane(kind: CallKind, destination: string): Lane {
    const key = `${kind} ${destination}`;
    const known = this.#lanes.get(key);
    if (known) return known;
    const { breaker: policy, mostAtOnce } = POLICIES[kind];
    const scale = retryScale();
    const scaled = { ...policy, withinMs: policy.withinMs * scale, openMs: policy.openMs * scale };
    const breaker = new Breaker(kind, destination, scaled, (status) => this.#tell(status));
    const lane = { breaker, bulkhead: bulkhead(mostAtOnce, Number.POSITIVE_INFINITY) };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Those that were called so far, in order of service and destination. */
  list(): BreakerStatus[] {
    return [...this.#lanes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { breaker }]) => breaker.status());
  }

  /** Closes by hand those of a service or destination; answers with how many there were. */
  reset(name: string): number {
    const meant = [...this.#lanes.values()].filter(({ breaker }) => {
      const { service, destination } = breaker.status();
      return [service, destination, `${service} ${destination}`].includes(name);
    });
    for (const { breaker } of meant) breaker.reset();
    return meant.length;
  }

  /** Tells of every opening, probe, closing and reset; answers with what ends it. */
  onChange(listener: (status: BreakerStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(status: BreakerStatus): void {
    for (const listener of this.#listeners) listener(status);
  }
}

/** Those of this process, which clients take where they are given no others. */
export const breakers = new Breakers();
