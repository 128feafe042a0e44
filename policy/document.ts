import { z } from "zod";
import type { Rule } from "./rule.ts";

/** What the document tells of a rule's cases. */
export interface CaseLine {
  name: string;
  differs: string;
}

export const BEGIN = "<!-- made by policy/document.ts: begin -->";
export const END = "<!-- made by policy/document.ts: end -->";

/** The tables of docs/policies.md: every rule with its settings, and what its bad programs do. */
export function policyTables(rules: readonly Rule[], cases: ReadonlyMap<string, readonly CaseLine[]>): string {
  const total = [...cases.values()].reduce((sum, list) => sum + list.length, 0);
  return [
    `## The ${rules.length} policies`,
    ...table(
      ["policy", "severity", "level", "judged", "demands"],
      rules.map((rule) => [
        `[${rule.id}](#${rule.id})`,
        rule.severity,
        rule.level ?? "mandatory",
        "judge" in rule ? "each resource" : "the whole stack",
        rule.title,
      ]),
    ),
    `Each is tried with small programs that break it and no other policy, and with twins that differ in one thing and pass all: ${total} pairs.`,
    ...rules.flatMap((rule) => section(rule, cases.get(rule.id) ?? [])),
  ].join("\n");
}

function section(rule: Rule, cases: readonly CaseLine[]): string[] {
  const settings = settingsOf(rule);
  return [
    "",
    `### ${rule.id}`,
    "",
    `Demands: ${sentence(rule.title)}`,
    "",
    `Why: ${sentence(rule.reason)}`,
    "",
    `Fix: ${sentence(rule.fix)}`,
    ...(settings.length > 0 ? table(["setting", "default", "what it is"], settings) : [""]),
    ...table(
      ["refused", "what the twin that passes has instead"],
      cases.map(({ name, differs }) => [name, differs]),
    ).slice(1),
  ];
}

function settingsOf(rule: Rule): string[][] {
  const { properties } = z.toJSONSchema(rule.settings, { io: "input" });
  return Object.entries(properties ?? {}).map(([name, schema]) => {
    const { default: standard, description = "" } = schema as { default?: unknown; description?: string };
    return [`\`${name}\``, standard === undefined ? "not set" : `\`${JSON.stringify(standard)}\``, description];
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return ["", line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line), ""];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

function sentence(text: string): string {
  return /[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`;
}
