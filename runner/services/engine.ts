import type { NasServicesArgs } from "../../components/compose-services.ts";
import type { StackPlan, VolumeSpec } from "../../domain/services/spec.ts";
import { type Deployment, nameOfUrn, type ResourceState } from "../checkpoint.ts";
import type { EngineReport } from "../engine/events.ts";
import { runOwnStack } from "../engine/own-stack.ts";
import { type EngineArguments, type EngineOperation, openStack } from "../engine/stack.ts";
import { currentDeployment } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target } from "../target.ts";
import { VOLUME } from "./changes.ts";

/** Runs an operation on a stack of services. Throws `StackLocked`, and `CommandFailed` with what the Docker engine said. */
export async function runServices(
  target: Target,
  operation: EngineOperation,
  args: EngineArguments,
  options: OperationOptions,
  declared?: NasServicesArgs,
): Promise<EngineReport> {
  const servePlugin = async () => (await import("../local-cloud.ts")).serveDockerPlugin();
  const loadProgram = async () => {
    if (!declared) return undefined;
    const { servicesProgram } = await import("../../stacks/services.ts");
    return async () => servicesProgram(declared);
  };
  const run = { operation, args, commands: "services", servePlugin, loadProgram };
  return runOwnStack(target, run, options);
}

/**
 * The plan with the volumes that the stack has and the files do not name any more: what a preview shows of a stack that goes on having them. The
 * engine would refuse to drop a protected resource, and a preview must not change the state.
 */
export async function withUnnamedVolumes(target: Target, plan: StackPlan): Promise<StackPlan> {
  const unnamed = unnamedVolumes(await currentDeployment(target), plan).map(({ urn, inputs }) => {
    const { name, driver, driverOpts } = inputs as Pick<VolumeSpec, "name" | "driver" | "driverOpts">;
    const options = { ...(driver ? { driver } : {}), ...(driverOpts ? { driverOpts } : {}) };
    return { key: nameOfUrn(urn).replace(`${plan.project}-volume-`, ""), name, ...options, labels: {} };
  });
  return { ...plan, volumes: [...plan.volumes, ...unnamed] };
}

/**
 * Lets go of volumes that the files do not name any more: they leave the state and stay on the engine with their data, and are used again
 * when they are named again.
 */
export async function releaseVolumes(target: Target, plan: StackPlan, options: OperationOptions): Promise<void> {
  const deployment = await currentDeployment(target);
  const left = unnamedVolumes(deployment, plan);
  if (!deployment || left.length === 0) return;
  const resources = (deployment.resources ?? []).map((one) => (left.includes(one) ? { ...one, protect: false } : one));
  const { stack } = await openStack(target, "release", {}, { select: false });
  await stack.importStack({ version: 3, deployment: { ...deployment, resources } });
  const text = `the files do not name ${left.map(({ inputs }) => inputs?.name).join(", ")} any more: kept, with the data`;
  options.onEvent?.({ kind: "note", level: "info", text });
}

function unnamedVolumes(deployment: Deployment | undefined, plan: StackPlan): ResourceState[] {
  const named = new Set(plan.volumes.map(({ name }) => name));
  return (deployment?.resources ?? []).filter(
    ({ type, protect, retainOnDelete, inputs }) =>
      type === VOLUME && protect && retainOnDelete && !named.has(String(inputs?.name)),
  );
}
