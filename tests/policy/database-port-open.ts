import type { PolicyCases } from "./case.ts";
import { command, firewall, OFFICE, tcp, tcpLoadBalancer, vpc, WORLD } from "./parts/network.ts";

export const cases: PolicyCases = [
  {
    name: "PostgreSQL open to the world",
    bad: [firewall(tcp("5432", WORLD))],
    good: [firewall(tcp("5432", ["10.20.0.0/16"]))],
    differs: "the source is a private network",
  },
  {
    name: "MongoDB's three ports open to a quarter of the world",
    bad: [firewall(tcp("27017-27019", ["64.0.0.0/2"]))],
    good: [firewall(tcp("27017-27019", ["64.0.0.0/24"]))],
    differs: "the source is a /24",
  },
  {
    name: "Redis open to the world beside a web server",
    bad: [firewall(tcp("443", WORLD), tcp("6379", WORLD))],
    good: [firewall(tcp("443", WORLD), { protocol: "tcp", portRange: "6379", sourceTags: ["web"] })],
    differs: "the source of 6379 is the droplets with a tag",
  },
  {
    name: "MySQL open to an address that is not known before the update",
    bad: [vpc, command, firewall(tcp("3306", [{ $ref: "command.stdout" }]))],
    good: [vpc, command, firewall(tcp("3306", [{ $ref: "vpc.ipRange" }]))],
    differs: "the source is the range of a VPC, not known either",
  },
  {
    name: "a load balancer that leads to PostgreSQL",
    bad: [tcpLoadBalancer(15432, 5432)],
    good: [tcpLoadBalancer(15432, 5432, { network: "INTERNAL" })],
    differs: "the load balancer is internal",
  },
  {
    name: "a database on a port of its own",
    settings: { ports: ["7000-7001"] },
    bad: [firewall(tcp("7001", WORLD))],
    good: [firewall(tcp("7001", OFFICE))],
    differs: "the source is the network of an office",
  },
];
