import type { Judgement } from "../resilience/index.ts";
import { ApiError } from "./errors.ts";

/**
 * What an error of a call means. A POST makes something each time it arrives, so it is repeated only when the API said that it did not look at
 * it (429).
 */
export function judge(method: string, error: unknown): Judgement {
  if (!(error instanceof ApiError)) return { retry: false, failure: false };
  const down = error.status === 0 || error.status >= 500;
  return {
    retry: error.status === 429 || (down && method !== "POST"),
    failure: down,
    retryAfterMs: error.retryAfter === undefined ? undefined : error.retryAfter * 1000,
  };
}
