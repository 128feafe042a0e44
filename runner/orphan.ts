import { UserError } from "../domain/errors.ts";
import { isAlive, sendSignal } from "./locks.ts";
import type { OperationOptions } from "./progress.ts";

/** Seconds that an engine whose runner died has to finish what it is at. */
const ORPHAN_SECONDS = 120;

/** Asks an engine whose runner died to finish and save. */
export async function stopOrphan(pid: number, options: OperationOptions): Promise<void> {
  options.onEvent?.({
    kind: "phase",
    text: `the engine (process ${pid}) outlived its runner: letting it finish what is in flight`,
  });
  sendSignal(pid, "SIGINT");
  const deadline = performance.now() + ORPHAN_SECONDS * 1000;
  while (isAlive(pid)) {
    if (options.signal?.aborted) throw new UserError("Cancelled", { reason: "stopped while waiting for the engine" });
    if (performance.now() > deadline) sendSignal(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
