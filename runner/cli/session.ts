import { UserError } from "../../domain/errors.ts";
import { operationLog } from "../operation-log.ts";
import { windlassHome } from "../own-root.ts";
import type { OnEvent, OperationOptions } from "../progress.ts";
import { createReporter } from "./reporter.ts";
import { runningCommand } from "./running-command.ts";

/**
 * Runs an operation with progress on stderr and in the log, and Ctrl-C as a wish to stop: the first gracefully, the second at once.
 */
export async function withSession<T>(work: (options: Required<OperationOptions>) => Promise<T>): Promise<T> {
  const graceful = new AbortController();
  const hard = new AbortController();
  const reporter = createReporter(process.stderr);
  const command = runningCommand();
  const log = command === undefined ? undefined : operationLog(windlassHome(), command);
  const onEvent: OnEvent = (event) => {
    reporter.onEvent(event);
    log?.onEvent(event);
  };
  const interrupt = () => {
    if (hard.signal.aborted) return;
    const [controller, text] = graceful.signal.aborted
      ? ([hard, "stopping at once"] as const)
      : ([graceful, "stopping: what is in flight is finished and saved (Ctrl-C again stops at once)"] as const);
    onEvent({ kind: "note", level: "warning", text });
    controller.abort(interrupted());
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const result = await work({ onEvent, signal: graceful.signal, killSignal: hard.signal });
    log?.end();
    return result;
  } catch (error) {
    log?.end(error);
    if (!graceful.signal.aborted) throw error;
    if (!(error instanceof UserError)) throw interrupted(error);
    if (error.code !== "Cancelled") throw error;
    throw new UserError("Cancelled", { ...error.details, interrupted: true }, { cause: error });
  } finally {
    reporter.end();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function interrupted(cause?: unknown): UserError {
  const details = {
    reason: "stopped before anything was changed",
    suggestion: "run it again to go on",
    interrupted: true,
  };
  return new UserError("Cancelled", details, { cause });
}
