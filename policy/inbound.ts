import { isUnknown } from "../domain/cost/inputs.ts";
import { covers } from "./networks.ts";
import { type PortRange, readPorts, within } from "./ports.ts";
import type { Subject } from "./rule.ts";
import { ANYBODY, readSources, type Sources } from "./sources.ts";

/** What a rule lets in. */
export interface Inbound {
  /** As in `inboundRules[2]`. */
  where: string;
  /** Undefined where it is not known. */
  protocol?: string;
  /** Undefined where they are not known. */
  ports?: PortRange;
  sources: Sources;
}

/**
 * What a firewall lets in, without what it denies: a deny rule comes before every allow rule
 * (docs.digitalocean.com/products/networking/firewalls/how-to/configure-rules). Deny rules of other firewalls do not count here, for nothing
 * says that they cover the same droplets. Droplets, load balancers, clusters and tags as sources are machines of the account, not the world.
 */
export function inboundRules(firewall: Subject, resources: readonly Subject[]): readonly Inbound[] {
  let rules = known.get(firewall);
  if (!rules) {
    rules = readRules(firewall, resources);
    known.set(firewall, rules);
  }
  return rules;
}

/** Each of the rules about ports asks for them. */
const known = new WeakMap<Subject, readonly Inbound[]>();

function readRules(firewall: Subject, resources: readonly Subject[]): Inbound[] {
  const list = firewall.inputs.inboundRules;
  if (list === undefined || list === null) return [];
  if (isUnknown(list) || !Array.isArray(list)) return [{ where: "inboundRules", sources: ANYBODY }];
  const rules = list.map((rule, index) => readRule(rule, `inboundRules[${index}]`, firewall, resources));
  const denied = rules.filter((rule) => rule.denies);
  return rules.filter((rule) => !rule.denies).map((rule) => ({ ...rule, sources: left(rule, denied) }));
}

function readRule(rule: unknown, where: string, firewall: Subject, resources: readonly Subject[]) {
  if (isUnknown(rule) || typeof rule !== "object" || rule === null) return { where, sources: ANYBODY, denies: false };
  const { action, protocol, portRange, sourceAddresses } = rule as Record<string, unknown>;
  const ports = readPorts(portRange);
  return {
    where,
    ...(typeof protocol === "string" && !isUnknown(protocol) ? { protocol: protocol.toLowerCase() } : {}),
    ...(ports ? { ports } : {}),
    sources: readSources(sourceAddresses, "inboundRules", firewall, resources),
    denies: typeof action === "string" && action.toLowerCase() === "deny",
  };
}

/** The sources that no deny rule shuts out. */
function left({ protocol, ports, sources }: Inbound, denied: readonly Inbound[]): Sources {
  if (protocol === undefined || ports === undefined) return sources;
  const shut = denied
    .filter((one) => one.protocol === protocol && one.ports && within(ports, one.ports))
    .flatMap((one) => one.sources.networks);
  return { ...sources, networks: sources.networks.filter((network) => !covers(shut, network)) };
}
