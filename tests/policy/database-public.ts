import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { command, vpc } from "./parts/network.ts";

function cluster(name = "database"): Declared {
  const args = { name, engine: "pg", version: "17", size: "db-s-1vcpu-1gb", region: "tor1", nodeCount: 1 };
  return { name, type: "digitalocean:DatabaseCluster", args };
}

const replica: Declared = {
  name: "replica",
  type: "digitalocean:DatabaseReplica",
  args: { name: "replica", clusterId: { $ref: "database.id" }, size: "db-s-1vcpu-1gb", region: "tor1" },
};

function trusted(rules: object[], of = "database.id", name = "sources"): Declared {
  return { name, type: "digitalocean:DatabaseFirewall", args: { clusterId: { $ref: of }, rules } };
}

const web = { type: "tag", value: "web" };
const address = (value: unknown) => ({ type: "ip_addr", value });

export const cases: PolicyCases = [
  {
    name: "a cluster without trusted sources",
    bad: [cluster()],
    good: [cluster(), trusted([web])],
    differs: "trusted sources",
  },
  {
    name: "trusted sources of another cluster",
    bad: [cluster(), cluster("other"), trusted([web], "other.id")],
    good: [cluster(), cluster("other"), trusted([web], "other.id"), trusted([web], "database.id", "own")],
    differs: "trusted sources of its own",
  },
  {
    name: "the world as a trusted source",
    bad: [cluster(), trusted([web, address("0.0.0.0/0")])],
    good: [cluster(), trusted([web, address("203.0.113.7")])],
    differs: "one address",
  },
  {
    name: "half the world as a trusted source",
    bad: [cluster(), trusted([address("128.0.0.0/1")])],
    good: [cluster(), trusted([address("128.0.0.0/24")])],
    differs: "a network of 256 addresses",
  },
  {
    name: "a trusted source that is not known before the update",
    bad: [vpc, command, cluster(), trusted([address({ $ref: "command.stdout" })])],
    good: [vpc, command, cluster(), trusted([address({ $ref: "vpc.ipRange" })])],
    differs: "the source is the range of a VPC, not known either",
  },
  {
    name: "a replica without trusted sources",
    bad: [cluster(), trusted([web]), replica],
    good: [cluster(), trusted([web]), replica, trusted([web], "replica.uuid", "replica-sources")],
    differs: "trusted sources of the replica",
  },
  {
    name: "a trusted source that is not listed",
    settings: { addresses: ["198.51.100.0/24"] },
    bad: [cluster(), trusted([address("203.0.113.7")])],
    good: [cluster(), trusted([address("198.51.100.7")])],
    differs: "the address is in a listed network",
  },
];
