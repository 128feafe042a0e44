import { HOURS_PER_MONTH, usd } from "../units.ts";
import { NotPriced, type Resource } from "./inputs.ts";
import type { PriceList } from "./price-list.ts";
import { ruleOf } from "./types.ts";

/** Something that costs the same whatever is done with it. Amounts in US dollars, not rounded; months have 730 hours. */
export interface FixedPart {
  what: string;
  monthly: number;
  /** Where the hour is not a 730th of the month: droplets, whose month is capped. */
  hourly?: number;
  /** Charged once for an account, however many resources have it: the name of the subscription. */
  once?: string;
  /** ISO date of the price. */
  asOf?: string;
}

/** Something that costs by how much of it is used. */
export interface UsagePart {
  /** Its name in a usage file: `storage_gib`. */
  key: string;
  what: string;
  /** US dollars for one; null where no price is known. */
  unitUsd: number | null;
  /** `GiB and month`. */
  per: string;
  /** How much comes free. */
  included?: number;
  /** How much it is at most: of machines that follow the load, the ones that need not run. */
  most?: number;
  /** Allowances of the same name are one: the account's. */
  pool?: string;
  asOf?: string;
}

/** What a resource costs. `unpriced` fails closed: it is reported, and never counts as 0. */
export type ResourcePrice =
  | { kind: "priced"; what: string; hourly: number; monthly: number; fixed: FixedPart[]; usage: UsagePart[] }
  | { kind: "usage"; what: string; usage: UsagePart[] }
  | { kind: "free"; reason: string }
  | { kind: "unpriced"; reason: string };

/** What a rule answers with. */
export interface Parts {
  what: string;
  fixed?: FixedPart[];
  usage?: UsagePart[];
}

/** Prices one resource from its inputs (and outputs where a state has them). Never throws for what a program may say. */
export function priceResource(resource: Resource, prices: PriceList): ResourcePrice {
  const rule = ruleOf(resource);
  if (rule.kind !== "rule") return rule;
  try {
    const answer = rule.price(resource, prices);
    if (typeof answer === "string") return { kind: "free", reason: answer };
    const { what, fixed = [], usage = [] } = answer;
    if (fixed.length === 0) return { kind: "usage", what, usage };
    return { kind: "priced", what, ...sumOf(fixed), fixed, usage };
  } catch (error) {
    if (error instanceof NotPriced) return { kind: "unpriced", reason: error.message };
    throw error;
  }
}

/** The parts together: the month rounded to cents, the hour to a thousandth of a cent (small droplets cost less than a cent). */
export function sumOf(parts: readonly FixedPart[]): { hourly: number; monthly: number } {
  const monthly = parts.reduce((sum, part) => sum + part.monthly, 0);
  const hourly = parts.reduce((sum, part) => sum + (part.hourly ?? part.monthly / HOURS_PER_MONTH), 0);
  return { hourly: Math.round((hourly + Number.EPSILON) * 1e5) / 1e5, monthly: usd(monthly) };
}
