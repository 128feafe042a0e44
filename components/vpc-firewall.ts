import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { firewallTag, type Ownership } from "../domain/tags.ts";
import { refuse } from "./arguments.ts";

/** Arguments of a VpcFirewall. */
export interface VpcFirewallArgs {
  /** Region slug of the network. A change replaces the VPC, and with it the machines inside. */
  region: string;
  /** Project, stack and node: the firewall covers whatever droplet carries the tag made of the three. A change makes another tag. */
  owner: Required<Ownership>;
  /** Networks in CIDR form that may reach ssh (port 22). There is no default, and the whole world is refused. A change updates in place; sessions that are open stay. */
  sshAllowedAddresses: string[];
  /** Id of an existing VPC of the region to use. A change replaces the machines inside. @default - an own VPC is made */
  vpcId?: string;
  /** Private IPv4 range of the own VPC, /16 to /28. A change replaces the VPC, and with it the machines inside. @default - DigitalOcean chooses one */
  vpcIpRange?: string;
}

/** Everywhere. Only for what goes out. */
const ANYWHERE = ["0.0.0.0/0", "::/0"];

/** What a node needs to reach: names, time, packages and repositories (http, https, git over ssh). */
const OUTBOUND = [
  { protocol: "tcp", portRange: "22" },
  { protocol: "tcp", portRange: "53" },
  { protocol: "tcp", portRange: "80" },
  { protocol: "tcp", portRange: "443" },
  { protocol: "udp", portRange: "53" },
  { protocol: "udp", portRange: "123" },
  { protocol: "icmp" },
];

/**
 * A private network and a firewall that lets in ssh from the given networks and nothing else. It aims at a tag, made first, so
 * that a droplet is covered from its first second. Networks and firewalls cost nothing.
 *
 * @example new VpcFirewall("network", { region: "tor1", owner, sshAllowedAddresses: ["203.0.113.7/32"] })
 */
export class VpcFirewall extends pulumi.ComponentResource {
  readonly vpcUuid: pulumi.Output<string>;
  readonly firewallId: pulumi.Output<string>;
  /** The tag that a droplet needs to be covered. */
  readonly tag: pulumi.Output<string>;

  constructor(name: string, args: VpcFirewallArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("windlass:network:VpcFirewall", name, {}, opts);
    refuse(`VpcFirewall ${name}`, problems(args));
    const tag = new digitalocean.Tag(`${name}-tag`, { name: firewallTag(args.owner) }, { parent: this });
    const firewall = new digitalocean.Firewall(
      name,
      {
        name: firewallName(args.owner),
        tags: [tag.name],
        inboundRules: [{ protocol: "tcp", portRange: "22", sourceAddresses: [...args.sshAllowedAddresses].sort() }],
        outboundRules: OUTBOUND.map((rule) => ({ ...rule, destinationAddresses: ANYWHERE })),
      },
      { parent: this },
    );
    this.vpcUuid = args.vpcId === undefined ? this.#createVpc(name, args).id : pulumi.output(args.vpcId);
    this.firewallId = firewall.id;
    this.tag = tag.name;
    this.registerOutputs({ vpcUuid: this.vpcUuid, firewallId: this.firewallId, tag: this.tag });
  }

  #createVpc(name: string, args: VpcFirewallArgs): digitalocean.Vpc {
    return new digitalocean.Vpc(
      `${name}-vpc`,
      { name: `windlass-${args.owner.project}-${args.owner.stack}`, region: args.region, ipRange: args.vpcIpRange },
      { parent: this },
    );
  }
}

function firewallName(owner: Required<Ownership>): string {
  return `windlass-${owner.stack}-${owner.node}`;
}

function problems(args: VpcFirewallArgs): string[] {
  const found: string[] = [];
  if (args.sshAllowedAddresses.length === 0)
    found.push("sshAllowedAddresses: got none, allowed is at least one network; list those that may reach ssh");
  for (const network of args.sshAllowedAddresses) {
    if (/\/0+$/.test(network))
      found.push(`sshAllowedAddresses: got ${network}, which is the whole world; list known networks`);
  }
  if (args.vpcId !== undefined && args.vpcIpRange !== undefined)
    found.push("vpcIpRange: is the range of an own VPC, but vpcId names an existing one; remove one of the two");
  return found;
}
