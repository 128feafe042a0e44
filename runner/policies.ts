import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../domain/errors.ts";
import { nearest } from "../domain/spelling.ts";
import type { Level, Rule, Severity } from "../policy/rule.ts";
import { RULES } from "../policy/rules/index.ts";
import { type PackSettings, packConfig } from "../policy/settings.ts";
import { readSettingsFile } from "../policy/settings-file.ts";
import { levelOf } from "./gate/pack.ts";
import { SETTINGS_FILE, settingsFile } from "./gate/settings.ts";
import { rootOf } from "./pricing/own-project.ts";
import type { TargetOptions } from "./target.ts";

/** A policy as a project has it. */
export interface PolicySummary {
  id: string;
  level: Level;
  severity: Severity;
  title: string;
}

/** A policy with everything there is to know of it. */
export interface PolicyDescription extends PolicySummary {
  reason: string;
  fix: string;
  settings: PolicySetting[];
}

export interface PolicySetting {
  name: string;
  /** As JSON Schema names it; values of a list of choices. */
  type: string;
  default?: unknown;
  description: string;
}

/** What a settings file comes to. */
export interface CheckedSettings {
  file: string;
  /** Policies that it sets something of. */
  policies: string[];
  exemptions: { policy: string; resource: string; why: string; until: string }[];
}

/** Every policy, with the level that the project's settings file gives it. Throws `ConfigInvalid` for a file with mistakes. */
export async function listPolicies(options: TargetOptions = {}): Promise<PolicySummary[]> {
  const { policies } = await settingsFile(rootOf(options), RULES);
  return RULES.map((rule) => summary(rule, levelOf(rule, policies[rule.id])));
}

/** One policy. Throws `UsageError` (exit code 2), naming the nearest, where there is none of this id. */
export async function showPolicy(id: string, options: TargetOptions = {}): Promise<PolicyDescription> {
  const rule = RULES.find((one) => one.id === id);
  if (!rule) {
    const ids = RULES.map((one) => one.id);
    const near = nearest(id, ids);
    const suggestion = near ? `did you mean ${near}?` : "see: windlass policy list";
    throw new UserError("UsageError", { reason: `there is no policy ${id}`, suggestion }, { exitCode: 2 });
  }
  const { policies } = await settingsFile(rootOf(options), RULES);
  const { reason, fix } = rule;
  return { ...summary(rule, levelOf(rule, policies[id])), reason, fix, settings: settingsOf(rule) };
}

/** Reads a settings file. Throws `ConfigInvalid` with file and line of every mistake, `UsageError` where the file that is named is not there. */
export function checkPolicySettings(options: TargetOptions & { file?: string } = {}): CheckedSettings {
  const file = fileOf(options);
  const { policies } = read(file, options);
  const exemptions = Object.entries(policies).flatMap(([policy, { exemptions: list = [] }]) =>
    list.map((one) => ({ policy, ...one })),
  );
  return { file, policies: Object.keys(policies), exemptions };
}

/** The JSON of `pulumi preview --policy-pack-config`, from a settings file; throws as `checkPolicySettings` does. */
export function policyConfig(options: TargetOptions & { file?: string } = {}): Record<string, unknown> {
  return packConfig(read(fileOf(options), options));
}

function fileOf({ file, ...options }: TargetOptions & { file?: string }): string {
  return file === undefined ? join(rootOf(options), SETTINGS_FILE) : resolve(file);
}

/** A project need not have one; a file that was named must be there. */
function read(path: string, { file }: { file?: string }): PackSettings {
  return file === undefined && !existsSync(path) ? { policies: {} } : readSettingsFile(path);
}

function summary({ id, severity, title }: Rule, level: Level): PolicySummary {
  return { id, level, severity, title };
}

function settingsOf({ settings }: Rule): PolicySetting[] {
  const { properties = {} } = z.toJSONSchema(settings, { io: "input", target: "draft-7" });
  return Object.entries(properties).map(([name, property]) => {
    const { type, enum: choices, description = "", default: value } = property as z.core.JSONSchema.BaseSchema;
    const kind = choices ? choices.join(" | ") : String(type ?? "any");
    return { name, type: kind, ...(value === undefined ? {} : { default: value }), description };
  });
}
