import { join } from "node:path";
import type { Level, Rule } from "../../policy/rule.ts";
import { OWN_ROOT } from "../own-root.ts";

/** A policy pack as the gate runs it, and what it must have judged for a plan to pass. */
export interface Pack {
  /** As the pack calls itself in the engine's events. */
  name: string;
  /** Folder with its PulumiPolicy.yaml. */
  folder: string;
  rules: readonly Rule[];
}

/** Windlass's own; loaded only when something is judged, so that other commands start at once. */
export async function ownPack(): Promise<Pack> {
  const { RULES } = await import("../../policy/rules/index.ts");
  return { name: "windlass", folder: join(OWN_ROOT, "policy"), rules: RULES };
}

/** How a rule counts in a run: as the settings say, else as the rule does. */
export function levelOf(rule: Rule, settings: { level?: Level } | undefined): Level {
  return settings?.level ?? rule.level ?? "mandatory";
}

/** Whether a rule looks at the stack as a whole, at the end of a preview. */
export function isStackRule(rule: Rule): boolean {
  return "judgeStack" in rule;
}
