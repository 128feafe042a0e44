import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseBytes, parseDuration, singlePrecision } from "./units.ts";

describe("sizes", () => {
  test.each([
    ["0", "0"],
    ["1024", "1024"],
    ["512m", "536870912"],
    ["1.5GB", "1610612736"],
    ["2 KiB", "2048"],
    ["64b", "64"],
    ["1k", "1024"],
    ["8p", "9007199254740992"],
    [".5m", "524288"],
  ])("%s", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  test.each(["", "m", "-1", "1x", "1mbb", "1 5", "5ib", "1  m"])("%j is none", (text) =>
    expect(parseBytes(text)).toBeUndefined(),
  );
});

describe("durations", () => {
  test.each([
    ["90s", "1m30s"],
    ["1h", "1h0m0s"],
    ["1.5h", "1h30m0s"],
    ["1d2h", "26h0m0s"],
    ["1w", "168h0m0s"],
    ["1500ms", "1.5s"],
    ["20us", "20\u00b5s"],
    ["3ns", "3ns"],
    ["0", "0s"],
    ["0s", "0s"],
    ["-1m", "-1m0s"],
  ])("%s", (text, shown) => expect(formatDuration(parseDuration(text) as number)).toBe(shown));

  test.each(["", "5", "s", "1 s", "1y", "1m 30s", "1.s.", "+"])("%j is none", (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );

  test("read again, what is printed is the same", () => {
    const whole = fc.integer({ min: 0, max: 10 ** 15 });
    fc.assert(fc.property(whole, (nanoseconds) => parseDuration(formatDuration(nanoseconds)) === nanoseconds));
  });
});

test("single precision is printed short", () => {
  expect([0.1, 0.333, 1.5, 0.123456789, 3].map(singlePrecision)).toEqual([0.1, 0.333, 1.5, 0.12345679, 3]);
});
