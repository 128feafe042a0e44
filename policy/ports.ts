import { isUnknown } from "../domain/cost/inputs.ts";

/** Both ends belong to it. */
export interface PortRange {
  first: number;
  last: number;
}

export const ALL_PORTS: PortRange = { first: 1, last: 65_535 };

/** The ways of the API and of the provider to write all ports. */
const ALL = new Set(["", "0", "all", "0-65535", "1-65535"]);

/** `22`, `"8000-9000"`, `"all"`. Undefined where it is not known, or cannot be read. */
export function readPorts(value: unknown): PortRange | undefined {
  if (isUnknown(value)) return undefined;
  const text = String(value ?? "").trim();
  if (ALL.has(text.toLowerCase())) return ALL_PORTS;
  const [, low, high] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (low === undefined) return undefined;
  const range = { first: Number(low), last: Number(high ?? low) };
  return range.first <= range.last && range.last <= ALL_PORTS.last ? range : undefined;
}

export function overlap(one: PortRange, other: PortRange): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/** Whether all of `inner` is in `outer`. */
export function within(inner: PortRange, outer: PortRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function portsText({ first, last }: PortRange): string {
  return first === last ? `port ${first}` : `ports ${first}-${last}`;
}
