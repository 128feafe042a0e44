import type { ApiError } from "../../clients/digitalocean/index.ts";
import type { NodeStack } from "./node-stack.ts";

/** Seconds between two looks: quick at first, then patient. */
const STEPS = [2, 3, 5, 10, 15, 30];

/**
 * Looks until there is something, for so many seconds of the cloud's time; undefined when there never was. Time that calls take is not
 * counted.
 */
export async function waitFor<T>(
  { clock }: Pick<NodeStack, "clock">,
  { seconds, signal }: { seconds: number; signal?: AbortSignal },
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  let waited = 0;
  for (let tries = 0; ; tries++) {
    const found = await look();
    if (found !== undefined || waited >= seconds) return found;
    const step = Math.min(STEPS[Math.min(tries, STEPS.length - 1)] ?? 30, seconds - waited);
    await clock.sleep(step * 1000, signal);
    waited += step;
  }
}

/** The object, or undefined where there is none (404). */
export async function present<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: ApiError) => {
    if (error.status === 404) return undefined;
    throw error;
  });
}

/**
 * Asks for an action. Undefined where nobody knows whether it began (no answer, 5xx), or it was refused because of another that runs (422):
 * a look tells.
 */
export async function ask<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: ApiError) => {
    const { status } = error;
    if (status === 0 || status === 422 || status >= 500) return undefined;
    throw error;
  });
}
