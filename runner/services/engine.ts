import type { NasServicesArgs } from "../../components/compose-services.ts";
import type { EngineReport } from "../engine/events.ts";
import { inOwnWords, settle } from "../engine/own-stack.ts";
import { type EngineArguments, type EngineOperation, openStack, runEngine } from "../engine/stack.ts";
import { currentDeployment } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target } from "../target.ts";
import { VOLUME } from "./changes.ts";

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
  const [plugin, program] = await Promise.all([
    import("../local-cloud.ts").then(({ serveDockerPlugin }) => serveDockerPlugin()),
    declared && import("../../stacks/services.ts"),
  ]);
  try {
    await settle(target, options);
    const open = await openStack(target, operation, options, {
      create: true,
      select: false,
      environment: plugin.environment,
      ...(program && declared ? { program: async () => program.servicesProgram(declared) } : {}),
    });
    return await runEngine(open, operation, args);
  } catch (error) {
    throw inOwnWords(error, `windlass services up ${target.project}`);
  } finally {
    plugin.close();
  }
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
  const { stack } = await openStack(target, "release", {}, { select: false });
  await stack.importStack({ version: 3, deployment: { ...deployment, resources } });
  const text = `the files do not name ${left.map(({ inputs }) => inputs?.name).join(", ")} any more: kept, with the data`;
  options.onEvent?.({ kind: "note", level: "info", text });
}
