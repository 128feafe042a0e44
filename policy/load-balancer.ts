import { isUnknown } from "../domain/cost/inputs.ts";
import { readNetwork } from "./networks.ts";
import { type PortRange, readPorts } from "./ports.ts";
import type { Subject } from "./rule.ts";
import { ANYBODY, type Sources } from "./sources.ts";

/** A rule of a load balancer that takes in traffic from outside. What is undefined is not known. */
export interface Forwarding {
  /** As in `forwardingRules[0]`. */
  where: string;
  entryProtocol?: string;
  entryPort?: PortRange;
  targetPort?: PortRange;
  /** Undefined where it is not known whether there is any. */
  tlsPassthrough?: boolean;
  sources: Sources;
}

const EVERYBODY = ["0.0.0.0/0", "::/0"].flatMap((text) => readNetwork(text) ?? []);

/** What a load balancer forwards from the internet: nothing where it is internal. */
export function forwardings({ inputs }: Subject): Forwarding[] {
  if (!isUnknown(inputs.network) && String(inputs.network ?? "").toUpperCase() === "INTERNAL") return [];
  const rules = inputs.forwardingRules;
  if (rules === undefined || rules === null) return [];
  const sources = visitors(inputs.firewall);
  if (isUnknown(rules) || !Array.isArray(rules)) return [{ where: "forwardingRules", sources }];
  return rules.map((rule, index) => readForwarding(rule, `forwardingRules[${index}]`, sources));
}

function readForwarding(rule: unknown, where: string, sources: Sources): Forwarding {
  if (isUnknown(rule) || typeof rule !== "object" || rule === null) return { where, sources };
  const { entryProtocol, entryPort, targetPort, tlsPassthrough } = rule as Record<string, unknown>;
  const [entry, target] = [readPorts(entryPort), readPorts(targetPort)];
  return {
    where,
    sources,
    ...(typeof entryProtocol === "string" && !isUnknown(entryProtocol)
      ? { entryProtocol: entryProtocol.toLowerCase() }
      : {}),
    ...(entry ? { entryPort: entry } : {}),
    ...(target ? { targetPort: target } : {}),
    ...(isUnknown(tlsPassthrough) ? {} : { tlsPassthrough: tlsPassthrough === true }),
  };
}

/**
 * Whom the load balancer's own firewall lets in: everybody, where it has no `allows`. They are written `ip:203.0.113.7` and
 * `cidr:203.0.113.0/24`.
 */
function visitors(firewall: unknown): Sources {
  if (isUnknown(firewall)) return ANYBODY;
  const allows = (firewall as { allows?: unknown } | null | undefined)?.allows;
  if (isUnknown(allows)) return ANYBODY;
  if (!Array.isArray(allows) || allows.length === 0) return { networks: EVERYBODY, unreadable: [], unknown: false };
  const known = allows.filter((one) => !isUnknown(one)).map(String);
  const read = known.map((text) => ({ text, network: readNetwork(text.replace(/^(ip|cidr):/, "")) }));
  return {
    networks: read.flatMap(({ network }) => network ?? []),
    unreadable: read.flatMap(({ text, network }) => (network ? [] : text)),
    unknown: known.length < allows.length,
  };
}
