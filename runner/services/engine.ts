import type { NasServicesArgs } from "../../components/compose-services.ts";
import { UserError } from "../../domain/errors.ts";
import type { EngineReport } from "../engine/events.ts";
import { type EngineArguments, type EngineOperation, openStack, runEngine } from "../engine/stack.ts";
import { refuseLiveLocks, removeLock, stackLocks } from "../locks.ts";
import { currentDeployment } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target } from "../target.ts";

/**
 * Runs an operation on a stack of services. Program and plugin run in this process: the engine is all that is started. Locks of dead
 * processes and creates that a killed update has left pending are settled first: the plugin finds what was made by the marks it has left.
 * Throws `StackLocked`, and `CommandFailed` with what the Docker engine said.
 */
export async function runServices(
  target: Target,
  operation: EngineOperation,
  args: EngineArguments,
  options: OperationOptions,
  declared?: NasServicesArgs,
): Promise<EngineReport> {
  const { serveDockerPlugin } = await import("../local-cloud.ts");
  const plugin = await serveDockerPlugin();
  try {
    await settle(target, options);
    const { servicesProgram } = await import("../../stacks/services.ts");
    const open = await openStack(target, operation, options, {
      create: true,
      environment: plugin.environment,
      ...(declared ? { program: async () => servicesProgram(declared) } : {}),
    });
    return await runEngine(open, operation, args);
  } catch (error) {
    throw error instanceof UserError ? inServicesWords(error, target.project) : error;
  } finally {
    plugin.close();
  }
}

async function settle(target: Target, options: OperationOptions): Promise<void> {
  const locks = stackLocks(target);
  refuseLiveLocks(target, locks);
  for (const lock of locks) removeLock(lock);
  const deployment = await currentDeployment(target);
  if (!deployment?.pending_operations?.length) return;
  const text = `the last update was killed: ${deployment.pending_operations.length} operations are looked at again`;
  options.onEvent?.({ kind: "note", level: "info", text });
  const { stack } = await openStack(target, "settle", {});
  const { pending_operations: _, ...rest } = deployment;
  await stack.importStack({ version: 3, deployment: rest });
}

/**
 * Lets go of volumes that the files do not name any more: they leave the state and stay on the engine with their data, and are used again
 * when they are named again. The engine would refuse to drop a protected resource.
 */
export async function releaseVolumes(
  target: Target,
  named: ReadonlySet<string>,
  options: OperationOptions,
): Promise<void> {
  const deployment = await currentDeployment(target);
  const left = (deployment?.resources ?? []).filter(
    ({ type, protect, retainOnDelete, inputs }) =>
      type === VOLUME && protect && retainOnDelete && !named.has(String(inputs?.name)),
  );
  if (!deployment || left.length === 0) return;
  const resources = (deployment.resources ?? []).map((one) => (left.includes(one) ? { ...one, protect: false } : one));
  const { stack } = await openStack(target, "release", {});
  await stack.importStack({ version: 3, deployment: { ...deployment, resources } });
  const text = `the files do not name ${left.map(({ inputs }) => inputs?.name).join(", ")} any more: kept, with the data`;
  options.onEvent?.({ kind: "note", level: "info", text });
}

/** Pulumi's type of volumes. */
export const VOLUME = "docker:index/volume:Volume";

/** The engine's errors are told in terms of GPU stacks: here the commands are others. */
function inServicesWords(error: UserError, project: string): UserError {
  const code = error.code === "ProvisionFailed" ? "CommandFailed" : error.code;
  const { suggestion, ...details } = error.details;
  const foreign = suggestion === undefined || /--stack|windlass (up|recover)/.test(suggestion);
  const own = foreign ? { suggestion: `mend it, then run: windlass services up ${project}` } : { suggestion };
  return new UserError(code, { ...details, ...own }, { exitCode: error.exitCode, cause: error.cause });
}
