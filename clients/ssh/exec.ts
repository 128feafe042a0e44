import type { ClientChannel } from "ssh2";
import { UserError } from "../../domain/errors.ts";
import { SSH } from "../resilience/policies.ts";
import type { Channel } from "./channel.ts";
import { cancelled, connectionFailed } from "./errors.ts";

/** How to run a command. */
export interface ExecOptions {
  /** Longest run in milliseconds; Infinity for work that may take any time. @default 30000 */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Given to the command's standard input, which is closed after it. @default nothing */
  stdin?: string | Buffer;
  /** Receives output as it comes. */
  onStdout?: (chunk: Buffer) => void;
  onStderr?: (chunk: Buffer) => void;
}

/** How a command ended. */
export interface ExecResult {
  /** Exit code; null where a signal ended it. */
  code: number | null;
  signal?: string;
  stdout: string;
  stderr: string;
}

/**
 * Runs one command. A failing command is a result, not an error. Throws UserError `CommandFailed` after the time limit,
 * `Cancelled` on abort, `SSHConnectionFailed` where the connection breaks.
 */
export async function exec(on: Channel, command: string, options: ExecOptions): Promise<ExecResult> {
  if (options.signal?.aborted) throw cancelled("the command");
  const { channel, ended } = await on.loss.during(open(on, command, options));
  const timeoutMs = options.timeoutMs ?? SSH.timeoutMs;
  let stop: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const bounds = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled("the command"));
    if (options.signal?.aborted) stop();
    options.signal?.addEventListener("abort", stop, { once: true });
    if (Number.isFinite(timeoutMs)) timer = setTimeout(() => reject(tooLong(on, command, timeoutMs)), timeoutMs);
  });
  try {
    return await on.loss.during(Promise.race([ended, bounds]));
  } catch (error) {
    abandon(channel);
    throw error;
  } finally {
    clearTimeout(timer);
    if (stop) options.signal?.removeEventListener("abort", stop);
  }
}

interface Running {
  channel: ClientChannel;
  ended: Promise<ExecResult>;
}

/** Listens from within the callback: a short command's exit status comes in the same packet as the consent to run it. */
function open(on: Channel, command: string, options: ExecOptions): Promise<Running> {
  return new Promise((resolve, reject) => {
    on.client.exec(command, (error, channel) => {
      if (error) reject(connectionFailed(on.to, "lost", `the machine opened no session (${error.message})`, error));
      else resolve({ channel, ended: collect(channel, options) });
    });
  });
}

function collect(channel: ClientChannel, options: ExecOptions): Promise<ExecResult> {
  return new Promise((resolve) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let ended: Pick<ExecResult, "code" | "signal"> = { code: null };
    channel.on("data", (chunk: Buffer) => {
      out.push(chunk);
      options.onStdout?.(chunk);
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      err.push(chunk);
      options.onStderr?.(chunk);
    });
    channel.on("exit", (code: number | null, signal?: string) => {
      ended = { code, signal: signal ?? undefined };
    });
    channel.on("close", () => {
      resolve({ ...ended, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") });
    });
    channel.on("error", () => undefined);
    channel.end(options.stdin);
  });
}

function abandon(channel: ClientChannel): void {
  try {
    channel.signal("TERM");
    channel.close();
  } catch {
    channel.destroy();
  }
}

function tooLong(on: Channel, command: string, timeoutMs: number): UserError {
  return new UserError("CommandFailed", {
    host: on.to.host,
    command,
    reason: `the command did not end within ${timeoutMs / 1000} s`,
    suggestion: "look on the node what it waits for, or allow it more time",
  });
}
