import { expect, test } from "vitest";
import { UNKNOWN as unknown } from "../domain/cost/inputs.ts";
import { overlap, type PortRange, readPorts, within } from "./ports.ts";

test.each([
  ["22", 22, 22],
  [22, 22, 22],
  [" 8000-9000 ", 8000, 9000],
  ["all", 1, 65_535],
  ["ALL", 1, 65_535],
  ["0", 1, 65_535],
  ["", 1, 65_535],
  [undefined, 1, 65_535],
  ["0-65535", 1, 65_535],
])("%j", (given, first, last) => expect(readPorts(given)).toEqual({ first, last }));

test.each(["22,80", "ssh", "9000-8000", "65536", "-1", "1-", unknown])("%j cannot be read", (given) =>
  expect(readPorts(given)).toBeUndefined(),
);

test("ranges that only touch at an end overlap, and a range is within itself", () => {
  const [a, b] = [readPorts("20-22"), readPorts("22-30")] as [PortRange, PortRange];
  expect(overlap(a, b)).toBe(true);
  expect(overlap(a, { first: 23, last: 30 })).toBe(false);
  expect(within(a, a)).toBe(true);
  expect(within(a, b)).toBe(false);
});
