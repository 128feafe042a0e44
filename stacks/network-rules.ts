import ipaddr from "ipaddr.js";
import type { Verdict } from "./config-fields.ts";

/** Widest network that counts as known addresses: wider ones are the world in pieces. */
const WIDEST = { ipv4: 8, ipv6: 16 } as const;

/** What is wrong with a network that may reach ssh, or nothing. */
export function networkProblem(given: string): Verdict {
  const fix = "list the networks of your office, home or VPN, for example 203.0.113.7/32";
  if (!given.includes("/")) {
    const bare = ipaddr.isValid(given) ? `${given}/${ipaddr.parse(given).kind() === "ipv4" ? 32 : 128}` : undefined;
    return { reason: "must be a network in CIDR form", fix: bare ? `write ${bare}` : fix };
  }
  if (!ipaddr.isValidCIDR(given)) return { reason: "must be a network in CIDR form", fix };
  const [address, bits] = ipaddr.parseCIDR(given);
  const kind = address.kind();
  if (bits < WIDEST[kind])
    return { reason: "opens ssh to the whole world or to large parts of it, which is refused", fix };
  const exact = networkOf(given, kind);
  if (exact !== address.toString()) return { reason: "has bits set beyond its prefix", fix: `write ${exact}/${bits}` };
  return undefined;
}

/** What is wrong with the range of an own VPC, or nothing: DigitalOcean takes /16 to /28 of the private IPv4 ranges. */
export function vpcRangeProblem(given: string): Verdict {
  const allowed = "must be a private IPv4 range from /16 to /28";
  const fix = "for example 10.20.0.0/20";
  if (!ipaddr.IPv4.isValidCIDR(given)) return { reason: allowed, fix };
  const [address, bits] = ipaddr.IPv4.parseCIDR(given);
  if (address.range() !== "private" || bits < 16 || bits > 28) return { reason: allowed, fix };
  const exact = networkOf(given, "ipv4");
  if (exact !== address.toString()) return { reason: "has bits set beyond its prefix", fix: `write ${exact}/${bits}` };
  return undefined;
}

function networkOf(cidr: string, kind: "ipv4" | "ipv6"): string {
  return kind === "ipv4"
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
    : ipaddr.IPv6.networkAddressFromCIDR(cidr).toString();
}
