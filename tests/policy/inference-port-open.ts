import type { PolicyCases } from "./case.ts";
import { command, firewall, OFFICE, tcp, vpc, WORLD } from "./parts/network.ts";

export const cases: PolicyCases = [
  {
    name: "vLLM open to the world",
    bad: [firewall(tcp("8000", WORLD))],
    good: [firewall(tcp("8000", ["10.10.0.0/20"]))],
    differs: "the source is a private network",
  },
  {
    name: "Ollama open to the world by IPv6 only",
    bad: [firewall(tcp("11434", ["::/0"]))],
    good: [firewall(tcp("11434", ["fd12:3456::/32"]))],
    differs: "the source is a private network",
  },
  {
    name: "SGLang open to an address that is not known before the update",
    bad: [vpc, command, firewall(tcp("30000", [{ $ref: "command.stdout" }]))],
    good: [vpc, command, firewall(tcp("30000", [{ $ref: "vpc.ipRange" }]))],
    differs: "the source is the range of a VPC, not known either",
  },
  {
    name: "llama.cpp open to an office that is not listed",
    settings: { addresses: ["198.51.100.0/24"] },
    bad: [firewall(tcp("8080", OFFICE))],
    good: [firewall(tcp("8080", ["198.51.100.0/25"]))],
    differs: "the source is in a listed network",
  },
  {
    name: "a notebook open to the world",
    bad: [firewall(tcp("8888", ["0.0.0.0/0"]))],
    good: [firewall(tcp("8888", ["203.0.113.7"]))],
    differs: "the source is one address",
  },
  {
    name: "Ray's dashboard open to more networks than one can know",
    bad: [firewall(tcp("8265", ["64.0.0.0/8", "65.0.0.0/8"]))],
    good: [firewall(tcp("8265", ["64.0.0.0/16", "65.0.0.0/16"]))],
    differs: "the networks are together less than a /8",
  },
];
