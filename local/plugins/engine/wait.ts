import type { Log } from "./log.ts";

/** The first look comes soon, so that quick clouds are not waited for; later ones are rarer. */
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 1_000;

/** Milliseconds before each further try of a request that failed: 2, 4 and 8 s, times WINDLASS_RETRY_SCALE (tests use 0.01). */
export function retryDelaysMs(): number[] {
  const scale = Number(process.env.WINDLASS_RETRY_SCALE ?? 1);
  return [2_000, 4_000, 8_000].map((delay) => delay * scale);
}

/** Sleeps; rejects with the signal's reason when it aborts first. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}

export interface WaitOptions {
  /** What is waited for, as in `droplet 123`. */
  what: string;
  seconds: number;
  signal: AbortSignal;
  log: Log;
  /** Waits between two looks, in place of sleeping: for those who are told when there is something to see. */
  pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** What a look found: the state it is in for the progress line, and the result when that is the end of it. */
export interface Look<T> {
  state: string;
  done?: T;
}

/** Looks until it is done; says what it waits for. Throws when the time is over, and with the signal's reason when cancelled. */
export async function waitFor<T>(look: () => Promise<Look<T>>, options: WaitOptions): Promise<T> {
  const started = Date.now();
  for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 1.5, LONGEST_POLL_MS)) {
    const { state, done } = await look();
    if (done !== undefined) return done;
    const waited = Math.round((Date.now() - started) / 1000);
    if (waited >= options.seconds) {
      throw new Error(`${options.what} is still ${state} after ${options.seconds} s: gave up waiting`);
    }
    options.log.status(`waiting for ${options.what}: ${state}, ${waited} s`);
    await (options.pause ?? pause)(delay, options.signal);
  }
}
