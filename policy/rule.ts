import type { z } from "zod";
import type { Resource } from "../domain/cost/inputs.ts";
import type { PriceList } from "../domain/cost/price-list.ts";

/** A resource as it is judged. Values that are not known before the update are as `isUnknown` of domain/cost/inputs.ts knows them. */
export interface Subject extends Resource {
  urn: string;
  /** Whether Pulumi refuses to delete it. */
  protect: boolean;
}

/** What a rule may use beside the resources. */
export interface RuleContext {
  /** Milliseconds since 1970. */
  now: number;
  prices(): PriceList;
}

/** One thing that is against a rule. */
export interface Finding {
  /** Undefined where it is the stack as a whole. */
  resource?: Subject;
  /** What is wrong, with the value that is, never a secret one. */
  message: string;
}

export type Severity = "low" | "medium" | "high" | "critical";
/** `mandatory` refuses the update, `advisory` only tells. */
export type Level = "mandatory" | "advisory" | "disabled";

/** What people are told of a rule. */
export interface RuleText {
  /** Kebab case; also the name of the rule's file. */
  id: string;
  /** What is demanded, one sentence. */
  title: string;
  /** Why, with the source of a number or a rule. */
  reason: string;
  /** What to do about a violation. */
  fix: string;
  severity: Severity;
}

interface About<Shape extends z.ZodRawShape> extends RuleText {
  /** @default mandatory */
  level?: Level;
  /** Settings by name, each with its `.default()` and `.describe()`. */
  settings: z.ZodObject<Shape>;
}

/** Judges resources one by one, before each is made: in a preview, and in the update again, where more is known. */
export interface ResourceRule<Shape extends z.ZodRawShape = z.ZodRawShape> extends About<Shape> {
  /** Words of the types that it looks at: `droplet` is `digitalocean:index/droplet:Droplet`. */
  types: readonly string[];
  judge(resource: Subject, settings: z.output<z.ZodObject<Shape>>, context: RuleContext): readonly string[];
}

/** Judges all resources of the stack together, at the end of a preview. Of an update it could only tell afterwards. */
export interface StackRule<Shape extends z.ZodRawShape = z.ZodRawShape> extends About<Shape> {
  judgeStack(
    resources: readonly Subject[],
    settings: z.output<z.ZodObject<Shape>>,
    context: RuleContext,
  ): readonly Finding[];
}

export type Rule = ResourceRule | StackRule;

/** Keeps the types of a rule's settings. */
export function resourceRule<Shape extends z.ZodRawShape>(rule: ResourceRule<Shape>): Rule {
  return rule as unknown as Rule;
}

export function stackRule<Shape extends z.ZodRawShape>(rule: StackRule<Shape>): Rule {
  return rule as unknown as Rule;
}
