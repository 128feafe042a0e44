import { expect, test } from "vitest";
import { firewallScript } from "./firewall.ts";

const gateways = ["198.18.0.1", "10.1.0.1"];

function inbound(script: string): string[] {
  const chain = script.slice(script.indexOf("chain inbound"), script.indexOf("chain outbound"));
  return chain.split("\n").map((line) => line.trim());
}

test("with no firewall nothing is dropped, and connections are tracked all the same", () => {
  const script = firewallScript(null, gateways);
  expect(script).not.toContain("drop");
  expect(script.match(/ct state established,related accept/g)).toHaveLength(2);
});

test("each source of each rule is let in by address family, and the rest dropped", () => {
  const rules = [
    { protocol: "tcp" as const, ports: "8000-9000", cidrs: ["10.1.2.3/16", "0.0.0.0/0", "::/0", "2001:db8::1"] },
    { protocol: "udp" as const, ports: "all", cidrs: ["192.0.2.1"] },
    { protocol: "icmp" as const, ports: "", cidrs: ["0.0.0.0/0", "::/0"] },
    { protocol: "tcp" as const, ports: "22", cidrs: [] },
  ];
  const lines = inbound(firewallScript({ inbound: rules, outbound: [] }, gateways));
  expect(lines).toEqual(
    expect.arrayContaining([
      "ip saddr 10.1.0.0/16 tcp dport 8000-9000 accept",
      "meta nfproto ipv4 tcp dport 8000-9000 accept",
      "meta nfproto ipv6 tcp dport 8000-9000 accept",
      "ip6 saddr 2001:db8::1/128 tcp dport 8000-9000 accept",
      "ip saddr 192.0.2.1/32 meta l4proto udp accept",
      "meta nfproto ipv4 meta l4proto icmp accept",
      "meta nfproto ipv6 meta l4proto ipv6-icmp accept",
    ]),
  );
  expect(lines.filter((line) => line.includes("dport 22"))).toEqual([]);
  expect(lines).toContain("drop");
});

test("what is denied is dropped before anything is let in", () => {
  const rules = [
    { protocol: "tcp" as const, ports: "all", cidrs: ["0.0.0.0/0"] },
    { protocol: "tcp" as const, ports: "22", cidrs: ["192.0.2.1", "2001:db8::/32"], denied: true as const },
  ];
  const lines = inbound(firewallScript({ inbound: rules, outbound: [] }, gateways));
  const order = [
    "ct state established,related accept",
    "ip saddr 192.0.2.1/32 tcp dport 22 drop",
    "ip6 saddr 2001:db8::/32 tcp dport 22 drop",
    "meta nfproto ipv4 meta l4proto tcp accept",
    "drop",
  ];
  expect(lines.filter((line) => order.includes(line))).toEqual(order);
});

test("this machine is the gateways of the droplet's networks", () => {
  const rules = {
    inbound: [{ protocol: "tcp" as const, ports: "22", cidrs: ["127.0.0.1/32", "::1/128"] }],
    outbound: [],
  };
  const lines = inbound(firewallScript(rules, gateways)).filter((line) => line.includes("dport 22"));
  expect(new Set(lines)).toEqual(
    new Set(["ip saddr 198.18.0.1/32 tcp dport 22 accept", "ip saddr 10.1.0.1/32 tcp dport 22 accept"]),
  );
});

test.each([
  [{ protocol: "tcp" as const, ports: "22 accept; drop", cidrs: ["10.0.0.1"] }, "not a port"],
  [{ protocol: "tcp" as const, ports: "22", cidrs: ["10.0.0.1 accept"] }, "not an IPv4 range"],
  [{ protocol: "tcp" as const, ports: "22", cidrs: ["::1:2/a"] }, "not an address range"],
])("%j never reaches nftables", (rule, message) => {
  expect(() => firewallScript({ inbound: [rule], outbound: [] }, gateways)).toThrow(message);
});
