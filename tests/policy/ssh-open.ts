import type { PolicyCases } from "./case.ts";
import { command, firewall, OFFICE, tcp, tcpLoadBalancer, vpc, WORLD } from "./parts/network.ts";

export const cases: PolicyCases = [
  {
    name: "ssh open to the world",
    bad: [firewall(tcp("22", WORLD))],
    good: [firewall(tcp("22", OFFICE))],
    differs: "the source is the network of an office",
  },
  {
    name: "ssh open to the world by IPv6 only",
    bad: [firewall(tcp("22", ["203.0.113.7/32", "::/0"]))],
    good: [firewall(tcp("22", ["203.0.113.7/32"]))],
    differs: "no ::/0 among the sources",
  },
  {
    name: "a deny rule for less than what is allowed",
    bad: [firewall(tcp("22", WORLD), tcp("22", OFFICE, { action: "deny" }))],
    good: [firewall(tcp("22", WORLD), tcp("22", WORLD, { action: "deny" }))],
    differs: "the deny rule is for the world, and comes first",
  },
  {
    name: "the world in two halves",
    bad: [firewall(tcp("22", ["0.0.0.0/1", "128.0.0.0/1"]))],
    good: [firewall(tcp("22", ["10.0.0.0/8", "172.16.0.0/12"]))],
    differs: "the two networks are private ones",
  },
  {
    name: "a small range of ports with 22 in it",
    bad: [firewall(tcp("20-25", WORLD))],
    good: [firewall(tcp("23-25", WORLD))],
    differs: "the range begins after 22",
  },
  {
    name: "a source that is not known before the update",
    bad: [vpc, command, firewall(tcp("22", [{ $ref: "command.stdout" }]))],
    good: [vpc, command, firewall(tcp("22", [{ $ref: "vpc.ipRange" }]))],
    differs: "the source is the range of a VPC, not known either",
  },
  {
    name: "a load balancer that leads to ssh",
    bad: [tcpLoadBalancer(2222, 22)],
    good: [tcpLoadBalancer(2222, 22, { firewall: { allows: ["cidr:203.0.113.0/24"] } })],
    differs: "the load balancer's own firewall lets in an office only",
  },
  {
    name: "an address that is not among the listed ones",
    settings: { addresses: ["198.51.100.0/24"] },
    bad: [firewall(tcp("22", ["203.0.113.7/32"]))],
    good: [firewall(tcp("22", ["198.51.100.7/32"]))],
    differs: "the address is in a listed network",
  },
  {
    name: "ssh on another port",
    settings: { ports: [22, 2222] },
    bad: [firewall(tcp("2222", WORLD))],
    good: [firewall(tcp("2222", OFFICE))],
    differs: "the source is the network of an office",
  },
];
