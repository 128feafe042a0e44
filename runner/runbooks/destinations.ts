import { connect } from "node:net";
import type { CircuitBreakerResult } from "../../domain/health/result.ts";

/** Milliseconds that a destination gets to answer. */
const PATIENCE_MS = 5000;

/** Whether what a breaker guards answers again; `reason` where it does not. */
export interface DestinationAnswer {
  breaker: CircuitBreakerResult;
  answers: boolean;
  reason: string;
}

/**
 * Asks once what an open breaker guards, beside the breaker: a mail server for a connection, everything else for its root over HTTP, where any
 * status below 500 is an answer.
 */
export async function askDestination(breaker: CircuitBreakerResult): Promise<DestinationAnswer> {
  const { service, destination } = breaker;
  try {
    if (service === "mail") await connected(destination);
    else {
      const status = await statusOf(destination);
      if (status >= 500) return { breaker, answers: false, reason: `answers with status ${status}` };
      return { breaker, answers: true, reason: `answers with status ${status}` };
    }
    return { breaker, answers: true, reason: "takes connections" };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    return { breaker, answers: false, reason: cause?.message || message };
  }
}

async function statusOf(destination: string): Promise<number> {
  const secure = !/:\d+$/.test(destination) || destination.endsWith(":443");
  const schemes = secure ? ["https"] : ["http", "https"];
  let last: unknown;
  for (const scheme of schemes)
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(`${scheme}://${destination}/`, { signal, redirect: "manual" });
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      last = error;
    }
  throw last;
}

function connected(destination: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${destination}`);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: Number(port) || 25,
      timeout: PATIENCE_MS,
    });
    const end = (error?: Error) => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.once("connect", () => end()).once("error", end);
    socket.once("timeout", () => end(new Error(`no connection within ${PATIENCE_MS / 1000} s`)));
  });
}
