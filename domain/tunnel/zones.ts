import { domainToASCII } from "node:url";

/** A domain of the account. */
export interface ZoneName {
  id: string;
  name: string;
}

/** The zone that a hostname lies in: the one with the longest name of those that fit; undefined where none does. */
export function zoneOf<Zone extends ZoneName>(hostname: string, zones: readonly Zone[]): Zone | undefined {
  const name = domainToASCII(hostname.replace(/^\*\./, ""));
  const fitting = zones.filter((zone) => name === zone.name || name.endsWith(`.${zone.name}`));
  return fitting.sort((a, b) => b.name.length - a.name.length)[0];
}
