import { describe, expect, test } from "vitest";
import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import type { Declared } from "../../tests/engine/harness.ts";
import { allCases } from "../../tests/policy/runs.ts";
import type { ResourceRule, Rule, StackRule, Subject } from "../rule.ts";
import { declared } from "../testing/stack.ts";
import { RULES } from "./index.ts";

/** What a program may hold instead of the value that a rule expects, by mistake or because it is not known yet. */
const STRANGE = [UNKNOWN, null, undefined, "", "x", 7, -1, true, [], [null], [UNKNOWN], {}, { a: UNKNOWN }];

const context = { now: Date.parse("2026-11-21"), prices: () => catalogPrices() };

function subject({ name, type, args }: Declared): Subject {
  const [pkg, word = ""] = type.split(":");
  const key = word.charAt(0).toLowerCase() + word.slice(1);
  return declared(pkg === "digitalocean" ? key : type, name, known(args) as Record<string, unknown>);
}

/** References to other resources are not known before the update. */
function known(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== "object" || value === null) return value;
  if (Object.keys(value).some((key) => key.startsWith("$"))) return UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, known(part)]));
}

/** The value with one of its parts, or itself, replaced: each in turn. */
function* variants(value: unknown, replacement: unknown): Generator<unknown> {
  yield replacement;
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    for (const part of variants((value as Record<string, unknown>)[key], replacement)) {
      yield Array.isArray(value) ? value.with(Number(key), part) : { ...value, [key]: part };
    }
  }
}

function judge(rule: Rule, all: readonly Subject[], settings: Record<string, unknown>): void {
  const own = rule.settings.parse(settings) as never;
  if ("judgeStack" in rule) (rule as StackRule).judgeStack(all, own, context);
  else for (const one of all) if (fits(rule, one)) (rule as ResourceRule).judge(one, own, context);
}

function fits(rule: Rule, { type }: Subject): boolean {
  return "types" in rule && rule.types.includes(type.replace(/^digitalocean:index\/(\w+):.*/, "$1"));
}

const CASES = await allCases();

describe.each(RULES.map((rule) => [rule.id, rule] as const))("%s", (id, rule) => {
  test("judges whatever a program holds", () => {
    let judged = 0;
    const thrown = new Set<string>();
    for (const { bad, settings } of CASES.get(id) ?? []) {
      for (const program of strangePrograms(bad.map(subject))) {
        try {
          judge(rule, program, settings ?? {});
        } catch (error) {
          thrown.add(`${(error as Error).stack?.split("\n").slice(0, 2).join("")}`);
        }
        judged++;
      }
    }
    expect([...thrown]).toEqual([]);
    expect(judged).toBeGreaterThan(50);
  });
});

/** The program with one part of one resource's inputs replaced: each in turn, by each strange value. */
function* strangePrograms(all: readonly Subject[]): Generator<readonly Subject[]> {
  for (const [index, one] of all.entries()) {
    for (const strange of STRANGE) {
      for (const inputs of variants(one.inputs, strange)) {
        if (inputs !== strange) yield all.with(index, { ...one, inputs: inputs as Record<string, unknown> });
      }
    }
  }
}
