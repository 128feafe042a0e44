import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dependentsOf } from "./actions.ts";
import { Incident } from "./incident.ts";
import type { Member } from "./members.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "incident-"));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(home, { recursive: true });
});

const minute = 60_000;
const start = Date.UTC(2026, 0, 1);
const at = (minutes: number) => vi.setSystemTime(start + minutes * minute);
const open = (stack: string | null = "shop") => new Incident(home, { runbook: "disk-full", stack, host: "unix:///x" });

test("a failure is found once and lasts until it is gone, over processes and half lines", () => {
  expect(open().since()).toBeUndefined();
  at(0);
  open().diagnosed(["full"]);
  at(5);
  open().diagnosed(["full", "other"]);
  appendFileSync(open().file, '{"at":"2026');
  expect(open().since()).toBe(start);
  expect(open("other").since()).toBeUndefined();
  open(null).diagnosed([]);
  at(9);
  open().diagnosed([]);
  expect(open().since()).toBeUndefined();
  at(12);
  open().diagnosed(["full"]);
  expect(open().since()).toBe(start + 12 * minute);
  const lines = readFileSync(open().file, "utf8").split("\n");
  expect(lines.filter((line) => line.includes('"event":"found"'))).toHaveLength(2);
});

test("what depends on a service comes after what it needs itself, each once, also in a circle", () => {
  const member = (service: string, ...dependsOn: string[]) => ({ service, dependsOn }) as Member;
  const all = [
    member("web", "api", "cache"),
    member("api", "db", "queue"),
    member("queue", "db"),
    member("cache"),
    member("db"),
    member("a", "b", "db"),
    member("b", "a"),
  ];
  const order = dependentsOf(all, [member("db")]).map(({ service }) => service);
  expect(order.slice().sort()).toEqual(["a", "api", "b", "queue", "web"]);
  expect(order.indexOf("queue")).toBeLessThan(order.indexOf("api"));
  expect(order.indexOf("api")).toBeLessThan(order.indexOf("web"));
  expect(dependentsOf(all, [member("cache")]).map(({ service }) => service)).toEqual(["web"]);
});
