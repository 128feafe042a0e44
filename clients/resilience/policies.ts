/** Kinds of calls that leave this machine. */
export type CallKind = "digitalocean" | "cloudflare" | "slack" | "mail" | "prometheus" | "s3";

/** How calls of a kind are made; times in milliseconds. */
export interface CallPolicy {
  /** For one try. */
  timeoutMs: number;
  /** Before each further try; at most `jitter` (a share of it) is added at random, so that many callers do not come back at once. */
  retryDelaysMs: readonly number[];
  jitter: number;
  /** A longer `Retry-After` is not waited for: the caller is told instead. */
  longestRetryAfterMs: number;
  /** Tries under way at once to one destination; the others wait in line. */
  mostAtOnce: number;
  breaker: BreakerPolicy;
}

/**
 * When a destination counts as down. A failure is a call that failed in all of its tries because nothing answered or the service was broken;
 * an answer that refuses (404, a wrong key) is none.
 */
export interface BreakerPolicy {
  /** So many failures within `withinMs` open the circuit. */
  failures: number;
  withinMs: number;
  /** Calls are refused for so long; then one probe decides. */
  openMs: number;
}

const BREAKER: BreakerPolicy = { failures: 5, withinMs: 60_000, openMs: 60_000 };

const DEFAULTS = { jitter: 0.25, longestRetryAfterMs: 60_000, breaker: BREAKER };

/** Services on the internet are tried again after 2, 4 and 8 s, those that are our own or stand near after 1, 2 and 4 s. */
const FAR: readonly number[] = [2000, 4000, 8000];
const NEAR: readonly number[] = [1000, 2000, 4000];

/** The one table of how every kind of call is made. */
export const POLICIES: Readonly<Record<CallKind, CallPolicy>> = {
  // DigitalOcean lets 250 calls a minute in.
  digitalocean: { ...DEFAULTS, timeoutMs: 30_000, retryDelaysMs: FAR, mostAtOnce: 16 },
  // Cloudflare lets 1200 calls in five minutes in.
  cloudflare: { ...DEFAULTS, timeoutMs: 30_000, retryDelaysMs: FAR, mostAtOnce: 16 },
  // Slack lets one message a second in.
  slack: { ...DEFAULTS, timeoutMs: 10_000, retryDelaysMs: FAR, mostAtOnce: 1 },
  mail: { ...DEFAULTS, timeoutMs: 20_000, retryDelaysMs: FAR, mostAtOnce: 2 },
  // Prometheus answers 20 queries at once by default (--query.max-concurrency).
  prometheus: { ...DEFAULTS, timeoutMs: 30_000, retryDelaysMs: NEAR, mostAtOnce: 8 },
  s3: { ...DEFAULTS, timeoutMs: 120_000, retryDelaysMs: NEAR, mostAtOnce: 32 },
};

/**
 * ssh has waits of its own: a command must not be run twice, so nothing is tried again; a machine that starts is asked until it answers. A node
 * that cannot be reached says nothing of the next one, so there is no breaker.
 */
export const SSH = {
  /** For a handshake, and for a command that is given no other. */
  timeoutMs: 30_000,
  /** For a machine to start. */
  startMs: 300_000,
  /** Between two tries; doubled each time up to the longest. */
  firstPauseMs: 100,
  longestPauseMs: 2000,
} as const;

/** What waits are multiplied with: WINDLASS_RETRY_SCALE, which tests set; else 1. */
export function retryScale(): number {
  return Number(process.env.WINDLASS_RETRY_SCALE ?? 1);
}
