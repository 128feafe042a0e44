import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";

function droplet(name: string, more: object = {}): Declared {
  const sshKeys = ["3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"];
  const args = { name, region: "tor1", size: "s-1vcpu-1gb", image: "debian-12-x64", sshKeys, ...more };
  return { name, type: "digitalocean:Droplet", args };
}

function firewall(aim: object): Declared {
  const inboundRules = [{ protocol: "tcp", portRange: "443", sourceAddresses: ["0.0.0.0/0", "::/0"] }];
  return { name: "firewall", type: "digitalocean:Firewall", args: { name: "case", inboundRules, ...aim } };
}

const tag = (name: string): Declared => ({ name: `tag-${name}`, type: "digitalocean:Tag", args: { name } });

function pool(tags: string[]): Declared {
  const sshKeys = ["3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"];
  const dropletTemplate = { region: "tor1", size: "s-1vcpu-1gb", image: "debian-12-x64", sshKeys, tags };
  return {
    name: "pool",
    type: "digitalocean:DropletAutoscale",
    args: { name: "case", config: { targetNumberInstances: 2 }, dropletTemplate },
  };
}

export const cases: PolicyCases = [
  {
    name: "a droplet without a firewall",
    bad: [droplet("web")],
    good: [droplet("web"), firewall({ dropletIds: [{ $number: "web.id" }] })],
    differs: "a firewall that names the droplet",
  },
  {
    name: "a firewall that names another droplet",
    bad: [droplet("web"), droplet("other"), firewall({ dropletIds: [{ $number: "other.id" }] })],
    good: [
      droplet("web"),
      droplet("other"),
      firewall({ dropletIds: [{ $number: "other.id" }, { $number: "web.id" }] }),
    ],
    differs: "the firewall names both",
  },
  {
    name: "a firewall that aims at another tag",
    bad: [droplet("web", { tags: ["web"] }), firewall({ tags: ["mail"] })],
    good: [droplet("web", { tags: ["web"] }), firewall({ tags: ["web"] })],
    differs: "the firewall aims at the droplet's tag",
  },
  {
    name: "tags that are not known before the update",
    bad: [
      tag("shop"),
      tag("database"),
      droplet("web", { tags: [{ $ref: "tag-shop.id" }] }),
      firewall({ tags: [{ $ref: "tag-database.id" }] }),
    ],
    good: [
      tag("shop"),
      tag("database"),
      droplet("web", { tags: [{ $ref: "tag-shop.id" }] }),
      firewall({ tags: [{ $ref: "tag-shop.id" }] }),
    ],
    differs: "both are of the same tag",
  },
  {
    name: "a pool of droplets without a firewall",
    bad: [pool(["workers"]), firewall({ tags: ["batch"] })],
    good: [pool(["workers"]), firewall({ tags: ["workers"] })],
    differs: "the firewall aims at the pool's tag",
  },
  {
    name: "a tag that no listed firewall aims at",
    settings: { tags: ["base"] },
    bad: [droplet("web", { tags: ["site"] })],
    good: [droplet("web", { tags: ["base"] })],
    differs: "the tag of a firewall outside the stack",
  },
  {
    name: "a droplet with a public address",
    bad: [droplet("web", { publicNetworking: true })],
    good: [droplet("web", { publicNetworking: false })],
    differs: "it has no public address",
  },
];
