import type { Droplet, Firewall, ReservedIp, SshKey, Volume, Vpc } from "../../clients/digitalocean/index.ts";
import { stackTag } from "../../domain/tags.ts";
import { type Deployment, nameOfUrn, type PendingOperation, type ResourceState } from "../checkpoint.ts";

/** What the cloud holds, of the kinds that can be found again without their id. */
export interface CloudObjects {
  droplets: Droplet[];
  volumes: Volume[];
  vpcs: Vpc[];
  firewalls: Firewall[];
  sshKeys: SshKey[];
  reservedIps: ReservedIp[];
}

/** What is to be done about an update that died. */
export interface RecoveryPlan {
  /** Objects that were made and are not in the state. */
  adopt: { urn: string; type: string; name: string; id: string; operation: PendingOperation }[];
  /** Operations that are forgotten, because nothing came of them or a refresh tells what came of them. */
  drop: { urn: string; type: string; name: string; operation: PendingOperation["type"]; why: string }[];
  /** Droplets of ours that were made twice. */
  remove: { kind: "droplet"; id: number; name: string }[];
  /** Whether the cloud has to be asked how the resources are. */
  refresh: boolean;
}

/** Clocks of two machines may differ by as much, in milliseconds. */
const CLOCK_SKEW_MS = 120_000;

/**
 * Decides what becomes of each operation that was under way. An object is taken for ours by its natural key: its name (or public key, or
 * droplet) and, where it can carry tags, the stack's tag; droplets also by having been made `since` the update began.
 */
export function planRecovery(
  deployment: Deployment,
  objects: CloudObjects,
  stack: string,
  since?: string,
): RecoveryPlan {
  const plan: RecoveryPlan = { adopt: [], drop: [], remove: [], refresh: false };
  const known = new Set((deployment.resources ?? []).flatMap(({ type, id }) => (id ? [`${type} ${id}`] : [])));
  for (const operation of deployment.pending_operations ?? []) {
    const { urn, type } = operation.resource;
    const drop = (why: string) => plan.drop.push({ urn, type, name: nameOfUrn(urn), operation: operation.type, why });
    if (type.startsWith("command:")) {
      drop("the step is run again: it can be repeated");
      continue;
    }
    if (operation.type !== "creating") {
      plan.refresh = true;
      drop("a refresh tells how the resource is");
      continue;
    }
    const found = candidates(operation.resource, objects, stack, since).filter((id) => !known.has(`${type} ${id}`));
    const [id, ...others] = found;
    if (id === undefined) {
      drop("nothing was made");
      continue;
    }
    known.add(`${type} ${id}`);
    plan.refresh = true;
    plan.adopt.push({ urn, type, name: nameOfUrn(urn), id, operation });
    if (type === DROPLET)
      plan.remove.push(
        ...others.map((other) => ({ kind: "droplet" as const, id: Number(other), name: nameOf(operation) })),
      );
  }
  return plan;
}

const DROPLET = "digitalocean:index/droplet:Droplet";

function nameOf({ resource }: PendingOperation): string {
  return String(resource.inputs?.name ?? nameOfUrn(resource.urn));
}

/** Ids of what the operation may have made, the best first. */
function candidates(resource: ResourceState, objects: CloudObjects, stack: string, since?: string): string[] {
  const { name, region, publicKey, dropletId } = (resource.inputs ?? {}) as Record<string, unknown>;
  const ours = (tags: readonly string[] | null) => (tags ?? []).includes(stackTag(stack));
  switch (resource.type) {
    case DROPLET:
      return objects.droplets
        .filter((d) => d.name === name && ours(d.tags) && isSince(d.created_at, since))
        .sort((a, b) => rank(b) - rank(a) || a.id - b.id)
        .map(({ id }) => String(id));
    case "digitalocean:index/volume:Volume":
      return objects.volumes
        .filter((v) => v.name === name && v.region.slug === region && ours(v.tags))
        .map(({ id }) => id);
    case "digitalocean:index/firewall:Firewall":
      return objects.firewalls.filter((f) => f.name === name).map(({ id }) => id);
    case "digitalocean:index/vpc:Vpc":
      return objects.vpcs.filter((v) => v.name === name && v.region === region).map(({ id }) => id);
    case "digitalocean:index/sshKey:SshKey":
      return objects.sshKeys.filter((key) => sameKey(key.public_key, publicKey)).map(({ id }) => String(id));
    case "digitalocean:index/reservedIp:ReservedIp":
      return objects.reservedIps
        .filter((r) => r.droplet && String(r.droplet.id) === String(dropletId))
        .map(({ ip }) => ip);
    case "digitalocean:index/tag:Tag":
      return typeof name === "string" ? [name] : [];
    default:
      return [];
  }
}

/** A machine that runs before one that is being made before one that is off. */
function rank({ status }: Droplet): number {
  return ["archive", "off", "new", "active"].indexOf(status);
}

function isSince(createdAt: string, since: string | undefined): boolean {
  return since === undefined || Date.parse(createdAt) >= Date.parse(since) - CLOCK_SKEW_MS;
}

function sameKey(a: string, b: unknown): boolean {
  const blob = (line: string) => line.trim().split(/\s+/)[1];
  return typeof b === "string" && blob(a) === blob(b);
}

/** What was asked for stands in for what there is until a refresh has read it; some of it no cloud remembers. */
function given({ resource }: PendingOperation): Record<string, unknown> {
  const { __defaults: _, ...inputs } = resource.inputs ?? {};
  return inputs;
}

/** The state after the plan: adopted objects are in, operations under way are out. */
export function recoveredDeployment(deployment: Deployment, plan: RecoveryPlan): Deployment {
  const adopted = new Map(
    plan.adopt.map(({ urn, id, operation }) => [urn, { ...operation.resource, id, outputs: given(operation) }]),
  );
  const resources = (deployment.resources ?? []).flatMap((resource) => {
    if (!adopted.has(resource.urn) || resource.delete) return [resource];
    // The one that is being replaced: already deleted, or still to be.
    return resource.pendingReplacement ? [] : [{ ...resource, delete: true }];
  });
  return { ...deployment, resources: [...resources, ...adopted.values()], pending_operations: [] };
}
