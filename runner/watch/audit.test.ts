import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Sample } from "../../domain/idleness.ts";
import { AUDIT_FILE_BYTES, type AuditRecord, auditLog } from "./audit.ts";
import { measuredUntil, measureUsage, usageOfDays } from "./usage.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "windlass-audit-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const owner = { project: "p", stack: "s" };
const record = (reason: string, evidence = {}): Omit<AuditRecord, "actor"> => ({
  ...{ at: "2026-01-01T00:00:00.000Z", node: "n", decision: "none", topic: "stop", reason, evidence, outcome: "none" },
});

it("keeps records as lines of JSON that only the owner may read, and says who wrote them", () => {
  const log = auditLog(home, owner);
  expect(log.all()).toEqual([]);
  log.append(record("first"));
  log.append(record("second\nline"));
  expect(readFileSync(log.file, "utf8").split("\n")).toHaveLength(3);
  expect(log.all().map(({ reason }) => reason)).toEqual(["first", "second\nline"]);
  expect(log.last(() => true)?.actor).toMatchObject({ pid: process.pid });
  expect(statSync(log.file).mode & 0o777).toBe(0o600);
});

it("gets over half a line that a power cut left", () => {
  const log = auditLog(home, owner);
  log.append(record("whole"));
  appendFileSync(log.file, '{"at":"2026');
  log.append(record("after"));
  expect(log.all().map(({ reason }) => reason)).toEqual(["whole", "after"]);
});

it("begins a new file at 10 MB and keeps the one before", () => {
  const log = auditLog(home, owner);
  log.append(record("old"));
  writeFileSync(log.file, `${readFileSync(log.file, "utf8")}${"x".repeat(AUDIT_FILE_BYTES)}\n`);
  log.append(record("new"));
  expect(statSync(log.file).size).toBeLessThan(1000);
  expect(existsSync(join(home, "audit", "p-s.1.jsonl"))).toBe(true);
  expect(log.all().map(({ reason }) => reason)).toEqual(["old", "new"]);
});

const HOUR = 3_600_000;
const sample = (hour: number, utilization: number): Sample => ({
  ...{
    at: hour * HOUR,
    gpus: [
      { utilization: 0, memoryUsedMiB: 1 },
      { utilization, memoryUsedMiB: 1 },
    ],
  },
  ...{ sshSessions: 0, jobs: 0, loading: false },
});

it("measures what samples cover, each once, and leaves gaps out", () => {
  const rule = { since: 0, percent: 5, stepMs: HOUR };
  const samples = [sample(3, 0), sample(1, 0), sample(2, 90), { malformed: "x" }, sample(20, 0)];
  expect(measureUsage(samples, rule)).toEqual({ coveredHours: 5.5, idleHours: 4.5, until: 20 * HOUR });
  expect(measureUsage(samples, { ...rule, since: 20 * HOUR })).toBeUndefined();
});

it("sums up what passes of the last days measured of this node", () => {
  const log = auditLog(home, owner);
  const day = 24 * HOUR;
  log.append(record("long ago", { usage: { coveredHours: 9, idleHours: 9, until: day } }));
  log.append(record("a", { usage: { coveredHours: 2, idleHours: 1, until: 20 * day } }));
  log.append({ ...record("other", { usage: { coveredHours: 7, idleHours: 7, until: 20 * day } }), node: "m" });
  log.append(record("b", { usage: { coveredHours: 1, idleHours: 1, until: 20 * day + HOUR } }));
  log.append(record("nothing"));
  expect(measuredUntil(log, "n")).toBe(20 * day + HOUR);
  expect(usageOfDays(log, "n", 21 * day)).toEqual({ coveredHours: 3, idleHours: 2 });
});
