import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SizePrice } from "../../domain/cost/node-price.ts";
import { type PackSettings, packConfig } from "../../policy/settings.ts";
import { asSizePrice } from "../cost.ts";
import { checkOverrides, type Override } from "./override.ts";
import { ownPack, type Pack } from "./pack.ts";
import { runSettings, type SettingsSource } from "./settings.ts";

/** How a plan is judged. */
export interface GateOptions {
  /** Policies that only tell this time. */
  overrides?: readonly Override[];
  /** @default Windlass's own */
  pack?: Pack;
}

/** One run of the pack: a preview and the update after it are given the same files. */
export interface PackRun {
  pack: Pack;
  settings: PackSettings;
  /** Arguments of the engine's operations. */
  policyPacks: string[];
  policyPackConfigs: string[];
  /** File for the plan. */
  plan: string;
}

/**
 * Writes what the pack runs with, does the work, and removes it. Throws `ConfigInvalid` for a settings file with mistakes, `UsageError` for
 * overrides of what there is not.
 */
export async function withPackRun<T>(
  { sizes, ...source }: Omit<SettingsSource, "overrides" | "pricesFile" | "rules"> & { sizes: readonly SizePrice[] },
  { overrides = [], pack: given }: GateOptions,
  work: (run: PackRun) => Promise<T>,
): Promise<T> {
  const pack = given ?? (await ownPack());
  checkOverrides(overrides, pack);
  const folder = mkdtempSync(join(tmpdir(), "windlass-gate-"));
  try {
    const pricesFile = join(folder, "prices.json");
    if (sizes.length > 0) writeFileSync(pricesFile, JSON.stringify(sizes.map(asSizePrice)));
    const settings = await runSettings({
      ...source,
      rules: pack.rules,
      overrides,
      ...(sizes.length > 0 ? { pricesFile } : {}),
    });
    const settingsFile = join(folder, "policy.json");
    writeFileSync(settingsFile, JSON.stringify(packConfig(settings, pack.rules)));
    const plan = join(folder, "plan.json");
    return await work({ pack, settings, plan, policyPacks: [pack.folder], policyPackConfigs: [settingsFile] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
