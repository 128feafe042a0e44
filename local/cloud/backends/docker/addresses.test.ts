import { expect, test } from "vitest";
import { freeAddress, overlap, parseRange, toAddress, toNumber } from "./addresses.ts";

test("a range is read whatever host part it is written with", () => {
  expect(parseRange("10.110.3.7/20")).toEqual({ first: toNumber("10.110.0.0"), last: toNumber("10.110.15.255") });
  expect(parseRange("192.0.2.1")).toEqual({ first: toNumber("192.0.2.1"), last: toNumber("192.0.2.1") });
  expect(parseRange("0.0.0.0/0").last).toBe(2 ** 32 - 1);
  expect(toAddress(toNumber("255.254.1.0"))).toBe("255.254.1.0");
});

test.each(["10.0.0.0/33", "10.0.0/8", "fd00::/8", "10.0.0.0/8; drop", ""])("%j is no range", (text) => {
  expect(() => parseRange(text)).toThrow("not an IPv4 range");
});

test("ranges overlap when one holds an address of the other", () => {
  expect(overlap(parseRange("10.0.0.0/8"), parseRange("10.9.0.0/16"))).toBe(true);
  expect(overlap(parseRange("10.0.0.0/24"), parseRange("10.0.1.0/24"))).toBe(false);
});

test("the lowest free address is given, never the last of the range, which is its broadcast address", () => {
  const range = parseRange("10.0.0.0/30");
  expect(freeAddress(range, new Set(), 2)).toBe("10.0.0.2");
  expect(() => freeAddress(range, new Set(["10.0.0.2"]), 2)).toThrow("no free address");
});
