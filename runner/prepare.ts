import { loadConfig, type StackConfig } from "../stacks/config.ts";
import { type Deployment, readCheckpoint } from "./checkpoint.ts";
import { openStack } from "./engine/stack.ts";
import type { OperationOptions } from "./progress.ts";
import { recoverIfNeeded } from "./recover.ts";
import { resolveTarget, type Target, type TargetOptions } from "./target.ts";

export interface Prepared {
  target: Target;
  config: StackConfig;
  /** The state as it is before the operation; undefined when there is no stack yet. */
  deployment: Deployment | undefined;
}

/**
 * What every operation of the engine needs first: a config without mistakes, a cloud that runs, and a stack that nobody else works
 * on and whose last update has come to its end.
 */
export async function prepare(options: TargetOptions & OperationOptions): Promise<Prepared> {
  const target = resolveTarget(options);
  const config = stackConfig(target);
  if (target.cloud === "local") await readyLocalCloud(target, options);
  const found = await currentDeployment(target);
  const recovered = await recoverIfNeeded(target, found, options);
  return { target, config, deployment: recovered ? await currentDeployment(target) : found };
}

/** The stack's config, checked; throws `ConfigInvalid` with every problem. */
export function stackConfig(target: Target): StackConfig {
  const values = { ...target.config.values, cloud: target.cloud };
  return loadConfig(values, target.config.source, { stack: target.stack, home: target.home });
}

async function readyLocalCloud(target: Target, options: OperationOptions): Promise<void> {
  const { installBundledPlugins, startLocalCloud } = await import("./local-cloud.ts");
  const { home } = target;
  await installBundledPlugins(home);
  const cloud = await startLocalCloud({ ...options, home });
  if (cloud.started) {
    options.onEvent?.({
      kind: "note",
      level: "info",
      text: `the local cloud runs at ${cloud.url} (backend ${cloud.backend})`,
    });
  }
}

/** The stack's state: from its file where it is one, else asked of the backend. */
export async function currentDeployment(target: Target): Promise<Deployment | undefined> {
  if (target.backend.startsWith("file://")) return readCheckpoint(target);
  const { stack } = await openStack(target, "export", {}, { create: true });
  return (await stack.exportStack()).deployment as Deployment;
}
