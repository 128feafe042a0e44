import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { allCases } from "../../tests/policy/runs.ts";
import { runSettings } from "../settings.ts";
import { RULES } from "./index.ts";

const FOLDER = import.meta.dirname;
const CASES = await allCases();

test("every file of this folder is a rule of the list, sorted by id", () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".ts") && !/(^index|\.test)\.ts$/.test(file));
  const ids = RULES.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids).toEqual(files.map((file) => file.replace(/\.ts$/, "")).sort());
});

describe.each(RULES.map((rule) => [rule.id, rule] as const))("%s", (id, rule) => {
  test("says what it demands, why and what to do", () => {
    for (const text of [rule.title, rule.reason, rule.fix]) expect(text.trim()).toBe(text);
    expect(rule.title.length).toBeGreaterThan(10);
    expect(rule.reason.length).toBeGreaterThan(30);
    expect(rule.fix.length).toBeGreaterThan(10);
  });

  test("runs without settings, and describes each that it has", () => {
    expect(runSettings(rule).safeParse({}).success).toBe(true);
    const { properties = {} } = z.toJSONSchema(runSettings(rule), { io: "input", target: "draft-7" });
    const nameless = Object.entries(properties).filter(
      ([, schema]) => !(schema as { description?: string }).description,
    );
    expect(nameless.map(([name]) => name)).toEqual([]);
  });

  test("has cases whose settings it knows, each with a name of its own", () => {
    const cases = CASES.get(id) ?? [];
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    for (const { name, settings = {}, bad, good } of cases) {
      const known = z.strictObject(rule.settings.shape).safeParse(settings);
      expect([name, known.error?.message]).toEqual([name, undefined]);
      expect(bad).not.toEqual(good);
    }
  });
});
