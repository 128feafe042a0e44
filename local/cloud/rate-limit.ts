/** The moments of the last requests, so that "at most `limit` in any `windowMs`" can be held exactly. */
class SlidingWindow {
  readonly limit: number;
  readonly windowMs: number;
  readonly #times: number[] = [];
  #head = 0;

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  /** How many requests count now. */
  used(now: number): number {
    while (this.#head < this.#times.length && (this.#times[this.#head] as number) <= now - this.windowMs) this.#head++;
    if (this.#head > 4096) {
      this.#times.splice(0, this.#head);
      this.#head = 0;
    }
    return this.#times.length - this.#head;
  }

  add(now: number): void {
    this.#times.push(now);
  }

  /** When the oldest request that counts stops counting. */
  resets(now: number): number {
    return (this.#times[this.#head] ?? now) + this.windowMs;
  }
}

export interface RateVerdict {
  limit: number;
  remaining: number;
  /** Seconds since 1970 at which the oldest request stops counting. */
  reset: number;
  /** Set when the request is refused: seconds to wait; null = refused, no hint (the hourly limit gives none). */
  retryAfter?: number | null;
}

/**
 * DigitalOcean's limits for one token: 5,000 requests in an hour, 250 in a minute, and 10 GETs of the key list in a minute.
 * They are counted on the machine's clock, since clients wait on theirs, and kept in memory only: a restart forgives.
 */
export class RateLimit {
  readonly #hour = new SlidingWindow(5000, 3_600_000);
  readonly #minute = new SlidingWindow(250, 60_000);
  readonly #keyLists = new SlidingWindow(10, 60_000);
  readonly #enforced: boolean;

  /** Not enforced, the headers still tell what would have been left. */
  constructor(enforced: boolean) {
    this.#enforced = enforced;
  }

  check(method: string, path: string, now = Date.now()): RateVerdict {
    if (!this.#enforced) return { limit: 5000, remaining: 4999, reset: Math.ceil(now / 1000) + 3600 };
    const hour = this.#hour.used(now);
    const verdict = {
      limit: 5000,
      remaining: Math.max(0, 5000 - hour - 1),
      reset: Math.ceil(this.#hour.resets(now) / 1000),
    };
    if (hour >= this.#hour.limit) return { ...verdict, remaining: 0, retryAfter: null };
    const burst =
      this.#refusing(this.#minute, now) ?? (isKeyList(method, path) ? this.#refusing(this.#keyLists, now) : undefined);
    if (burst) return { ...verdict, retryAfter: Math.max(1, Math.ceil((burst.resets(now) - now) / 1000)) };
    this.#hour.add(now);
    this.#minute.add(now);
    if (isKeyList(method, path)) this.#keyLists.add(now);
    return verdict;
  }

  #refusing(window: SlidingWindow, now: number): SlidingWindow | undefined {
    return window.used(now) >= window.limit ? window : undefined;
  }
}

function isKeyList(method: string, path: string): boolean {
  return method === "GET" && path === "/v2/account/keys";
}
