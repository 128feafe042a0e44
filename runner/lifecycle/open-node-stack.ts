import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import { type Deployment, liveResources } from "../checkpoint.ts";
import { cloudClock } from "../clock.ts";
import { openCloud } from "../cloud.ts";
import { hasVanished } from "../drift.ts";
import { openStack, runEngine } from "../engine/stack.ts";
import { type GateOptions, judgedUpdate } from "../gate/gate.ts";
import { policyNotes } from "../gate/notes.ts";
import { healthError } from "../health/error.ts";
import { nodesHealth } from "../health/nodes.ts";
import { withNode } from "../node.ts";
import { nodeNotFound, nodesOf } from "../nodes.ts";
import { currentDeployment, prepare } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target, TargetOptions } from "../target.ts";
import type { NodeStack } from "./node-stack.ts";

export interface OpenNodeOptions extends TargetOptions, OperationOptions, GateOptions {
  /** Name of the node. @default the one that the config names */
  node?: string;
}

/** Seconds of the cloud's time that a node has to become healthy. */
const HEALTH_SECONDS = 120;

/**
 * The stack of a node with the real engine behind it. Recovers an update that died first. Throws `NotFound`, naming the nodes there are, and
 * whatever `up` throws for a config or a cloud that is not right.
 */
export async function openNodeStack(options: OpenNodeOptions): Promise<NodeStack> {
  const { target, config, deployment } = await prepare(options);
  const cloud = await openCloud(target, options.signal ? { signal: options.signal } : {});
  const owner = { project: config.project, stack: target.stack, node: config.nodeName };
  if (options.node !== undefined && options.node !== owner.node)
    throw nodeNotFound(target.stack, deployment, options.node);
  const nodeOptions = { ...options, ...where(target), node: owner.node };
  const clock = cloudClock(target);
  return {
    ...{ owner, config, cloud, clock },
    converge: (message, { judged = false } = {}) => converge(options, message, judged),
    releaseVolume: () => releaseVolume(options),
    resources: async () => liveResources(await currentDeployment(target)),
    pending: async () => ((await currentDeployment(target))?.pending_operations ?? []).length,
    ...(config.bootstrap ? { ssh: (work) => withNode(nodeOptions, work) } : {}),
    proveHealth: async () => {
      if (!config.bootstrap) return proveActive(cloud, owner, await currentDeployment(target));
      const deadline = (await clock.now()) + HEALTH_SECONDS * 1000;
      for (;;) {
        const [result] = await nodesHealth(nodeOptions);
        if (result && result.status !== "unhealthy") return;
        if (result && (await clock.now()) >= deadline) throw healthError(result);
        await clock.sleep(5000, options.signal);
      }
    },
  };
}

function where({ root, stack, cloud, home }: Target): TargetOptions {
  return { root, stack, cloud, home };
}

/** As `up`, with no checks before: what an operation on a node needs it has looked at. */
async function converge(options: OpenNodeOptions, message: string, judged: boolean): Promise<void> {
  const prepared = await prepare(options);
  const { target, deployment } = prepared;
  const cloud = await openCloud(target, options.signal ? { signal: options.signal } : {});
  const [droplets, volumes] = await Promise.all([cloud.droplets(), cloud.volumes()]);
  const refresh = hasVanished(deployment, { droplets, volumes }, options);
  const open = await openStack(target, "up", options, { create: true });
  if (!judged) {
    await runEngine(open, "up", { refresh, message });
    return;
  }
  const sizes = (await cloud.sizes()).map((size) => ({ ...size, priceHourly: size.price_hourly }));
  const { overrides, pack } = options;
  const gate = { ...(overrides ? { overrides } : {}), ...(pack ? { pack } : {}) };
  const { advisories, overrides: used } = await judgedUpdate(
    open,
    { ...prepared, sizes, refresh },
    { operation: "resume", message, ...gate },
  );
  for (const text of policyNotes({ advisories, overrides: used }))
    options.onEvent?.({ kind: "note", level: "warning", text });
}

/** The engine drops an unprotected volume that is kept (`retainOnDelete`) without a call to the cloud. */
async function releaseVolume(options: OpenNodeOptions): Promise<void> {
  const { target, deployment } = await prepare(options);
  let found = false;
  const resources = (deployment?.resources ?? []).map((resource) => {
    if (resource.type !== "digitalocean:index/volume:Volume" || !resource.protect || !resource.retainOnDelete)
      return resource;
    found = true;
    return { ...resource, protect: false };
  });
  if (!found) return;
  const open = await openStack(target, "release", options);
  await open.stack.importStack({ version: 3, deployment: { ...deployment, resources } });
}

async function proveActive(cloud: DigitalOcean, owner: NodeOwner, deployment: Deployment | undefined): Promise<void> {
  const node = nodesOf(deployment).find(({ name }) => name === owner.node);
  const status = node ? (await cloud.droplet(node.dropletId)).status : "not there";
  if (status === "active") return;
  throw new UserError("HealthCheckFailed", {
    service: owner.node,
    reason: `${owner.node} is ${status}`,
    suggestion: "look at it with: windlass status",
  });
}
