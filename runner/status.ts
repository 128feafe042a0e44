import { type Deployment, lastUpdate, liveResources, readCheckpoint, type UpdateRecord } from "./checkpoint.ts";
import { openCloud } from "./cloud.ts";
import { type CostEstimate, estimateCost, priced } from "./cost.ts";
import { cloudAddress } from "./engine.ts";
import { nodeMarkers } from "./lifecycle/markers.ts";
import { type StillBilled, stillBilled } from "./lifecycle/still-billed.ts";
import { isAlive, stackLocks } from "./locks.ts";
import { absentNode, nodesOf } from "./nodes.ts";
import { stackConfig } from "./prepare.ts";
import { knownPrices } from "./price-list.ts";
import { type CloudName, resolveTarget, type Target, type TargetOptions } from "./target.ts";

export interface StatusResult {
  stack: string;
  cloud: CloudName;
  /** `empty`: nothing is up; `updating`: somebody is at it; `interrupted`: the last update died (see `recover`). */
  state: "empty" | "up" | "updating" | "interrupted";
  resources: number;
  nodes: NodeStatus[];
  /** Nodes that were stopped: no droplet, and no bill for one. */
  stopped: StoppedNode[];
  cost: CostEstimate & { daily: number };
  lastUpdate: UpdateRecord | null;
  /** Only on the local way. */
  localCloud: { running: boolean; url?: string; backend?: string } | null;
  /** A comparison with the cloud takes longer: `windlass refresh --dry-run`. */
  drift: "not checked";
}

export interface NodeStatus {
  name: string;
  droplet_id: number;
  /** As the cloud says now; `unknown` when it did not answer at once, `gone` when it has no such droplet. */
  status: string;
  region: string;
  size: string;
  ip_address: string;
  volumes: { id: string; name: string; size_gb: number; mount_point: string }[];
}

/** A node that was stopped, and what it goes on costing. */
export interface StoppedNode {
  name: string;
  status: "stopped" | "expired";
  region: string;
  /** ISO 8601; null where the cloud did not answer at once. */
  since: string | null;
  /** What a resume starts from: a snapshot's id or an image. */
  image: string | null;
  still_billed: StillBilled[];
  monthly_usd: number;
  /** The command that brings it back. */
  resume: string;
}

/** A cloud that cannot be reached is not asked again; one that is busy has so many seconds for each answer. */
const LIVE = { timeoutSeconds: 10, retryDelaysMs: [] };

/** What the stack is and what it costs, from its state and one question per node; no engine is started. */
export async function status(options: TargetOptions = {}): Promise<StatusResult> {
  const target = resolveTarget(options);
  const deployment = target.backend.startsWith("file://")
    ? readCheckpoint(target)
    : await (await import("./prepare.ts")).currentDeployment(target);
  const resources = liveResources(deployment);
  const [nodes, stopped, sizes] = await Promise.all([
    nodeStates(target, deployment),
    stoppedNodes(target, deployment),
    knownPrices(target),
  ]);
  const lines = priced(resources);
  const cost = estimateCost(lines, lines, sizes);
  return {
    stack: target.stack,
    cloud: target.cloud,
    state: stateOf(target, deployment),
    resources: resources.filter(({ custom, type }) => custom && !type.startsWith("pulumi:")).length,
    nodes,
    stopped,
    cost: { ...cost, daily: Math.round(cost.hourly * 2400) / 100 },
    lastUpdate: lastUpdate(target) ?? null,
    localCloud: target.cloud === "local" ? localCloud(target) : null,
    drift: "not checked",
  };
}

function stateOf(target: Target, deployment: Deployment | undefined): StatusResult["state"] {
  const locks = stackLocks(target);
  if (locks.some(({ state }) => state === "live" || state === "foreign")) return "updating";
  if (locks.length > 0 || (deployment?.pending_operations ?? []).length > 0) return "interrupted";
  return liveResources(deployment).some(({ custom, type }) => custom && !type.startsWith("pulumi:")) ? "up" : "empty";
}

async function nodeStates(target: Target, deployment: Deployment | undefined): Promise<NodeStatus[]> {
  return Promise.all(
    nodesOf(deployment).map(async (node) => ({
      name: node.name,
      droplet_id: node.dropletId,
      status: await liveStatus(target, node.dropletId),
      region: node.region,
      size: node.size,
      ip_address: node.ipAddress,
      volumes: node.volumes.map((v) => ({ id: v.id, name: v.name, size_gb: v.sizeGiB, mount_point: v.mountPoint })),
    })),
  );
}

async function stoppedNodes(target: Target, deployment: Deployment | undefined): Promise<StoppedNode[]> {
  const node = absentNode(deployment);
  if (!node) return [];
  const { name, status: phase, region } = node;
  const resume = `windlass node resume ${name} --stack ${target.stack}`;
  const known = { name, status: phase, region, since: null, image: null, still_billed: [], monthly_usd: 0, resume };
  try {
    const config = stackConfig(target);
    const owner = { project: config.project, stack: target.stack, node: name };
    const cloud = await openCloud(target, LIVE);
    const resources = async () => liveResources(deployment);
    const [{ stopped }, billed] = await Promise.all([
      nodeMarkers(cloud, owner),
      stillBilled({ cloud, owner, config, resources }),
    ]);
    const monthly = billed.reduce((sum, { monthlyUsd }) => sum + monthlyUsd, 0);
    const at = { since: stopped?.at.toISOString() ?? null, image: stopped?.image ?? null };
    return [{ ...known, ...at, still_billed: billed, monthly_usd: Math.round(monthly * 100) / 100 }];
  } catch {
    return [known];
  }
}

async function liveStatus(target: Target, id: number): Promise<string> {
  try {
    const cloud = await openCloud(target, LIVE);
    return (await cloud.droplet(id)).status;
  } catch (error) {
    return (error as { status?: number }).status === 404 ? "gone" : "unknown";
  }
}

function localCloud(target: Target): StatusResult["localCloud"] {
  const address = cloudAddress(target.home);
  if (!address || !isAlive(address.pid)) return { running: false };
  return { running: true, url: address.url, backend: address.backend };
}
