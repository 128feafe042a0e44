/** What stacks have in common that Windlass makes a project for by itself: services, tunnels. */
import { UserError } from "../../domain/errors.ts";
import { orphanedEngine, refuseLiveLocks, removeLock, stackLocks } from "../locks.ts";
import { stopOrphan } from "../orphan.ts";
import { currentDeployment } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target } from "../target.ts";
import { openStack } from "./stack.ts";

/**
 * Settles what a killed run has left: locks of dead processes, and creates that are pending, for the bundled plugins find what was made by the
 * marks they have left. Throws `StackLocked` where another run is alive.
 */
export async function settle(target: Target, options: OperationOptions): Promise<void> {
  const orphan = orphanedEngine(target);
  if (orphan !== undefined) await stopOrphan(orphan, options);
  const locks = stackLocks(target);
  refuseLiveLocks(target, locks);
  for (const lock of locks) removeLock(lock);
  const deployment = await currentDeployment(target);
  if (!deployment?.pending_operations?.length) return;
  const text = `the last update was killed: ${deployment.pending_operations.length} operations are looked at again`;
  options.onEvent?.({ kind: "note", level: "info", text });
  const { stack } = await openStack(target, "settle", {}, { select: false });
  const { pending_operations: _, ...rest } = deployment;
  await stack.importStack({ version: 3, deployment: rest });
}

/**
 * The engine's errors are told in terms of GPU stacks: here the commands are others.
 * @param again the command that goes on, as in `windlass services up shop`
 */
export function inOwnWords(error: unknown, again: string): unknown {
  if (!(error instanceof UserError)) return error;
  const code = error.code === "ProvisionFailed" ? "CommandFailed" : error.code;
  const { suggestion, ...details } = error.details;
  const foreign = suggestion === undefined || /--stack|windlass (up|recover)|DigitalOcean/.test(suggestion);
  const own = { suggestion: foreign ? `mend it, then run: ${again}` : suggestion };
  return new UserError(code, { ...details, ...own }, { exitCode: error.exitCode, cause: error.cause });
}
