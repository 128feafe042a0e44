import { retryScale } from "../clients/resilience/policies.ts";
import type { Target } from "./target.ts";

/** The time of the cloud that a target is on: the machine's own at DigitalOcean, the local cloud's on the local way. */
export interface CloudClock {
  /** Milliseconds since 1970. */
  now(): Promise<number>;
  /**
   * Waits; throws the signal's reason where it is stopped. On a driven local clock, which stands still until it is told to move, whoever waits
   * moves it. `scale` of a scaled one shortens the wait.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Asked anew each time: a local cloud's clock may be set while an operation runs. */
export function cloudClock(target: Pick<Target, "cloud" | "home">): CloudClock {
  if (target.cloud !== "local") return { now: async () => Date.now(), sleep: wait };
  const read = async () => {
    const { control } = await import("./local-cloud.ts");
    return control<{ mode: "real" | "scaled" | "driven"; now: string; scale: number }>(target, "GET", "clock");
  };
  return {
    now: async () => Date.parse((await read()).now),
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      const { mode, scale } = await read();
      // Waits on the local cloud are as much shorter than real ones as its actions are.
      if (mode !== "driven") return wait((milliseconds * retryScale()) / (mode === "scaled" ? scale : 1), signal);
      const { control } = await import("./local-cloud.ts");
      await control(target, "POST", "clock/advance", { seconds: milliseconds / 1000 });
    },
  };
}

function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
