import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { listRunbooks } from "../runbooks/catalog.ts";
import type { RunbookResult } from "../runbooks/run.ts";
import { maintenanceLines } from "./maintenance.ts";
import { buildProgram } from "./program.ts";
import { endLines, foundLines } from "./runbook.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runbook-cli-"));
  vi.stubEnv("WINDLASS_HOME", join(folder, "home"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function run(...words: string[]): Promise<void> {
  const program = await buildProgram(words);
  await program.parseAsync(words, { from: "user" });
}

test.each([[["runbook", "disk-full", "--level", "1"]], [["maintenance", "weekly"]]])(
  "%s changes things, so without a terminal it wants --yes",
  async (words) => {
    await expect(run(...words)).rejects.toMatchObject({ code: "UsageError", exitCode: 2 });
  },
);

test("which stack is meant must be said where there is none, or several", async () => {
  await expect(run("runbook", "database-down")).rejects.toMatchObject({
    details: { reason: "database-down: which stack of services?" },
  });
});

test("a dry run without a level is refused", async () => {
  await expect(run("runbook", "disk-full", "--dry-run")).rejects.toMatchObject({ code: "UsageError", exitCode: 2 });
});

const RESULT: RunbookResult = {
  ...{ runbook: "disk-full", title: "a disk is full", impact: "", stack: "shop", host: "unix:///x", prevention: [] },
  symptoms: [{ what: "nearly full", query: "q", seen: true }],
  checks: [
    {
      check: "a",
      title: "percent used",
      service: null,
      where: "unix:///x",
      state: "ok",
      value: 97,
      text: "97 % of 5 MiB",
    },
    { check: "b", title: "rows", service: "db", where: "shop-db-1", state: "unknown", value: 3, text: "many\nlines" },
  ],
  causes: [{ id: "full", title: "it is full", services: ["db"] }],
  ...{ since: "2026-01-01T00:00:00.000Z", level: 1, recovery: "make room" },
  steps: [
    { title: "remove logs", what: "find /data\n-delete", where: ["shop-db-1"], outcome: "planned", detail: null },
    { title: "buy", what: "buy a disk", where: [], outcome: "manual", detail: null },
  ],
  ...{ mended: null, left: [{ id: "full", title: "it is full", services: ["db"] }] },
  escalation: [
    { to: "on-call engineer", level: 1, afterMinutes: 15, at: "2026-01-01T00:15:00.000Z", due: false },
    { to: "lead", level: 2, afterMinutes: 30, at: "2026-01-01T00:30:00.000Z", due: false },
  ],
};

describe("what is printed", () => {
  test("what was found, the likely cause, and what would be done", () => {
    expect(foundLines(RESULT)).toEqual([
      "a disk is full? shop on unix:///x",
      "IS       CHECK         WHERE      FOUND",
      "ok       percent used  unix:///x  97 % of 5 MiB",
      "unknown  rows          shop-db-1  many",
      "symptom in Prometheus: nearly full",
      "likely cause: it is full (db)",
      "",
      "Level 1: make room",
      "  1. remove logs [shop-db-1]\n     find /data ...",
      "  2. buy\n     by hand: buy a disk",
    ]);
  });

  test("what to do next, and whom to call", () => {
    const next = "windlass runbook disk-full --stack shop --level";
    expect(endLines({ ...RESULT, level: null })).toEqual([
      "",
      `what to do: ${next} 1`,
      "call: on-call engineer, if it lasts until 00:15 UTC",
    ]);
    const steps = RESULT.steps.map((step, index) => ({
      ...step,
      ...(index === 0 ? { outcome: "done" as const, detail: "a\nb" } : {}),
    }));
    expect(endLines({ ...RESULT, steps, mended: false })).toEqual([
      "",
      "  done: remove logs (b)",
      "  left to you: buy (buy a disk)",
      "It is not mended.",
      "still wrong: it is full",
      `what to do: ${next} 2`,
      "call: on-call engineer, if it lasts until 00:15 UTC",
    ]);
    expect(endLines({ ...RESULT, steps, mended: true }).at(-1)).toBe("It is mended.");
    expect(endLines({ ...RESULT, causes: [] })).toEqual([]);
    expect(endLines({ ...RESULT, level: null }, "ssh://nas")[1]).toBe(
      "what to do: windlass runbook disk-full --stack shop --host ssh://nas --level 1",
    );
  });

  test("maintenance: tasks, what went, what needs a look", () => {
    const lines = maintenanceLines({
      ...{ list: "daily", at: "", dryRun: true, services: [], disks: [], problems: ["db is unhealthy"] },
      tasks: [{ task: "disk check", host: "unix:///x", outcome: "planned", detail: "1 looked at" }],
      cleaned: [{ kind: "logs", name: "shop-db-1", bytes: 2_097_152, host: "unix:///x" }],
    });
    expect(lines).toEqual([
      "daily maintenance",
      "TASK        ENGINE     OUTCOME  DETAIL",
      "disk check  unix:///x  planned  1 looked at",
      "to clean: logs shop-db-1, 2.0 MiB",
      "look at: db is unhealthy",
    ]);
  });
});

test("the documentation's table is that of the catalog", () => {
  const rows = listRunbooks().map(
    ({ name, title, levels }) => `| \`${name}\` | ${title} | ${levels.map((level) => level.title).join(" | ")} |`,
  );
  const text = readFileSync(new URL("../../docs/runbooks.md", import.meta.url), "utf8");
  for (const row of rows) expect(text).toContain(row);
});
