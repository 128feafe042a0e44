import type { DigitalOcean } from "../clients/digitalocean/index.ts";
import { volumeMonthlyUsd } from "../domain/cost/node-price.ts";
import { UserError } from "../domain/errors.ts";
import type { NodeOwner } from "../domain/node-marker.ts";
import { type Deployment, liveResources, nameOfUrn, type ResourceState } from "./checkpoint.ts";
import { cloudClock } from "./clock.ts";
import { openCloud } from "./cloud.ts";
import type { Changes } from "./engine/events.ts";
import { type OpenStack, openStack, runEngine } from "./engine/stack.ts";
import { nodeLease, withLease } from "./lifecycle/lease.ts";
import { nodeMarkers, removeMarkers } from "./lifecycle/markers.ts";
import { type StillBilled, stillBilled } from "./lifecycle/still-billed.ts";
import { currentDeployment, type Prepared, prepare } from "./prepare.ts";
import type { OnEvent, OperationOptions } from "./progress.ts";
import type { TargetOptions } from "./target.ts";

export interface DownOptions extends TargetOptions, OperationOptions {
  /** Shown what goes and what stays; answer false to leave it. Without it the removal goes ahead. */
  confirm?: (plan: DownPlan) => Promise<boolean>;
  /** Names of volumes to delete too, with all data on them: each that is to go has to be named. */
  removeVolumes?: readonly string[];
  dryRun?: boolean;
  /** Takes the node's lease from whoever has it; only right when they are gone. */
  breakLease?: boolean;
}

/** Something that `down` leaves in the account, with what it goes on costing. */
export interface KeptVolume {
  id: string;
  name: string;
  region: string;
  sizeGiB: number;
  monthlyUsd: number;
  urn: string;
}

export interface DownPlan {
  stack: string;
  removes: { type: string; name: string; id?: string }[];
  keeps: KeptVolume[];
  /** A node that was stopped stays so, with its snapshots; null where none was. */
  stopped: KeptStop | null;
}

/** What a stopped node needs to come back. */
export interface KeptStop {
  node: string;
  image: string;
  snapshots: StillBilled[];
}

export interface DownResult {
  stack: string;
  changes: Changes;
  removed: DownPlan["removes"];
  kept: KeptVolume[];
  stopped: KeptStop | null;
}

const VOLUME = "digitalocean:index/volume:Volume";

/**
 * Removes what the stack made. Volumes stay in the cloud, out of the state, so that the next `up` finds them by name and goes on
 * with their data; afterwards the stack is empty. Looks at the cloud first: the provider fails to delete what is gone already. Throws as
 * `up` does, and `StackLocked` while somebody works on the node.
 */
export async function down(options: DownOptions = {}): Promise<DownResult> {
  const prepared = await prepare(options);
  const { target, deployment } = prepared;
  const doomed = namedVolumes(deployment, options.removeVolumes ?? [], target.stack);
  const cloud = await openCloud(target);
  const plan = { ...downPlan(target.stack, deployment, doomed), stopped: await keptStop(cloud, prepared) };
  const nothing: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  const result = { stack: target.stack, removed: plan.removes, kept: plan.keeps, stopped: plan.stopped };
  if (options.dryRun || liveResources(deployment).length === 0) return { ...result, changes: nothing };
  if (options.confirm && !(await options.confirm(plan))) {
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was removed" });
  }
  // Whoever stops or resumes the node on another machine looks at the cloud for minutes, and must find there what they left.
  const stack = { cloud, clock: cloudClock(target) };
  const changes = await withLease(stack, { ...options, name: nodeLease(ownerOf(prepared)) }, async (signal) => {
    const operation = { ...options, signal, onEvent: keptAsKept(plan.keeps, options.onEvent) };
    const open = await openStack(target, "down", operation);
    await release(open, (await currentDeployment(target)) ?? {}, doomed);
    const report = await runEngine(open, "destroy", { excludeProtected: true, refresh: true });
    // What was under way with a droplet that is gone now is over; that a node was stopped is not.
    await removeMarkers(cloud, ownerOf(prepared), "stopping", "resuming", "size", "notice");
    return report.changes;
  });
  return { ...result, changes };
}

function ownerOf({ target, config }: Prepared): NodeOwner {
  return { project: config.project, stack: target.stack, node: config.nodeName };
}

/** For the engine a volume that stays is deleted like the rest, only without a call to the cloud: nobody should read that. */
function keptAsKept(kept: readonly KeptVolume[], onEvent: OnEvent = () => {}): OnEvent {
  return (event) => {
    const volume =
      event.kind === "resource" && event.type === VOLUME ? kept.find(({ urn }) => urn === event.urn) : undefined;
    if (!volume) onEvent(event);
    else if (event.kind === "resource" && event.state === "finished") {
      onEvent({ kind: "note", level: "info", text: `kept volume ${volume.name} (${volume.id})` });
    }
  };
}

function namedVolumes(deployment: Deployment | undefined, names: readonly string[], stack: string): Set<string> {
  const volumes = liveResources(deployment).filter(({ type }) => type === VOLUME);
  const unknown = names.filter((name) => !volumes.some((volume) => volumeName(volume) === name));
  if (unknown.length > 0) {
    const has = volumes.map(volumeName).join(", ") || "no volume";
    const reason = `stack ${stack} has no volume ${unknown.join(", ")}`;
    throw new UserError("UsageError", { reason, suggestion: `it has ${has}` }, { exitCode: 2 });
  }
  return new Set(volumes.filter((volume) => names.includes(volumeName(volume))).map(({ urn }) => urn));
}

async function keptStop(cloud: DigitalOcean, prepared: Prepared): Promise<KeptStop | null> {
  const { config, deployment } = prepared;
  const owner = ownerOf(prepared);
  const { stopped } = await nodeMarkers(cloud, owner);
  if (!stopped) return null;
  const billed = await stillBilled({ cloud, owner, config, resources: async () => liveResources(deployment) });
  return { node: owner.node, image: stopped.image, snapshots: billed.filter(({ kind }) => kind === "snapshot") };
}

function downPlan(
  stack: string,
  deployment: Deployment | undefined,
  doomed: ReadonlySet<string>,
): Omit<DownPlan, "stopped"> {
  const resources = liveResources(deployment).filter(({ type, custom }) => custom && !type.startsWith("pulumi:"));
  const stays = (resource: ResourceState) => resource.type === VOLUME && !doomed.has(resource.urn);
  return {
    stack,
    removes: resources
      .filter((resource) => !stays(resource))
      .map(({ type, urn, id }) => ({ type, name: nameOfUrn(urn), ...(id ? { id } : {}) })),
    keeps: resources.filter(stays).map(keptVolume),
  };
}

function keptVolume(volume: ResourceState): KeptVolume {
  const { region, size } = { ...volume.inputs, ...volume.outputs } as { region?: string; size?: number };
  const sizeGiB = size ?? 0;
  return {
    id: volume.id ?? "",
    name: volumeName(volume),
    region: region ?? "",
    sizeGiB,
    monthlyUsd: volumeMonthlyUsd(sizeGiB),
    urn: volume.urn,
  };
}

function volumeName(volume: ResourceState): string {
  return String(volume.outputs?.name ?? volume.inputs?.name ?? nameOfUrn(volume.urn));
}

/**
 * Takes the protection off in the state: a kept volume has `retainOnDelete`, so the engine drops it without a call to the cloud; a doomed
 * one loses that too. Volumes without `retainOnDelete` stay protected, and in the state: they are never deleted by mistake.
 */
async function release(open: OpenStack, deployment: Deployment, doomed: ReadonlySet<string>): Promise<void> {
  const kept = new Set<string>();
  const resources = (deployment.resources ?? []).map((resource) => {
    if (doomed.has(resource.urn)) return { ...resource, protect: false, retainOnDelete: false };
    if (!resource.protect || !resource.retainOnDelete) return resource;
    kept.add(resource.urn);
    return { ...resource, protect: false };
  });
  if (doomed.size + kept.size === 0) return;
  await open.stack.importStack({ version: 3, deployment: { ...deployment, resources } });
}
