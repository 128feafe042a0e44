import { DelegateBackoff, handleWhen, type IPolicy, type IRetryBackoffContext, retry } from "cockatiel";
import { ApiError } from "./errors.ts";

/** Milliseconds before the second, third and fourth try. */
export const RETRY_DELAYS_MS: readonly number[] = [2000, 4000, 8000];

/** The API's hourly limit can ask for waits of many minutes: beyond this the caller is told instead. */
export const LONGEST_RETRY_AFTER_SECONDS = 60;

/**
 * Tries again after 2, 4 and 8 s, or after what `Retry-After` says where that is longer.
 * A POST makes something each time it arrives, so it is repeated only when the API said that it did not look at it (429).
 */
export function retryPolicy(method: string, delays: readonly number[] = RETRY_DELAYS_MS): IPolicy {
  const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>>(({ attempt, result }) => {
    const asked = "error" in result && result.error instanceof ApiError ? (result.error.retryAfter ?? 0) : 0;
    return Math.max(delays[attempt - 1] ?? 0, asked * 1000);
  });
  return retry(
    handleWhen((error) => error instanceof ApiError && isTransient(method, error)),
    { maxAttempts: delays.length, backoff },
  );
}

function isTransient(method: string, error: ApiError): boolean {
  if (error.status === 429) return (error.retryAfter ?? 0) <= LONGEST_RETRY_AFTER_SECONDS;
  if (method === "POST") return false;
  return error.status === 0 || error.status >= 500;
}
