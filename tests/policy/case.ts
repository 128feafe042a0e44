import type { Declared } from "../engine/harness.ts";

/** A small program that breaks one rule, and its twin that does not. */
export interface PolicyCase {
  /** What the bad program does. Unique in its rule; not a sentence. */
  name: string;
  /** Settings of the rule itself, as under its id in windlass-policy.yaml, for both programs. */
  settings?: Record<string, unknown>;
  /** Other rules that both programs cannot but break: they do not judge them. */
  beside?: readonly string[];
  /** Breaks its own rule and no other. Data only: `program.ts` says what `$`-values mean. Names are unique in the program. */
  bad: Declared[];
  /** Passes every rule of the pack. Differs from `bad` in one thing. */
  good: Declared[];
  /** The one thing. */
  differs: string;
}

/** The cases that `tests/policy/<rule id>.ts` exports as `cases`. */
export type PolicyCases = readonly PolicyCase[];
