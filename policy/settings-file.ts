import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { givenFile } from "../catalog/given-file.ts";
import { nearest } from "../domain/spelling.ts";
import { type FileProblem, fileRefusal, YamlText } from "../domain/yaml-file.ts";
import { hasEnded } from "./exemptions.ts";
import type { Rule } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import { fileSettings, LEVELS, type PackSettings, type RuleSettings } from "./settings.ts";

type Path = readonly PropertyKey[];
type Problem = (path: Path, text: string) => void;

/**
 * Reads the settings of the pack: `policies` by rule id, each a level or a list of settings, and `pricesFile`, relative to the file.
 * @param now milliseconds since 1970, for exemptions that have ended
 * Throws `ConfigInvalid` with file and line of all that is wrong with it, `UsageError` where it cannot be read.
 */
export function readSettingsFile(path: string, rules: readonly Rule[] = RULES, now = Date.now()): PackSettings {
  const yaml = new YamlText(givenFile(path, "policy settings"));
  const problems: FileProblem[] = [];
  const problem: Problem = (at, text) => problems.push({ line: yaml.find(at).line, text });
  const settings = settingsIn(yaml.value(path, 2), rules, now, problem);
  if (problems.length > 0) throw fileRefusal(path, problems, 2);
  const { pricesFile } = settings;
  return pricesFile === undefined ? settings : { ...settings, pricesFile: resolve(dirname(path), pricesFile) };
}

function settingsIn(given: unknown, rules: readonly Rule[], now: number, problem: Problem): PackSettings {
  const settings: PackSettings = { policies: {} };
  if (given === null || given === undefined) return settings;
  for (const [key, value] of entries(given, [], "the settings of the policy pack", problem)) {
    if (key === "policies") settings.policies = policiesIn(value, rules, now, problem);
    else if (key !== "pricesFile") problem([key], `${unknown(key, ["policies", "pricesFile"])}`);
    else if (typeof value === "string" && value !== "") settings.pricesFile = value;
    else problem([key], "pricesFile must be the path of a JSON file");
  }
  return settings;
}

function policiesIn(given: unknown, rules: readonly Rule[], now: number, problem: Problem): PackSettings["policies"] {
  const policies: PackSettings["policies"] = {};
  for (const [id, value] of entries(given ?? {}, ["policies"], "policies", problem)) {
    const at = ["policies", id];
    const rule = rules.find((one) => one.id === id);
    if (rule) policies[id] = ruleSettings(rule, value, at, now, problem);
    else problem(at, `there is no policy ${id}${suggestion(id, rules)}`);
  }
  return policies;
}

function ruleSettings(rule: Rule, value: unknown, at: Path, now: number, problem: Problem): RuleSettings {
  if (typeof value === "string" && !LEVELS.includes(value as never)) {
    problem(at, `${rule.id} is "${value}"; write ${LEVELS.join(", ")}, or a list of settings`);
    return {};
  }
  const given = typeof value === "string" ? { level: value } : value;
  const result = fileSettings(rule).safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) tell(rule, issue, given, at, problem);
    return {};
  }
  for (const [index, exemption] of result.data.exemptions.entries()) {
    const where = [...at, "exemptions", index, "until"];
    if (hasEnded(exemption, now)) {
      problem(where, `${rule.id}: the exemption for "${exemption.resource}" ended on ${exemption.until}; take it out`);
    }
  }
  return given as RuleSettings;
}

/** Says what is wrong with one value, in words of the settings rather than of the schema. */
function tell(rule: Rule, issue: z.core.$ZodIssue, given: unknown, at: Path, problem: Problem): void {
  const path = [...at, ...issue.path];
  const name = [rule.id, ...issue.path].join(".");
  if (issue.code === "unrecognized_keys") {
    const known = issue.path.length === 0 ? Object.keys(fileSettings(rule).shape) : ["resource", "why", "until"];
    for (const key of issue.keys) problem([...path, key], `${name}: ${unknown(key, known)}`);
    return;
  }
  const value = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], given);
  if (value === undefined) problem(path, `${name} is missing${explain(issue)}`);
  else if (issue.code === "invalid_type" && issue.expected === "number") {
    problem(path, `${name} is ${JSON.stringify(value)}; write a plain number, without currency marks or units`);
  } else problem(path, `${name} is ${JSON.stringify(value)}: ${issue.message}`);
}

function explain(issue: z.core.$ZodIssue): string {
  const key = issue.path.at(-1);
  if (key === "why") return "; say why the resource may break the rule";
  return key === "until" ? "; give the last day, as in 2026-12-31" : "";
}

function unknown(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `${key} is not known; ${near ? `did you mean ${near}?` : `there are ${known.join(", ")}`}`;
}

function suggestion(id: string, rules: readonly Rule[]): string {
  const near = nearest(
    id,
    rules.map((rule) => rule.id),
  );
  return near ? `; did you mean ${near}?` : "; see: windlass policy list";
}

function entries(given: unknown, at: Path, name: string, problem: Problem): [string, unknown][] {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return Object.entries(given);
  problem(at, `${name} must be a list of keys with values`);
  return [];
}
