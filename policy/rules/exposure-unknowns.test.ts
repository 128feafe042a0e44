import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import type { Declared } from "../../tests/engine/harness.ts";
import type { PolicyCases } from "../../tests/policy/case.ts";
import type { ResourceRule, Rule, Subject } from "../rule.ts";
import { declared, findings } from "../testing/stack.ts";
import { RULES } from "./index.ts";

const EXPOSURE = [
  "any-port-open",
  "database-port-open",
  "database-public",
  "docker-port-open",
  "firewall-required",
  "inference-port-open",
  "load-balancer-https",
  "ssh-open",
];

type Values = Record<string, unknown>;

/** A program as a preview knows it: references to other resources are not known, and said to be made from them. */
function planned(program: readonly Declared[]): Subject[] {
  const subjects = new Map<string, Subject>();
  for (const { name, type, args } of program) {
    const [pkg, word = ""] = type.split(":");
    const kind = pkg === "digitalocean" ? word.charAt(0).toLowerCase() + word.slice(1) : type;
    const uses = Object.entries(args).map(([input, value]) => {
      const names = [...JSON.stringify(value).matchAll(/"\$(?:ref|number)":"([^".]+)\./g)].map(
        (match) => match[1] as string,
      );
      return [input, names.flatMap((one) => subjects.get(one)?.urn ?? [])] as const;
    });
    subjects.set(
      name,
      declared(kind, name, withoutReferences(args) as Values, { propertyDependencies: Object.fromEntries(uses) }),
    );
  }
  return [...subjects.values()];
}

function withoutReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReferences);
  if (typeof value !== "object" || value === null) return value;
  if (Object.keys(value).some((key) => key.startsWith("$"))) return UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutReferences(part)]));
}

/** The value with one thing in it not known, each in turn. */
function* hidden(value: unknown): Generator<unknown> {
  if (Array.isArray(value))
    for (const [index, part] of value.entries())
      for (const one of [UNKNOWN, ...hidden(part)]) yield value.with(index, one);
  else if (typeof value === "object" && value !== null)
    for (const [key, part] of Object.entries(value))
      for (const one of [UNKNOWN, ...hidden(part)]) yield { ...value, [key]: one };
}

function found(rule: Rule, resources: readonly Subject[], settings: Values): readonly string[] {
  if ("judgeStack" in rule) return findings(rule, resources, settings);
  const { judge, types } = rule as ResourceRule;
  const own = resources.filter(({ type }) => types.some((word) => type.startsWith(`digitalocean:index/${word}:`)));
  return own.flatMap((one) => judge(one, rule.settings.parse(settings) as never, undefined as never));
}

describe.each(EXPOSURE)("%s", async (id) => {
  const rule = RULES.find((one) => one.id === id) as Rule;
  const { cases } = (await import(`../../tests/policy/${id}.ts`)) as { cases: PolicyCases };

  test.each(cases.map((one) => [one.name, one] as const))(
    "%s: refused, whatever of it is not known",
    (_, { bad, good, settings = {} }) => {
      expect(found(rule, planned(good), settings)).toEqual([]);
      const program = planned(bad);
      expect(found(rule, program, settings)).not.toEqual([]);
      const passed: unknown[] = [];
      for (const [index, one] of program.entries()) {
        for (const inputs of hidden(one.inputs)) {
          const all = program.with(index, { ...one, inputs: inputs as Values, propertyDependencies: {} });
          if (found(rule, all, settings).length === 0) passed.push(inputs);
        }
      }
      expect(passed).toEqual([]);
    },
  );
});
