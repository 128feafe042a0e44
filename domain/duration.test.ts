import { expect, it } from "vitest";
import { parseDuration } from "./duration.ts";

it.each([
  ["30m", 1_800_000],
  ["8h", 28_800_000],
  ["2d", 172_800_000],
  [" 1.5h ", 5_400_000],
  ["90 m", 5_400_000],
])("reads %j", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each(["", "8", "h", "-8h", "0h", "8 hours", "1e3h", "8h30m", "∞d", `${"9".repeat(400)}d`])("refuses %j", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
