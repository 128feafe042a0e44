/** What stacks have in common that Windlass makes a project for by itself: services, tunnels. */
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../../domain/errors.ts";
import type { ServedPlugin } from "../local-cloud.ts";
import { orphanedEngine, refuseLiveLocks, removeLock, stackLocks } from "../locks.ts";
import { stopOrphan } from "../orphan.ts";
import { currentDeployment } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target } from "../target.ts";
import type { EngineReport } from "./events.ts";
import { type EngineArguments, type EngineOperation, openStack, runEngine } from "./stack.ts";

/** What is run on such a stack. */
export interface OwnRun {
  operation: EngineOperation;
  args: EngineArguments;
  /** The commands it belongs to: `services` for `windlass services up` and `down`. */
  commands: string;
  servePlugin: () => Promise<ServedPlugin>;
  /** Undefined where nothing is declared: to destroy. */
  loadProgram: () => Promise<PulumiFn | undefined>;
}

/**
 * Runs an operation on a stack that Windlass makes a project for by itself. Program and plugin run in this process: the engine is all that is
 * started. What a killed run has left is settled first. Throws `StackLocked`, and `CommandFailed` with what the plugin's API said.
 */
export async function runOwnStack(target: Target, run: OwnRun, options: OperationOptions): Promise<EngineReport> {
  const { operation, args, commands, servePlugin, loadProgram } = run;
  const [plugin, program] = await Promise.all([servePlugin(), loadProgram()]);
  try {
    await settle(target, options);
    const { environment } = plugin;
    const more = { create: true, select: false, environment, ...(program ? { program } : {}) };
    return await runEngine(await openStack(target, operation, options, more), operation, args);
  } catch (error) {
    throw inOwnWords(error, `windlass ${commands} ${operation === "destroy" ? "down" : "up"} ${target.project}`);
  } finally {
    plugin.close();
  }
}

/**
 * Settles what a killed run has left: locks of dead processes, and creates that are pending, for the bundled plugins find what was made by the
 * marks they have left. Throws `StackLocked` where another run is alive.
 */
async function settle(target: Target, options: OperationOptions): Promise<void> {
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
function inOwnWords(error: unknown, again: string): unknown {
  if (!(error instanceof UserError)) return error;
  const code = error.code === "ProvisionFailed" ? "CommandFailed" : error.code;
  const { suggestion, ...details } = error.details;
  const foreign = suggestion === undefined || /--stack|windlass (up|recover)|DigitalOcean/.test(suggestion);
  const own = { suggestion: foreign ? `mend it, then run: ${again}` : suggestion };
  return new UserError(code, { ...details, ...own }, { exitCode: error.exitCode, cause: error.cause });
}
