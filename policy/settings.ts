import { z } from "zod";
import { exemption } from "./exemptions.ts";
import type { Rule } from "./rule.ts";
import { RULES } from "./rules/index.ts";

export const LEVELS = ["mandatory", "advisory", "disabled"] as const;

/** What a settings file says of one rule: its own settings beside the ones that every rule has. */
export interface RuleSettings extends Record<string, unknown> {
  level?: (typeof LEVELS)[number];
  exemptions?: z.input<typeof exemption>[];
}

/** What the pack runs with, by rule id. A rule that is not named has its defaults. */
export interface PackSettings {
  policies: Record<string, RuleSettings>;
  /** JSON file with today's sizes and prices. @default the catalog's */
  pricesFile?: string;
}

/** Settings that every rule has while it runs. */
export const COMMON = {
  exemptions: z.array(exemption).default([]).describe("resources that may break the rule for a time"),
  pricesFile: z.string().optional().describe("JSON file with today's sizes and prices, instead of the catalog's"),
};

/** What `getConfig` gives a rule: its level is the engine's matter by then. */
export function runSettings(rule: Rule) {
  return z.strictObject({ ...rule.settings.shape, ...COMMON });
}

/** What a settings file may say under a rule's id. */
export function fileSettings(rule: Rule) {
  return z.strictObject({ level: z.enum(LEVELS).optional(), ...rule.settings.shape, exemptions: COMMON.exemptions });
}

/** The JSON of `--policy-pack-config`, which the engine hands to the rules. */
export function packConfig(settings: PackSettings, rules: readonly Rule[] = RULES): Record<string, unknown> {
  const named = settings.pricesFile === undefined ? Object.keys(settings.policies) : rules.map(({ id }) => id);
  return Object.fromEntries(
    named.map((id) => {
      const { level, ...own } = settings.policies[id] ?? {};
      const { pricesFile } = settings;
      return [id, { ...own, ...(pricesFile ? { pricesFile } : {}), ...(level ? { enforcementLevel: level } : {}) }];
    }),
  );
}
