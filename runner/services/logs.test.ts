import { expect, test } from "vitest";
import { pointInTime } from "./logs.ts";

test.each([
  ["90s", 910],
  ["10m", 400],
  ["2026-01-02T03:04:05Z", 1_767_323_045],
])("since %s", (text, seconds) => {
  expect(pointInTime("--since", text, 1_000_000)).toBe(seconds);
});

test.each(["", "yesterday", "10", "-5m"])("since %j is refused", (text) => {
  expect(() => pointInTime("--until", text, 0)).toThrow(/^--until: .* is no time; write 10m/);
});
