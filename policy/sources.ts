import { isUnknown } from "../domain/cost/inputs.ts";
import { resourceAt } from "./lookup.ts";
import { covers, isPrivate, type Network, readNetwork, worldly } from "./networks.ts";
import type { Subject } from "./rule.ts";

/** Who may come in, as far as it is known. */
export interface Sources {
  networks: readonly Network[];
  /** Written where an address should be, and not one. */
  unreadable: readonly string[];
  /** Whether there may be any others. */
  unknown: boolean;
}

export const ANYBODY: Sources = { networks: [], unreadable: [], unknown: true };

/**
 * Types whose outputs, where they are addresses, are one machine's or a private network's. An address that only these have a part in
 * is not the world, even if it is not known yet.
 */
const OWN_ADDRESSES =
  /^digitalocean:index\/(droplet|floatingIp|kubernetesCluster|loadBalancer|reservedIp|reservedIpv6|vpc|vpcNatGateway):/;

/** The addresses in a list. `input` is the input of the resource that holds it. */
export function readSources(list: unknown, input: string, of: Subject, resources: readonly Subject[]): Sources {
  if (list === undefined || list === null) return { networks: [], unreadable: [], unknown: false };
  if (isUnknown(list) || !Array.isArray(list)) return ANYBODY;
  const known = list.filter((one) => !isUnknown(one)).map((one) => ({ one, network: readNetwork(String(one)) }));
  return {
    networks: known.flatMap(({ network }) => network ?? []),
    unreadable: known.flatMap(({ one, network }) => (network ? [] : String(one))),
    unknown: known.length < list.length && !isOwnAddress(input, of, resources),
  };
}

/** Whether what is not known in an input is surely the address of one machine or a private network. */
export function isOwnAddress(input: string, of: Subject, resources: readonly Subject[]): boolean {
  const from = of.propertyDependencies?.[input] ?? [];
  const types = from.map((urn) => resourceAt(urn, resources)?.type ?? "");
  return types.length > 0 && types.every((type) => OWN_ADDRESSES.test(type));
}

/**
 * Who is too many, in words, or undefined: the world, what is not known, and what cannot be read. Where `listed` holds something, also every
 * public network outside it.
 */
export function strangers(sources: Sources, listed: readonly string[] = []): string | undefined {
  const allowed = listed.flatMap((text) => readNetwork(text) ?? []);
  const others = sources.networks.filter((one) => !isPrivate(one) && !covers(allowed, one));
  const networks = (allowed.length > 0 ? others : worldly(sources.networks)).map(({ text }) => text);
  const unreadable = sources.unreadable.map((text) => `${JSON.stringify(text)}, which is not an address,`);
  const unknown = sources.unknown ? ["addresses that are not known before the update"] : [];
  const all = [...new Set([...networks, ...unreadable, ...unknown])];
  if (all.length === 0) return undefined;
  const shown = all.length > 4 ? [...all.slice(0, 3), `${all.length - 3} more`] : all;
  return shown.length === 1 ? shown[0] : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
