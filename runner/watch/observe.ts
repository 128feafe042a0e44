import type { ApiError, Droplet } from "../../clients/digitalocean/index.ts";
import { type IdleVerdict, judgeIdleness, type Malformed, type Sample } from "../../domain/idleness.ts";
import type { LifecycleFacts } from "../../domain/lifecycle-decision.ts";
import { nodePhase } from "../../domain/node-marker.ts";
import type { ResourceState } from "../checkpoint.ts";
import { nodeMarkers } from "../lifecycle/markers.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";
import { type MeasuredUsage, measureUsage } from "./usage.ts";

/** What was learnt of a node's load, or why nothing was. */
export type Load = { samples: readonly (Sample | Malformed)[] } | { failure: string };

/** Asks the node, or who keeps its metrics, for the samples of the window. */
export type LoadSource = (stack: NodeStack, droplet: Droplet, window: LoadWindow) => Promise<Load>;

/** Times in milliseconds; `now` since 1970, by the cloud's clock. */
export interface LoadWindow {
  now: number;
  windowMs: number;
  stepMs: number;
}

/** Everything that a pass learnt of the node. */
export interface Observed {
  facts: LifecycleFacts & { keyCreatedAt?: number };
  droplet?: Droplet;
  /** Absent where the node's load does not matter. */
  verdict?: IdleVerdict;
  usage?: MeasuredUsage;
}

/** Looks at markers, droplet, load and key. Throws where the cloud cannot be asked; a node that cannot is one that works. */
export async function observe(
  stack: NodeStack,
  load: LoadSource,
  known: { measuredUntil: number | undefined },
): Promise<Observed> {
  const { config, clock } = stack;
  const [markers, resources] = await Promise.all([nodeMarkers(stack.cloud, stack.owner), stack.resources()]);
  const droplet = await liveDroplet(stack, resources);
  const keyAge = keyAgeMs(resources);
  const facts = {
    markers,
    timers: config,
    ...(droplet ? { droplet: { createdAt: Date.parse(droplet.created_at), status: droplet.status } } : {}),
  };
  const at = (now: number) => ({ now, ...(keyAge === undefined ? {} : { keyCreatedAt: now - keyAge }) });
  const found = { ...(droplet ? { droplet } : {}) };
  const phase = nodePhase(markers);
  if (
    (phase !== "running" && phase !== "stopping") ||
    droplet?.status !== "active" ||
    config.autoShutdownHours === "off"
  )
    return { ...found, facts: { ...facts, ...at(await clock.now()) } };
  const window = { windowMs: config.autoShutdownHours * 3_600_000, stepMs: config.sampleSeconds * 1000 };
  const answer = await load(stack, droplet, { ...window, now: await clock.now() }).catch(
    (error: unknown): Load => ({ failure: error instanceof Error ? error.message : String(error) }),
  );
  // After the answer: its newest samples were taken in the meantime.
  const now = await clock.now();
  const verdict = judge(answer, config.idleGpuPercent, droplet, { ...window, now });
  const since = Math.max(known.measuredUntil ?? 0, now - window.windowMs);
  const rule = { since, percent: config.idleGpuPercent, stepMs: window.stepMs };
  const usage = "samples" in answer ? measureUsage(answer.samples, rule) : undefined;
  return { ...found, facts: { ...facts, ...at(now), idle: verdict }, verdict, ...(usage ? { usage } : {}) };
}

function judge(load: Load, percent: number, droplet: Droplet, window: LoadWindow): IdleVerdict {
  if ("failure" in load)
    return { idle: false, reason: `its load is not known, which counts as active: ${load.failure}`, coverage: 0 };
  const gpus = droplet.gpu_info?.count;
  return judgeIdleness(load.samples, { ...window, percent, ...(gpus === undefined ? {} : { gpus }) });
}

/** The droplet of the state, as the cloud shows it; undefined where either has none. */
export async function liveDroplet(stack: NodeStack, resources: readonly ResourceState[]): Promise<Droplet | undefined> {
  const declared = resources.find(({ type, id }) => type === "digitalocean:index/droplet:Droplet" && id);
  if (!declared) return undefined;
  return stack.cloud.droplet(Number(declared.id)).catch((error: ApiError) => {
    if (error.status === 404) return undefined;
    throw error;
  });
}

/** How long ago the stack's key came into the account; the state notes it by the machine's clock, the API does not tell. */
function keyAgeMs(resources: readonly ResourceState[]): number | undefined {
  const key = resources.find(({ type }) => type === "digitalocean:index/sshKey:SshKey");
  const created = typeof key?.created === "string" ? Date.parse(key.created) : Number.NaN;
  return Number.isNaN(created) ? undefined : Date.now() - created;
}
