import { UserError } from "../../domain/errors.ts";
import { failureLine } from "../../domain/failure-line.ts";
import type { ConnectOptions } from "./connection.ts";

/**
 * How the small programs beside this file (pin, sync, send-repository) learn where to go: by environment, because arguments
 * can be read by every user of a machine. WINDLASS_SSH_HOST, _PORT, _USER, _PRIVATE_KEY (PEM text), _HOST_KEY.
 */
export function connectOptions(environment: NodeJS.ProcessEnv): ConnectOptions {
  const need = (name: string): string => {
    const value = environment[name];
    if (!value)
      throw new UserError("UsageError", {
        reason: `${name} is not set`,
        suggestion: "this program is run by the stack",
      });
    return value;
  };
  return {
    host: need("WINDLASS_SSH_HOST"),
    port: Number(environment.WINDLASS_SSH_PORT ?? 22),
    user: environment.WINDLASS_SSH_USER ?? "root",
    privateKey: need("WINDLASS_SSH_PRIVATE_KEY"),
    hostKey: environment.WINDLASS_SSH_HOST_KEY,
  };
}

/** Runs a program to its end: Ctrl-C stops it, errors come as text for people and as a line for programs, exit code 1. */
export async function runEntry(program: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  try {
    await program(stop.signal);
    process.exitCode = 0;
  } catch (error) {
    process.exitCode = 1;
    if (!(error instanceof UserError)) throw error;
    note(`${error.code}: ${error.message}`);
    note(failureLine(error));
  }
}

/** One line of progress, on standard error: standard output carries the result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
