import { nodePrice, type SizePrice } from "../domain/cost/node-price.ts";
import { UserError } from "../domain/errors.ts";
import {
  type AbsentNodeOutput,
  type NodeOutput,
  type ProvisionResult,
  provisionResult,
} from "../domain/provision-result.ts";
import { type Deployment, liveResources, type ResourceState, stackOutputs } from "./checkpoint.ts";

const DROPLET = "digitalocean:index/droplet:Droplet";
const ATTACHMENT = "digitalocean:index/volumeAttachment:VolumeAttachment";
const VOLUME = "digitalocean:index/volume:Volume";

/**
 * The nodes of a state: what the stack's output says, else (an update failed before it came that far) what can be read from the resources
 * themselves; those have no host key, and the mount point given here.
 */
export function nodesOf(deployment: Deployment | undefined, mountPoint = ""): NodeOutput[] {
  const droplets = liveResources(deployment).filter(({ type, id }) => type === DROPLET && id);
  const declared = stackOutputs(deployment).node as NodeOutput | undefined;
  return droplets.map((droplet) =>
    declared && String(declared.dropletId) === droplet.id ? declared : nodeOfState(droplet, deployment, mountPoint),
  );
}

/** The node that the stack has and whose droplet is not declared, because it was stopped. */
export function absentNode(deployment: Deployment | undefined): AbsentNodeOutput | undefined {
  const declared = stackOutputs(deployment).node as AbsentNodeOutput | undefined;
  return declared && ["stopped", "expired"].includes(declared.status) ? declared : undefined;
}

/** The error where there is no such node to work on; names those that there are, stopped ones too. */
export function nodeNotFound(stack: string, deployment: Deployment | undefined, asked?: string): UserError {
  const absent = absentNode(deployment);
  if (absent && (asked === undefined || asked === absent.name))
    return new UserError("NotFound", {
      node: absent.name,
      reason: `node ${absent.name} of stack ${stack} is ${absent.status}`,
      suggestion: `bring it back with: windlass node resume ${absent.name} --stack ${stack}`,
    });
  const has = [
    ...nodesOf(deployment).map(({ name }) => name),
    ...(absent ? [`${absent.name} (${absent.status})`] : []),
  ];
  return new UserError("NotFound", {
    reason: asked ? `stack ${stack} has no node ${asked}` : `stack ${stack} has no node`,
    suggestion: has.length > 0 ? `it has ${has.join(", ")}` : `run: windlass up --stack ${stack}`,
  });
}

function nodeOfState(droplet: ResourceState, deployment: Deployment | undefined, mountPoint: string): NodeOutput {
  const resources = liveResources(deployment);
  const attached = resources.filter(
    ({ type, inputs }) => type === ATTACHMENT && String(inputs?.dropletId) === droplet.id,
  );
  const volumes = attached.flatMap(({ inputs }) => {
    const volume = resources.find(({ type, id }) => type === VOLUME && id === inputs?.volumeId);
    const { name, size } = { ...volume?.inputs, ...volume?.outputs } as { name?: string; size?: number };
    return volume?.id && name && size ? [{ id: volume.id, name, sizeGiB: size, mountPoint }] : [];
  });
  const state = { ...droplet.inputs, ...droplet.outputs } as Record<string, unknown>;
  const text = (key: string) => (typeof state[key] === "string" ? state[key] : "");
  return {
    name: text("name"),
    dropletId: Number(droplet.id),
    status: text("status"),
    region: text("region"),
    size: text("size"),
    ipAddress: text("ipv4Address"),
    privateIp: text("ipv4AddressPrivate"),
    vpcUuid: text("vpcUuid"),
    createdAt: text("createdAt"),
    hostKey: "",
    sshUser: "root",
    volumes,
  };
}

/** The nodes in the form that is handed on; a node of unknown price or without an address is left out. */
export function nodeResults(deployment: Deployment | undefined, sizes: readonly SizePrice[]): ProvisionResult[] {
  return nodesOf(deployment).flatMap((node) => {
    const price = nodePrice({ size: node.size, volumesGiB: node.volumes.map(({ sizeGiB }) => sizeGiB) }, sizes);
    return price && node.ipAddress !== "" ? [provisionResult(node, price)] : [];
  });
}

/** The host key that the first contact pinned, out of a state whose secrets are readable. */
export function pinnedHostKey(deployment: Deployment, node: NodeOutput): string | undefined {
  const pins = liveResources(deployment).filter(({ type, inputs }) => {
    const environment = inputs?.environment as Record<string, unknown> | undefined;
    return type === "command:local:Command" && environment?.WINDLASS_SSH_HOST === node.ipAddress;
  });
  return pins.map(({ outputs }) => plainText(outputs?.stdout)).find((line) => /^(ssh|ecdsa)-\S+ \S+$/.test(line));
}

/** An exported secret carries its JSON in `plaintext`. */
function plainText(value: unknown): string {
  if (typeof value === "string") return value.trim();
  const { plaintext } = (value ?? {}) as { plaintext?: string };
  return plaintext === undefined ? "" : String(JSON.parse(plaintext)).trim();
}
