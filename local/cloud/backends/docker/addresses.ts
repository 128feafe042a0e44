import { isIPv4 } from "node:net";

/** An IPv4 range: `first` and `last` address as numbers. */
export interface Range {
  first: number;
  last: number;
}

export function toNumber(ip: string): number {
  return ip.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

export function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** Reads `a.b.c.d/n` (a bare address is /32). @throws Error for anything else, IPv6 included. */
export function parseRange(cidr: string): Range {
  const [ip = "", bits = "32"] = cidr.split("/");
  if (!isIPv4(ip) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) throw new Error(`not an IPv4 range: ${cidr}`);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(toNumber(ip) / size) * size;
  return { first, last: first + size - 1 };
}

export function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The first address at or after `from` (counted from the range's start) that is not taken. @throws Error when the range is full. */
export function freeAddress(range: Range, taken: Set<string>, from: number, to = range.last - range.first - 1): string {
  for (let offset = from; offset <= to; offset++) {
    const address = toAddress(range.first + offset);
    if (!taken.has(address)) return address;
  }
  throw new Error(`no free address from ${toAddress(range.first + from)} to ${toAddress(range.first + to)}`);
}
