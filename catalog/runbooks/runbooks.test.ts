import { describe, expect, test } from "vitest";
import { listRunbooks, readRunbook } from "../../runner/runbooks/catalog.ts";
import { runbookNames } from "./names.ts";

test("there are the seven of the operations runbook", () => {
  expect(runbookNames()).toEqual([
    "breaker-open",
    "broker-down",
    "database-down",
    "disk-full",
    "gpu-memory-full",
    "model-unstable",
    "redis-memory-full",
  ]);
});

describe.each(listRunbooks())("$name", ({ levels, causes, escalation, diagnosis }) => {
  test("escalates after 15, 30 and 60 minutes", () => {
    expect(escalation.map(({ afterMinutes }) => afterMinutes)).toEqual([15, 30, 60]);
  });

  test("every cause has a step at every level", () => {
    for (const [index, { actions }] of levels.entries())
      for (const { id } of causes)
        expect(
          actions.some((action) => action.for === undefined || action.for.includes(id)),
          `level ${index + 1}: ${id}`,
        ).toBe(true);
  });

  test("every cause is told from what is looked at, and nothing looks in vain for long", () => {
    expect(causes.length).toBeGreaterThanOrEqual(2);
    for (const { timeoutSeconds } of diagnosis) expect(timeoutSeconds).toBeLessThanOrEqual(60);
  });
});

test("an unknown name is told with the nearest, a file that is not there with its path", () => {
  expect(() => readRunbook("databse-down")).toThrow("there is no runbook databse-down; did you mean database-down?");
  expect(() => readRunbook("./mine.yaml")).toThrow("./mine.yaml cannot be read: ENOENT");
});
