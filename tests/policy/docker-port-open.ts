import type { PolicyCases } from "./case.ts";
import { command, firewall, OFFICE, tcp, tcpLoadBalancer, vpc, WORLD } from "./parts/network.ts";

export const cases: PolicyCases = [
  {
    name: "Docker's API without TLS open to the world",
    bad: [firewall(tcp("2375", WORLD))],
    good: [firewall(tcp("2375", ["192.168.0.0/16"]))],
    differs: "the source is a private network",
  },
  {
    name: "Docker's API with TLS open to the world",
    bad: [firewall(tcp("2376", ["0.0.0.0/0"]))],
    good: [firewall(tcp("2376", OFFICE))],
    differs: "the source is the network of an office",
  },
  {
    name: "a kubelet open to the world by IPv6",
    bad: [firewall(tcp("10250", ["2000::/3"]))],
    good: [firewall(tcp("10250", ["fd00::/8"]))],
    differs: "the source is a private network",
  },
  {
    name: "the API of Kubernetes open to an address that is not known before the update",
    bad: [vpc, command, firewall(tcp("6443", [{ $ref: "command.stdout" }]))],
    good: [vpc, command, firewall(tcp("6443", [{ $ref: "vpc.ipRange" }]))],
    differs: "the source is the range of a VPC, not known either",
  },
  {
    name: "etcd open to the world",
    bad: [firewall(tcp("2379-2380", WORLD))],
    good: [firewall({ protocol: "tcp", portRange: "2379-2380", sourceTags: ["control-plane"] })],
    differs: "the source is the droplets with a tag",
  },
  {
    name: "a load balancer that leads to Kubernetes",
    bad: [tcpLoadBalancer(6443, 6443)],
    good: [tcpLoadBalancer(6443, 6443, { firewall: { allows: ["ip:203.0.113.7"] } })],
    differs: "the load balancer's own firewall lets in one address",
  },
];
