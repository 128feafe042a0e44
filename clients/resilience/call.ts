import { DelegateBackoff, handleWhen, type IRetryBackoffContext, retry } from "cockatiel";
import { CircuitOpenError, type Verdict } from "./breaker.ts";
import { type CallKind, POLICIES, retryScale } from "./policies.ts";
import { type Breakers, breakers } from "./registry.ts";
import { within } from "./within.ts";

/** What an error of a try means. */
export interface Judgement {
  /** Whether another try may help, and does no harm. */
  retry: boolean;
  /** Whether the service is down, as opposed to one that answers with a refusal. */
  failure: boolean;
  /** What the service asked to wait before the next try. */
  retryAfterMs?: number | undefined;
}

/** What a caller may set; times in milliseconds. */
export interface CallSettings {
  /** For one try. @default the policy's */
  timeoutMs?: number | undefined;
  /** Before each further try, without jitter. @default the policy's */
  retryDelaysMs?: readonly number[] | undefined;
  /** Stops the call, also while it waits; it throws the signal's reason then. */
  signal?: AbortSignal | undefined;
  /** @default those of this process */
  breakers?: Breakers | undefined;
}

export interface Call<T> extends CallSettings {
  /** Host and port. */
  destination: string;
  judge: (error: unknown) => Judgement;
  /** The client's own error of a call that was not made. @default `CircuitOpenError` itself */
  refused?: (error: CircuitOpenError) => Error;
  /** Answers in place of a call that was refused, or that failed in all its tries because the service is down. */
  fallback?: (error: unknown) => T | Promise<T>;
}

/** One try. */
export interface Try {
  /** Ends with the time-out, and when the call is stopped. */
  deadline: AbortSignal;
  /** Ends only when the call is stopped. */
  signal: AbortSignal;
  timeoutMs: number;
}

/**
 * Makes a call as the table of policies says: fallback around the circuit breaker around the retries around the line of those that wait for
 * their turn; each try with its own time-out. The breaker counts calls, not tries: a service that is back after the second try was not down.
 */
export async function call<T>(kind: CallKind, options: Call<T>, work: (attempt: Try) => Promise<T>): Promise<T> {
  const { destination, judge, signal = new AbortController().signal } = options;
  const policy = POLICIES[kind];
  const lane = (options.breakers ?? breakers).lane(kind, destination);
  const timeoutMs = options.timeoutMs ?? policy.timeoutMs;

  const attempt = () =>
    lane.bulkhead.execute(() => {
      signal.throwIfAborted();
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return work({ deadline, signal, timeoutMs });
    }, signal);
  const retries = retryPolicy(kind, options);
  retries.onRetry(() => lane.breaker.retried());
  const verdict = (error: unknown): Verdict =>
    signal.aborted ? "stopped" : judge(error).failure ? "failure" : "answered";
  const guarded = lane.breaker.execute(() => retries.execute(attempt, signal), verdict, signal);

  try {
    // Once the call is stopped, nobody waits for the end of a pause or for a turn in the line.
    return await within(signal, withFallback(guarded, options));
  } catch (error) {
    if (error instanceof CircuitOpenError && options.refused) throw options.refused(error);
    throw error;
  }
}

/** Tries again after the policy's delays, or after what the service asked for where that is longer. */
function retryPolicy(kind: CallKind, options: CallSettings & Pick<Call<unknown>, "judge">) {
  const { longestRetryAfterMs, jitter, retryDelaysMs } = POLICIES[kind];
  const delays = options.retryDelaysMs ?? retryDelaysMs.map((ms) => ms * retryScale() * (1 + Math.random() * jitter));
  const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>>(({ attempt, result }) => {
    const asked = "error" in result ? (options.judge(result.error).retryAfterMs ?? 0) : 0;
    return Math.max(delays[attempt - 1] ?? 0, asked);
  });
  const again = handleWhen((error) => {
    if (options.signal?.aborted) return false;
    const { retry: useful, retryAfterMs = 0 } = options.judge(error);
    return useful && retryAfterMs <= longestRetryAfterMs;
  });
  return retry(again, { maxAttempts: delays.length, backoff });
}

async function withFallback<T>(making: Promise<T>, options: Call<T>): Promise<T> {
  const { fallback, judge, signal } = options;
  try {
    return await making;
  } catch (error) {
    signal?.throwIfAborted();
    const down = error instanceof CircuitOpenError || judge(error).failure;
    if (!down || !fallback) throw error;
    return fallback(error);
  }
}
