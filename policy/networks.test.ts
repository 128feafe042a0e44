import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { covers, isPrivate, type Network, readNetwork, worldly } from "./networks.ts";

const read = (...texts: string[]) => texts.map((text) => readNetwork(text) as Network);
const open = (...texts: string[]) => worldly(read(...texts)).map(({ text }) => text);

describe("what is the world", () => {
  test.each([
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0",
    "::",
    " 0.0.0.0/0 ",
    "203.0.113.7/0",
    "0.0.0.0/00",
    "0.0.0.0/7",
    "2000::/3",
    "2000::/15",
    "::ffff:0:0/96",
    "::ffff:0.0.0.0/96",
    "8000::/1",
  ])("%s", (text) => expect(open(text)).toEqual([text.trim()]));

  test.each([
    "203.0.113.7",
    "18.0.0.0/8",
    "2001:db8::/32",
    "2001::/16",
    "10.0.0.0/8",
    "fc00::/7",
    "::1",
    "::ffff:203.0.113.7",
  ])("not %s", (text) => expect(open(text)).toEqual([]));

  test("many networks that are too many together, private ones aside", () => {
    expect(open("18.0.0.0/8", "19.0.0.0/16", "10.0.0.0/8")).toEqual(["18.0.0.0/8", "19.0.0.0/16"]);
  });

  test("a network twice is counted once", () => {
    expect(open("18.0.0.0/8", "18.0.0.0/8", "18.1.0.0/16")).toEqual([]);
  });

  test("IPv4 and IPv6 are counted apart", () => {
    expect(open("18.0.0.0/8", "2001::/16")).toEqual([]);
  });
});

test.each([
  "",
  "world",
  "10",
  "10.1/8",
  "010.0.0.0/8",
  "0x0/0",
  "0/0",
  "1.2.3.4/33",
  "1.2.3.4/-1",
  "1.2.3.4/8/9",
  "fe80::1%eth0",
  "::/129",
  "1.2.3.4/",
  "256.1.1.1",
])("%j is no network", (text) => expect(readNetwork(text)).toBeUndefined());

test("bits beyond the prefix do not count", () => {
  const [given, exact] = read("203.0.113.77/24", "203.0.113.0/24");
  expect([given?.first, given?.last]).toEqual([exact?.first, exact?.last]);
});

test("a network that holds private and public addresses is not private", () => {
  const own = ["10.0.0.0/8", "192.168.7.0/24", "172.16.0.0/12", "100.64.0.0/10", "127.0.0.1", "169.254.1.1"];
  expect(read(...own, "fd00::/8", "fe80::/64", "::1").filter((one) => !isPrivate(one))).toEqual([]);
  expect(read("10.0.0.0/7", "172.16.0.0/11", "192.0.0.0/8", "0.0.0.0/0").map(isPrivate)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("networks side by side cover what is over both", () => {
  const [whole, low, high, other] = read("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0") as [
    Network,
    Network,
    Network,
    Network,
  ];
  expect(covers([high, low], whole)).toBe(true);
  expect(covers([low], whole)).toBe(false);
  expect(covers([other], whole)).toBe(false);
});

test("a network inside another takes nothing from it", () => {
  const [wide, inside, far] = read("18.0.0.0/8", "18.1.0.0/16", "18.200.0.0/16") as [Network, Network, Network];
  expect(covers([wide, inside], far)).toBe(true);
});

test("an address is in a network exactly where ipaddr.js says so", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, base, bits) => {
      const [one, network] = read(`${address}/32`, `${base}/${bits}`) as [Network, Network];
      expect(covers([network], one)).toBe(ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(base), bits));
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, base, bits) => {
      fc.pre([address, base].every((text) => !ipaddr.IPv6.parse(text).isIPv4MappedAddress()));
      const [one, network] = read(`${address}/128`, `${base}/${bits}`) as [Network, Network];
      expect(covers([network], one)).toBe(ipaddr.IPv6.parse(address).match(ipaddr.IPv6.parse(base), bits));
    }),
  );
});
