import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { CloudState } from "../cloud.ts";
import type { InboundRule, OutboundRule, RulePeers } from "../objects.ts";
import { unprocessable } from "../wire.ts";

type Raw = Record<string, unknown>;
const PEER_LISTS = ["addresses", "droplet_ids", "load_balancer_uids", "kubernetes_ids", "tags"] as const;

/** The rules of a request, checked, with ports in the form the API answers: "0" for all, and for icmp without any. */
export function parseRules(cloud: CloudState, body: Raw): { inbound: InboundRule[]; outbound: OutboundRule[] } {
  const inbound = list(body["inbound_rules"]).map((rule) => ({
    ...actionProtocolAndPorts(rule),
    sources: peers(cloud, rule["sources"], "sources"),
  }));
  const outbound = list(body["outbound_rules"]).map((rule) => ({
    ...actionProtocolAndPorts(rule),
    destinations: peers(cloud, rule["destinations"], "destinations"),
  }));
  return { inbound, outbound };
}

export function sameRule(a: InboundRule | OutboundRule, b: InboundRule | OutboundRule): boolean {
  return isDeepStrictEqual({ ...a, action: a.action ?? "allow" }, { ...b, action: b.action ?? "allow" });
}

function list(value: unknown): Raw[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw unprocessable("rules must be a list");
  return value as Raw[];
}

function actionProtocolAndPorts(rule: Raw): Pick<InboundRule, "action" | "protocol" | "ports"> {
  const { action } = rule;
  if (action == null) return protocolAndPorts(rule);
  if (action !== "allow" && action !== "deny") throw unprocessable(`invalid action "${action}": must be allow or deny`);
  return { action, ...protocolAndPorts(rule) };
}

function protocolAndPorts(rule: Raw): Pick<InboundRule, "protocol" | "ports"> {
  const { protocol } = rule;
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "icmp")
    throw unprocessable(`invalid protocol "${String(protocol)}": must be tcp, udp or icmp`);
  const ports = String(rule["ports"] ?? "");
  if (protocol === "icmp" && ports === "") return { protocol, ports: "0" };
  return { protocol, ports: validPorts(ports) };
}

/** "1-65535" is answered as it was given: Terraform configurations with it are seen to be in sync at DigitalOcean. */
function validPorts(ports: string): string {
  if (ports === "0" || ports === "all") return "0";
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports) ?? [];
  const valid = from !== undefined && Number(from) >= 1 && Number(to) <= 65_535 && Number(from) <= Number(to);
  if (!valid) throw unprocessable(`invalid ports "${ports}": must be a port, a range such as 8000-9000, or all`);
  return ports;
}

function peers({ store }: CloudState, value: unknown, name: string): RulePeers {
  if (typeof value !== "object" || value === null) throw unprocessable(`${name} is required`);
  const given = value as Raw;
  const result: Record<string, unknown> = {};
  for (const field of PEER_LISTS)
    if (Array.isArray(given[field]) && given[field].length > 0) result[field] = given[field];
  const own = result as RulePeers;
  if (Object.keys(own).length === 0) throw unprocessable(`${name} must have at least one entry`);
  for (const address of own.addresses ?? [])
    if (!isAddress(address)) throw unprocessable(`invalid address "${address}"`);
  for (const tag of own.tags ?? []) if (!store.tags.get(tag)) throw unprocessable(`tag ${tag} does not exist`);
  for (const id of own.droplet_ids ?? [])
    if (!store.droplets.get(id)) throw unprocessable(`droplet ${id} does not exist`);
  return own;
}

function isAddress(value: unknown): boolean {
  const [address = "", prefix, ...more] = String(value).split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}
