import ipaddr from "ipaddr.js";

/** A range of addresses. */
export interface Network {
  /** As it was written. */
  text: string;
  family: "ipv4" | "ipv6";
  first: bigint;
  last: bigint;
}

const BITS = { ipv4: 32, ipv6: 128 } as const;

/** More addresses than these together are the world in pieces: an IPv4 /8, an IPv6 /16. `windlass:sshAllowedAddresses` has the same limits. */
const MOST = { ipv4: 1n << 24n, ipv6: 1n << 112n } as const;

/** Four decimal parts: others read `010.0.0.0` as octal, or `10` as `0.0.0.10`, and nobody can say what was meant. */
const IPV4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/** IPv4 addresses as IPv6 writes them: `::ffff:0:0/96`. */
const MAPPED = 0xffff_0000_0000n;

/** Undefined where the text is neither an address nor a network. `0.0.0.0` and `::` alone mean every address, as they do in most firewalls. */
export function readNetwork(written: string): Network | undefined {
  const text = written.trim();
  const [address = "", prefix, ...more] = text.split("/");
  const v4 = IPV4.test(address);
  if (more.length > 0 || (!v4 && (!address.includes(":") || address.includes("%")))) return undefined;
  if (!ipaddr.isValid(address) || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined;
  const family = v4 ? "ipv4" : "ipv6";
  const start = number(ipaddr.parse(address).toByteArray());
  const all = prefix === undefined && start === 0n;
  const bits = all ? 0 : Number(prefix ?? BITS[family]);
  if (bits > BITS[family]) return undefined;
  const count = 1n << BigInt(BITS[family] - bits);
  const first = start - (start % count);
  if (family === "ipv6" && first >> 32n === MAPPED >> 32n && bits >= 96)
    return { text, family: "ipv4", first: first - MAPPED, last: first - MAPPED + count - 1n };
  return { text, family, first, last: first + count - 1n };
}

function number(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n);
}

/** What the internet does not carry: RFC 1918, 6598, 3927, 4193 and 4291, and the machine itself. */
const PRIVATE = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
  "::1/128",
].map((text) => readNetwork(text) as Network);

export function isPrivate(network: Network): boolean {
  return covers(PRIVATE, network);
}

/** Whether every address of the network is in one of the others, or in several side by side. */
export function covers(others: readonly Network[], network: Network): boolean {
  return merged(others, network.family).some(({ first, last }) => first <= network.first && network.last <= last);
}

/** Those that open a door to the world: each that is too wide by itself, else all public ones where they are too many together. */
export function worldly(networks: readonly Network[]): Network[] {
  const open = networks.filter((one) => !isPrivate(one));
  const wide = open.filter(({ family, first, last }) => last - first + 1n > MOST[family]);
  if (wide.length > 0) return wide;
  return (["ipv4", "ipv6"] as const).flatMap((family) => {
    const size = merged(open, family).reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
    return size > MOST[family] ? open.filter((one) => one.family === family) : [];
  });
}

function merged(networks: readonly Network[], family: Network["family"]): { first: bigint; last: bigint }[] {
  const sorted = networks.filter((one) => one.family === family).sort((a, b) => (a.first < b.first ? -1 : 1));
  const result: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of sorted) {
    const before = result.at(-1);
    if (before && first <= before.last + 1n) before.last = last > before.last ? last : before.last;
    else result.push({ first, last });
  }
  return result;
}
