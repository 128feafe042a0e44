import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../../domain/errors.ts";
import { SSH } from "../resilience/policies.ts";
import { type ConnectOptions, connect, type SshConnection } from "./connection.ts";
import { cancelled } from "./errors.ts";

/** How long to wait for a machine that is starting. */
export interface WaitOptions extends ConnectOptions {
  /** In all, in milliseconds. @default 300000 */
  totalMs?: number;
  /** Told of every try that failed, with the time since the first. */
  onTry?: (error: UserError, elapsedMs: number) => void;
}

/** The longest that an ssh server is away which cloud-init makes read its keys and settings again, in milliseconds. */
export const RESTART_MS = 20_000;

/**
 * Connects to a machine that may not listen yet: tries again (30 s each at most) until the time is over, then throws what
 * the last try said. A changed host key is never tried again.
 */
export async function waitForSsh(options: WaitOptions): Promise<SshConnection> {
  const { totalMs = SSH.startMs, timeoutMs = SSH.timeoutMs, onTry } = options;
  return connectAgain(
    "waiting for",
    (elapsedMs) => ({ ...options, timeoutMs: Math.max(1000, Math.min(timeoutMs, totalMs - elapsedMs)) }),
    (error, elapsedMs, nextMs) => {
      if (!(error instanceof UserError) || error.code !== "SSHConnectionFailed") throw error;
      if (error.details.kind === "host-key-changed") throw error;
      if (nextMs >= totalMs) throw tired(error, totalMs);
      onTry?.(error, elapsedMs);
    },
  );
}

function tired(last: UserError, totalMs: number): UserError {
  const reason = `no ssh within ${Math.round(totalMs / 1000)} s: ${last.details.reason}`;
  return new UserError("SSHConnectionFailed", { ...last.details, reason }, { cause: last });
}

/** Milliseconds for which a machine that answers, and whose ssh server does not listen, counts as one whose server starts anew. */
const RELOAD_MS = 5_000;

/** Connects to a machine that runs; an ssh server that was just made to start anew is waited for. Throws as `connect` does. */
export async function connectToRunning(options: ConnectOptions): Promise<SshConnection> {
  return connectAgain(
    "connecting to",
    () => options,
    (error, _elapsedMs, nextMs) => {
      const isRefused = error instanceof UserError && error.details.kind === "refused";
      if (!isRefused || nextMs > RELOAD_MS) throw error;
    },
  );
}

/**
 * Connects, and tries again after pauses that double. Times are milliseconds since the first try began.
 * @param failed told of each try that failed and of when the next one begins; what it throws ends the tries
 */
async function connectAgain(
  doing: string,
  optionsOf: (elapsedMs: number) => ConnectOptions,
  failed: (error: unknown, elapsedMs: number, nextMs: number) => void,
): Promise<SshConnection> {
  const started = performance.now();
  for (let wait: number = SSH.firstPauseMs; ; wait = Math.min(wait * 2, SSH.longestPauseMs)) {
    const options = optionsOf(performance.now() - started);
    try {
      return await connect(options);
    } catch (error) {
      const elapsedMs = performance.now() - started;
      failed(error, elapsedMs, elapsedMs + wait);
    }
    await pause(wait, undefined, { signal: options.signal }).catch(() => {
      throw cancelled(`${doing} ${options.host}`);
    });
  }
}
