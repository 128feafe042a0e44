import { createHash, randomBytes } from "node:crypto";
import type { CheckCall, Failure } from "../engine/provider.ts";
import { DEFAULTS } from "./fields.ts";

/** How a type gets a name when the program gives none. */
export interface NameRule {
  readonly maxLength: number;
  readonly lower?: boolean;
}

/** Hexadecimal digits after the name in the program, as the official plugins add. */
const DIGITS = 7;

/** `<name in the program>-<7 hexadecimal digits>`; the old one again when the resource has one. */
export function autoname(rule: NameRule, call: CheckCall): string | Failure {
  const { naming, oldInputs } = call;
  const before = oldInputs.name;
  if (typeof before === "string" && Array.isArray(oldInputs[DEFAULTS]) && oldInputs[DEFAULTS].includes("name"))
    return before;
  if (naming.disabled) {
    return { property: "name", reason: `Missing required argument: autonaming is disabled, so "name" must be given` };
  }
  const proposed = naming.proposed ?? `${call.name}-${digits(naming.seed)}`;
  const name = rule.lower ? proposed.toLowerCase() : proposed;
  if (name.length <= rule.maxLength) return name;
  const reason = `the automatic name "${name}" has ${name.length} characters, at most ${rule.maxLength} are allowed: give "name"`;
  return { property: "name", reason };
}

function digits(seed: Uint8Array): string {
  return createHash("sha256")
    .update(seed.length > 0 ? seed : randomBytes(32))
    .digest("hex")
    .slice(0, DIGITS);
}
