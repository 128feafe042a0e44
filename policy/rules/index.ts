import type { Rule } from "../rule.ts";

/** Every rule of the pack, sorted by id. */
export const RULES: readonly Rule[] = [];
