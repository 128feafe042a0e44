/** IPv4 networks in CIDR notation: pure. */

/** What a VPC may not use. Source: VPC Limits page. */
export const RESERVED_RANGES = ["10.244.0.0/16", "10.245.0.0/16", "10.246.0.0/24", "10.229.0.0/16"];

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Where automatic ranges come from, a /20 each, as DigitalOcean gives them. */
const AUTOMATIC = { first: "10.100.0.0", prefix: 20, count: 1600 };

/** The range with its host bits cleared; undefined where it is no private network between /16 and /28. */
export function parseRange(range: string): string | undefined {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(range);
  const address = match?.[1] === undefined ? undefined : toNumber(match[1]);
  const prefix = Number(match?.[2]);
  if (address === undefined || prefix < 16 || prefix > 28) return undefined;
  const normal = `${toText(network(address, prefix))}/${prefix}`;
  return PRIVATE.some((own) => overlapping(own, normal)) ? normal : undefined;
}

export function overlapping(a: string, b: string): boolean {
  const [addressA, prefixA] = split(a);
  const [addressB, prefixB] = split(b);
  const prefix = Math.min(prefixA, prefixB);
  return network(addressA, prefix) === network(addressB, prefix);
}

/** How many automatic ranges there are. */
export const AUTOMATIC_RANGES = AUTOMATIC.count;

/** The first automatic range, from the `start`th on, that overlaps none of these. */
export function freeRange(taken: readonly string[], start = 0): string {
  const first = toNumber(AUTOMATIC.first) as number;
  for (let n = 0; n < AUTOMATIC.count; n++) {
    const position = (start + n) % AUTOMATIC.count;
    const range = `${toText(first + position * 2 ** (32 - AUTOMATIC.prefix))}/${AUTOMATIC.prefix}`;
    if (![...taken, ...RESERVED_RANGES].some((other) => overlapping(range, other))) return range;
  }
  throw new Error("no free network range is left");
}

/** The network's mask, its gateway (the first address), and how many hosts it has room for besides. */
export function hosts(range: string): { netmask: string; gateway: string; count: number; at: (n: number) => string } {
  const [address, prefix] = split(range);
  const base = network(address, prefix);
  const netmask = toText(2 ** 32 - 2 ** (32 - prefix));
  return { netmask, gateway: toText(base + 1), count: 2 ** (32 - prefix) - 3, at: (n) => toText(base + 2 + n) };
}

function split(range: string): [number, number] {
  const [address = "", prefix = "32"] = range.split("/");
  return [toNumber(address) ?? 0, Number(prefix)];
}

function network(address: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  return Math.floor(address / size) * size;
}

function toNumber(text: string): number | undefined {
  const parts = text.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
