import type { PolicyCases } from "./case.ts";
import { firewall, tcp, WORLD } from "./parts/network.ts";

const udp = (portRange: string, sourceAddresses: unknown) => ({ protocol: "udp", portRange, sourceAddresses });

export const cases: PolicyCases = [
  {
    name: "a range of TCP open to the world",
    bad: [firewall(tcp("40000-45000", WORLD))],
    good: [firewall(tcp("40000", WORLD))],
    differs: "one port",
  },
  {
    name: "all of UDP open to the world",
    bad: [firewall(udp("1-65535", WORLD))],
    good: [firewall(udp("1-65535", ["10.20.0.0/16"]))],
    differs: "the source is a private network",
  },
  {
    name: "all of UDP in another spelling",
    bad: [firewall(udp("all", ["::/0"]))],
    good: [firewall(udp("443", ["::/0"]))],
    differs: "one port",
  },
  {
    name: "eleven ports",
    bad: [firewall(tcp("9010-9020", WORLD))],
    good: [firewall(tcp("9010-9019", WORLD))],
    differs: "ten ports",
  },
  {
    name: "a range that goes beyond the allowed one",
    settings: { allowed: ["60000-61000"] },
    bad: [firewall(udp("60000-61001", WORLD))],
    good: [firewall(udp("60000-61000", WORLD))],
    differs: "the range is the allowed one",
  },
  {
    name: "more ports than the setting has",
    settings: { widest: 1 },
    bad: [firewall(tcp("80-81", WORLD))],
    good: [firewall(tcp("80", WORLD))],
    differs: "one port",
  },
];
