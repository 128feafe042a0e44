import { TEST_PRICES } from "../../domain/cost/testing.ts";
import type { ResourceRule, Rule, RuleContext, StackRule, Subject } from "../rule.ts";

const CONTEXT: RuleContext = {
  now: Date.parse("2026-11-21"),
  prices: () => TEST_PRICES,
};

/** A resource of a stack by the word of its type and its name. */
export function declared(
  word: string,
  name: string,
  inputs: Record<string, unknown>,
  more: Partial<Subject> = {},
): Subject {
  const type = word.includes(":") ? word : `digitalocean:index/${word}:${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  const urn = `urn:pulumi:test::project::${type}::${name}`;
  return { type, name, urn, inputs, protect: false, custom: true, ...more };
}

/** What a rule over the whole stack finds: `name: message`. */
export function findings(rule: Rule, resources: readonly Subject[], settings: Record<string, unknown> = {}): string[] {
  const found = (rule as StackRule).judgeStack(resources, rule.settings.parse(settings), CONTEXT);
  return found.map(({ resource, message }) => `${resource?.name ?? "stack"}: ${message}`);
}

/** What a rule that looks at one resource says of it. */
export function said(
  rule: Rule,
  resource: Subject,
  settings: Record<string, unknown> = {},
  now = CONTEXT.now,
): readonly string[] {
  return (rule as ResourceRule).judge(resource, rule.settings.parse(settings), { ...CONTEXT, now });
}
