import type { Declared } from "../../engine/harness.ts";

/** Fingerprint of a key that the account has. */
export const FINGERPRINT = "3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa";

const machine = { region: "tor1", size: "s-1vcpu-1gb", image: "debian-12-x64", sshKeys: [FINGERPRINT], tags: ["web"] };

/** Lets the world in to HTTPS on what has the tag `web`. */
const firewall: Declared = {
  name: "firewall",
  type: "digitalocean:Firewall",
  args: {
    name: "web",
    inboundRules: [{ protocol: "tcp", portRange: "443", sourceAddresses: ["0.0.0.0/0", "::/0"] }],
    tags: ["web"],
  },
};

/** A droplet behind a firewall. */
export function droplet(more: object = {}): Declared[] {
  return [firewall, { name: "web", type: "digitalocean:Droplet", args: { name: "web", ...machine, ...more } }];
}

/** A pool of droplets behind a firewall. */
export function pool(more: object = {}): Declared[] {
  const args = { name: "web", config: { targetNumberInstances: 2 }, dropletTemplate: { ...machine, ...more } };
  return [firewall, { name: "web", type: "digitalocean:DropletAutoscale", args }];
}

/** A Kubernetes cluster of two small nodes. */
export function cluster(more: object = {}): Declared {
  const nodePool = { name: "default", size: "s-2vcpu-4gb", nodeCount: 2 };
  const args = { name: "case", region: "tor1", version: "latest", nodePool, ...more };
  return { name: "cluster", type: "digitalocean:KubernetesCluster", args };
}

/** One text of several parts: what stands in no file as a whole is no find for those who scan them for secrets. */
export function glue(...parts: string[]): string {
  return parts.join("");
}
