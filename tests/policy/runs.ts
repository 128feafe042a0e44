import { readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Level, Rule } from "../../policy/rule.ts";
import { RULES } from "../../policy/rules/index.ts";
import { violationMessage } from "../../policy/run.ts";
import { type PackSettings, packConfig } from "../../policy/settings.ts";
import type { Declared, Outcome, Project } from "../engine/harness.ts";
import type { PolicyCase } from "./case.ts";

/** The pack, as Pulumi takes it. */
export const PACK = fileURLToPath(new URL("../../policy", import.meta.url));

/** A violation as the engine tells it. */
export interface Told {
  policy: string;
  level: Level;
  severity: string;
  /** Name of the resource. */
  resource: string;
  message: string;
}

/** The violations among the events of a command that ran with `--json`. */
export function violationsIn({ text }: Outcome): Told[] {
  const events = text.split("\n").filter((line) => line.startsWith('{"'));
  return events
    .map((line) => JSON.parse(line).policyEvent)
    .filter((event) => event !== undefined)
    .map(({ policyName, enforcementLevel, severity, resourceUrn, message }) => ({
      policy: policyName,
      level: enforcementLevel,
      severity,
      resource: String(resourceUrn ?? "")
        .split("::")
        .at(-1) as string,
      message: violationMessage(message),
    }));
}

/** Flags that make a command judge with the pack. */
export function judged(project: Project, policies: PackSettings["policies"] = {}, pack = PACK): string[] {
  const file = join(project.dir, "policy-settings.json");
  writeFileSync(file, JSON.stringify(packConfig({ policies })));
  return ["--policy-pack", pack, "--policy-pack-config", file];
}

/** Cases by rule id, from the files beside this one. */
export async function allCases(): Promise<Map<string, readonly PolicyCase[]>> {
  const folder = resolve(import.meta.dirname);
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !["case.ts", "runs.ts"].includes(file));
  const lists = files.sort().map(async (file) => {
    const { cases } = (await import(join(folder, file))) as { cases: readonly PolicyCase[] };
    return [file.replace(/\.ts$/, ""), cases] as const;
  });
  return new Map(await Promise.all(lists));
}

/** Cases that one preview can judge together: of one rule, with the same settings, where the rule looks at one resource at a time. */
export interface Batch {
  rule: Rule;
  settings: Record<string, unknown>;
  cases: readonly PolicyCase[];
}

export function batches(rule: Rule, cases: readonly PolicyCase[]): Batch[] {
  const groups = new Map<string, PolicyCase[]>();
  for (const [index, one] of cases.entries()) {
    const key = "judgeStack" in rule ? String(index) : JSON.stringify(one.settings ?? {});
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => ({ rule, settings: group[0]?.settings ?? {}, cases: group }));
}

export function ruleOf(id: string): Rule {
  const rule = RULES.find((one) => one.id === id);
  if (!rule) throw new Error(`there is no rule ${id}`);
  return rule;
}

/** Several programs as one: where there is more than one, names begin with the program's number. */
export function together(programs: readonly Declared[][]): Declared[] {
  if (programs.length === 1) return programs[0] as Declared[];
  return programs.flatMap((program, index) => program.map((one) => renamed(one, (name) => `${prefix(index)}${name}`)));
}

/** The number of the program that a resource of `together` is in. */
export function programOf(resource: string, programs: number): number | undefined {
  if (programs === 1) return 0;
  const number = /^c(\d+)-/.exec(resource)?.[1];
  return number === undefined ? undefined : Number(number);
}

const prefix = (index: number) => `c${index}-`;

function renamed({ name, type, args, options }: Declared, rename: (name: string) => string): Declared {
  const { dependsOn, provider, ...others } = options ?? {};
  return {
    name: rename(name),
    type,
    args: references(args, rename) as Declared["args"],
    options: {
      ...others,
      ...(dependsOn ? { dependsOn: (dependsOn as string[]).map(rename) } : {}),
      ...(provider ? { provider: rename(provider as string) } : {}),
    },
  };
}

function references(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => references(one, rename));
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).map(([key, part]) => {
    const refers = key === "$ref" || key === "$number";
    return [key, refers && typeof part === "string" ? rename(part) : references(part, rename)];
  });
  return Object.fromEntries(parts);
}
