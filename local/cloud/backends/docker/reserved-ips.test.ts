import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { parseRange } from "./addresses.ts";
import { ReservedIps } from "./reserved-ips.ts";

const folder = mkdtempSync(join(tmpdir(), "windlass-reserved-"));
const range = parseRange("198.18.3.0/24");
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("an address is given once, moves, and is remembered by the next process", () => {
  const first = new ReservedIps(folder);
  expect(first.assign(null, 1, range)).toEqual({ ip: "198.18.3.200", changed: [1] });
  expect(first.assign(null, null, range)).toEqual({ ip: "198.18.3.201", changed: [] });
  const next = new ReservedIps(folder);
  expect(next.assign("198.18.3.200", 2, range)).toEqual({ ip: "198.18.3.200", changed: [1, 2] });
  expect(next.of(2)).toEqual(["198.18.3.200"]);
  expect(next.of(1)).toEqual([]);
  expect(next.release("198.18.3.200")).toEqual([2]);
  expect(next.release("198.18.3.200")).toEqual([]);
  expect(next.assign(null, 3, range).ip).toBe("198.18.3.200");
});
