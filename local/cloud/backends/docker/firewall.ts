import { isIPv6 } from "node:net";
import type { FirewallRule, FirewallRules } from "../../backend.ts";
import { parseRange, toAddress } from "./addresses.ts";

/**
 * The nftables script that puts a droplet's rules in force, in one transaction and in a table of its own: nested Docker's
 * tables stay. It filters before nested Docker's port forwarding, so a published port is closed too, as behind
 * DigitalOcean's firewall, which stands outside the machine. Ours stands in the droplet's own network namespace: its root
 * could take it away, which a real droplet's root could not.
 *
 * Connections are tracked even with no rules, so that those already open stay open when rules come.
 * @param gateways addresses by which the machine that runs the cloud reaches the droplet; the source `127.0.0.1/32` means them.
 */
export function firewallScript(rules: FirewallRules | null, gateways: string[]): string {
  return `table inet windlass_cloud
delete table inet windlass_cloud
table inet windlass_cloud {
${chain("inbound", "prerouting", "iifname", "saddr", rules && withGateways(rules.inbound, gateways))}
${chain("outbound", "postrouting", "oifname", "daddr", rules && withGateways(rules.outbound, gateways))}
}
`;
}

function chain(name: string, hook: string, device: string, side: string, rules: FirewallRule[] | null): string {
  const lines = [
    `type filter hook ${hook} priority mangle; policy accept;`,
    `${device} != { "eth0", "eth1" } accept`,
    "ct state established,related accept",
    ...(rules === null
      ? []
      : [
          "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept",
          ...verdicts(
            rules.filter(({ denied }) => denied),
            side,
            "drop",
          ),
          ...verdicts(
            rules.filter(({ denied }) => !denied),
            side,
            "accept",
          ),
          "drop",
        ]),
  ];
  return `  chain ${name} {\n${lines.map((line) => `    ${line}`).join("\n")}\n  }`;
}

function verdicts(rules: FirewallRule[], side: string, verdict: "accept" | "drop"): string[] {
  return rules.flatMap((rule) => rule.cidrs.map((cidr) => `${address(cidr, side)} ${protocol(rule, cidr)} ${verdict}`));
}

function withGateways(rules: FirewallRule[], gateways: string[]): FirewallRule[] {
  const here = (cidr: string) => (/^127\.|^::1(\/|$)/.test(cidr) ? gateways : [cidr]);
  return rules.map((rule) => ({ ...rule, cidrs: rule.cidrs.flatMap(here) }));
}

function address(cidr: string, side: string): string {
  const [ip = "", bits] = cidr.split("/");
  if (isIPv6(ip)) {
    if (bits !== undefined && !/^\d{1,3}$/.test(bits)) throw new Error(`not an address range: ${cidr}`);
    return bits === "0" ? "meta nfproto ipv6" : `ip6 ${side} ${ip}/${bits ?? 128}`;
  }
  const range = parseRange(cidr);
  const length = bits ?? "32";
  return length === "0" ? "meta nfproto ipv4" : `ip ${side} ${toAddress(range.first)}/${length}`;
}

function protocol(rule: FirewallRule, cidr: string): string {
  if (rule.protocol === "icmp") return `meta l4proto ${cidr.includes(":") ? "ipv6-icmp" : "icmp"}`;
  if (rule.ports === "all" || rule.ports === "0" || rule.ports === "") return `meta l4proto ${rule.protocol}`;
  if (!/^\d+(-\d+)?$/.test(rule.ports)) throw new Error(`not a port or port range: ${rule.ports}`);
  return `${rule.protocol} dport ${rule.ports}`;
}
