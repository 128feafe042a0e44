import type { Declared } from "../../engine/harness.ts";

/** A firewall with these inbound rules that aims at nothing yet. */
export function firewall(...inboundRules: unknown[]): Declared {
  return { name: "firewall", type: "digitalocean:Firewall", args: { name: "case", inboundRules } };
}

/** One inbound rule of TCP. */
export function tcp(portRange: string, sourceAddresses: unknown, more: object = {}): object {
  return { protocol: "tcp", portRange, sourceAddresses, ...more };
}

export const WORLD = ["0.0.0.0/0", "::/0"];

/** The network of an office: known, and public. */
export const OFFICE = ["203.0.113.0/24"];

/** A network whose range is not known before it is made. */
export const vpc: Declared = { name: "vpc", type: "digitalocean:Vpc", args: { name: "case", region: "tor1" } };

/** A command whose output is not known before it has run. */
export const command: Declared = {
  name: "command",
  type: "command:local.Command",
  args: { create: "echo 0.0.0.0/0" },
};

/** A load balancer that forwards plain TCP. */
export function tcpLoadBalancer(entryPort: number, targetPort: number, more: object = {}): Declared {
  const rule = { entryProtocol: "tcp", entryPort, targetProtocol: "tcp", targetPort };
  const args = { name: "case", region: "tor1", dropletTag: "web", forwardingRules: [rule], ...more };
  return { name: "balancer", type: "digitalocean:LoadBalancer", args };
}
