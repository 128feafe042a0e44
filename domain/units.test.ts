import { expect, test } from "vitest";
import { formatBytes, formatDuration, usd } from "./units.ts";

test.each([
  [0, "0 B"],
  [1536, "1.5 KiB"],
  [5 * 1024 ** 3, "5.0 GiB"],
])("%i bytes read %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [430, "0.4 s"],
  [12_400, "12 s"],
  [200_000, "3 min 20 s"],
  [120_000, "2 min"],
])("%i ms read %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test("cents are rounded half up, float noise aside", () => expect(usd(1.005)).toBe(1.01));
