import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Rule } from "../../policy/rule.ts";
import type { PackSettings, RuleSettings } from "../../policy/settings.ts";
import type { Override } from "./override.ts";
import { MONTHLY_BUDGET } from "./refusal.ts";

/** The settings file of a project, beside its Pulumi.yaml. */
export const SETTINGS_FILE = "windlass-policy.yaml";

/** What the settings of a run are made from. */
export interface SettingsSource {
  /** Folder of the project. */
  root: string;
  rules: readonly Rule[];
  /** Public keys that other stacks use, by stack. */
  otherKeys?: Readonly<Record<string, readonly string[]>>;
  /** Whether the stack's own file says of a timer that it is off: then somebody decided so. */
  timersOff?: boolean;
  /** windlass:maxMonthlySpendUsd */
  maxMonthlyUsd?: number;
  /** JSON file with today's sizes. */
  pricesFile?: string;
  overrides?: readonly Override[];
}

/**
 * The settings file of the project, with what the stack's config and this machine know on top: of two limits the lower counts, keys are added,
 * and what is overridden only tells. Throws `ConfigInvalid` for a file with mistakes.
 */
export async function runSettings({ root, rules, ...source }: SettingsSource): Promise<PackSettings> {
  const { policies, ...settings } = await settingsFile(root, rules);
  const all: Record<string, RuleSettings> = { ...policies };
  const set = (id: string, more: RuleSettings) => {
    all[id] = { ...all[id], ...more };
  };
  const limit = limitOf({ policies, ...settings }, source.maxMonthlyUsd);
  if (limit !== undefined) set(MONTHLY_BUDGET, { maxMonthlyUsd: limit });
  const { otherKeys = {} } = source;
  if (Object.keys(otherKeys).length > 0) {
    const own = policies["separate-keys"]?.otherKeys as Record<string, readonly string[]> | undefined;
    set("separate-keys", { otherKeys: joined(own ?? {}, otherKeys) });
  }
  if (source.timersOff && policies["gpu-timers"]?.allowOff === undefined) set("gpu-timers", { allowOff: true });
  for (const { policy } of source.overrides ?? []) set(policy, { level: "advisory" });
  return { ...settings, policies: all, ...(source.pricesFile ? { pricesFile: source.pricesFile } : {}) };
}

/** Keys of both, by name. */
function joined(...lists: Readonly<Record<string, readonly string[]>>[]): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [name, keys] of lists.flatMap((list) => Object.entries(list)))
    all[name] = [...new Set([...(all[name] ?? []), ...keys])];
  return all;
}

/** The monthly limit that holds: the lower one of the policy's and the stack's. */
export function limitOf({ policies }: PackSettings, stackUsd: number | undefined): number | undefined {
  const own = policies[MONTHLY_BUDGET]?.maxMonthlyUsd;
  const limits = [own, stackUsd].filter((limit) => typeof limit === "number");
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** What the project's own file says; nothing where there is none. */
export async function settingsFile(root: string, rules: readonly Rule[]): Promise<PackSettings> {
  const path = join(root, SETTINGS_FILE);
  if (!existsSync(path)) return { policies: {} };
  const { readSettingsFile } = await import("../../policy/settings-file.ts");
  return readSettingsFile(path, rules);
}
