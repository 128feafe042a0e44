import { z } from "zod";
import { type Inbound, inboundRules } from "./inbound.ts";
import { forwardings } from "./load-balancer.ts";
import { isOf } from "./lookup.ts";
import { isPrivate, readNetwork } from "./networks.ts";
import { overlap, type PortRange, readPorts } from "./ports.ts";
import { type Finding, type Rule, type RuleText, type Subject, stackRule } from "./rule.ts";
import { strangers } from "./sources.ts";

export const port = z.union([
  z.int().min(1).max(65_535),
  z.string().refine((text) => readPorts(text) !== undefined, "must be a port, or a range like 8000-8010"),
]);

export const network = z
  .string()
  .refine((text) => readNetwork(text) !== undefined, "must be an address or a network in CIDR form");

/** A rule that shuts ports to the world. */
export interface PortsRule extends RuleText {
  /** The service behind each port, by port or range: the default of the setting `ports`. */
  ports: Readonly<Record<string, string>>;
  /** Whether public load balancers may not lead to them either. */
  loadBalancers: boolean;
}

/**
 * Judges TCP, which all these services speak. It looks at the whole stack because only that says what an address that is not known yet is
 * made from.
 */
export function portsRule({ ports, loadBalancers, ...about }: PortsRule): Rule {
  const settings = z.object({
    ports: z
      .array(port)
      .default(Object.keys(ports).map((one) => (one.includes("-") ? one : Number(one))))
      .describe("Ports and ranges that it looks at"),
    addresses: z
      .array(network)
      .default([])
      .describe(
        "Networks that may reach them, beside private ones. None: every network no wider than an IPv4 /8 or an IPv6 /16",
      ),
  });
  return stackRule({
    ...about,
    settings,
    judgeStack(resources, { ports: wanted, addresses }) {
      const services = wanted.map((one) => service(one, ports));
      return resources.flatMap((resource) => [
        ...judgeFirewall(resource, resources, services, addresses),
        ...(loadBalancers ? judgeLoadBalancer(resource, services, addresses) : []),
      ]);
    },
  });
}

interface Service extends PortRange {
  text: string;
}

function service(written: number | string, names: Readonly<Record<string, string>>): Service {
  const range = readPorts(written) as PortRange;
  const name = names[written];
  return { ...range, text: name ? `${written} (${name})` : String(written) };
}

function judgeFirewall(
  firewall: Subject,
  resources: readonly Subject[],
  services: readonly Service[],
  addresses: readonly string[],
): Finding[] {
  if (!isOf("firewall", firewall)) return [];
  const inbound = inboundRules(firewall, resources).filter(
    ({ protocol }) => protocol === undefined || protocol === "tcp",
  );
  const judged = inbound
    .map((rule) => ({ ...rule, hit: services.filter((one) => !rule.ports || overlap(one, rule.ports)) }))
    .filter(({ hit }) => hit.length > 0)
    .map((rule) => ({ ...rule, who: strangers(rule.sources, addresses) }));
  const narrow = judged.filter(({ who }) => who === undefined);
  return judged.flatMap((rule) => {
    const who = rule.who ?? strangers(together(rule, rule.hit, narrow), addresses);
    return who ? [{ resource: firewall, message: `${rule.where} ${opens(rule, rule.hit)} to ${who}` }] : [];
  });
}

/** A rule's sources and those of the others for the same ports: known networks, but perhaps too many together. */
function together({ sources }: Inbound, hit: readonly Service[], narrow: readonly Inbound[]): Inbound["sources"] {
  if (sources.networks.every(isPrivate)) return sources;
  const same = narrow.filter(({ ports }) => ports === undefined || hit.some((one) => overlap(one, ports)));
  return { ...sources, networks: same.flatMap((one) => one.sources.networks) };
}

function opens({ ports }: Inbound, hit: readonly Service[]): string {
  const list = named(hit);
  if (ports === undefined)
    return `opens ports that are not known before the update or cannot be read, perhaps ${list},`;
  return ports.first === ports.last ? `opens ${list}` : `opens ports ${ports.first}-${ports.last}, with ${list},`;
}

function named(hit: readonly Service[]): string {
  const shown =
    hit.length > 6
      ? [...hit.slice(0, 5).map(({ text }) => text), `${hit.length - 5} more`]
      : hit.map(({ text }) => text);
  return `port${hit.length > 1 ? "s" : ""} ${shown.join(", ")}`;
}

function judgeLoadBalancer(resource: Subject, services: readonly Service[], addresses: readonly string[]): Finding[] {
  if (!isOf("loadBalancer", resource)) return [];
  return forwardings(resource).flatMap(({ where, entryProtocol, entryPort, targetPort, sources }) => {
    if (entryProtocol === "udp") return [];
    const hit = services.filter((one) =>
      [entryPort, targetPort].some((port) => port === undefined || overlap(one, port)),
    );
    const who = hit.length > 0 && strangers(sources, addresses);
    if (!who) return [];
    return [{ resource, message: `${where} ${leads(entryPort, targetPort, hit)} and takes in ${who}` }];
  });
}

function leads(entry: PortRange | undefined, target: PortRange | undefined, hit: readonly Service[]): string {
  if (!entry || !target) return `may lead to ${named(hit)}, for its ports are not known before the update,`;
  return entry.first === target.first
    ? `leads to ${named(hit)}`
    : `leads from port ${entry.first} to ${target.first}, so to ${named(hit)},`;
}
