import type { Declared } from "../../engine/harness.ts";

/** The tags of a GPU machine that says when it is stopped. */
export const TIMERS = ["windlass-idle-stop:24h", "windlass-max-lifetime:30d"];

/** Of an ssh key that the account has. */
export const FINGERPRINT = "3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa";

const sshKeys = [FINGERPRINT];
const template = { region: "tor1", size: "s-1vcpu-1gb", image: "debian-12-x64", sshKeys, publicNetworking: false };

/** A droplet in a private network that breaks no rule. */
export function droplet(more: object = {}, name = "machine"): Declared {
  return { name, type: "digitalocean:Droplet", args: { name: "case", ...template, ...more } };
}

/** A droplet with a GPU that breaks no rule. */
export function gpu(more: object = {}): Declared {
  return droplet({ size: "gpu-4000adax1-20gb", image: "gpu-h100x1-base", tags: TIMERS, ...more });
}

/** A pool of droplets that breaks no rule. */
export function autoscalePool(config: object, more: object = {}): Declared {
  const args = { name: "case", config, dropletTemplate: { ...template, ...more } };
  return { name: "pool", type: "digitalocean:DropletAutoscale", args };
}

/** A pool of DOKS nodes that breaks no rule. */
export function nodePool(more: object = {}): Declared {
  const args = { name: "case", clusterId: "bd5f5959-5e1e-4205-a714-a914373942af", size: "s-2vcpu-4gb", nodeCount: 1 };
  return { name: "nodes", type: "digitalocean:KubernetesNodePool", args: { ...args, ...more } };
}

/** A Kubernetes cluster that breaks no rule. */
export function cluster(more: object = {}): Declared {
  const nodePool = { name: "default", size: "s-2vcpu-4gb", nodeCount: 2 };
  const args = { name: "case", region: "tor1", version: "latest", nodePool, ...more };
  return { name: "cluster", type: "digitalocean:KubernetesCluster", args };
}

/** A volume that breaks no rule. */
export function volume(more: object = {}, options: Declared["options"] = { protect: true }): Declared {
  const args = { name: "case", region: "tor1", size: 100, ...more };
  return { name: "data", type: "digitalocean:Volume", args, options };
}

/** A command whose output is not known before it has run. */
export const command: Declared = { name: "command", type: "command:local.Command", args: { create: "echo 2" } };

export const UNKNOWN_TEXT = { $ref: "command.stdout" };
export const UNKNOWN_NUMBER = { $number: "command.stdout" };
