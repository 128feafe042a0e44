import { accruedInMonth, type Billed, type Month } from "../forecast.ts";
import { usd } from "../units.ts";
import { accruedUsd } from "./accrual.ts";

/** One price that one thing had for some time, as the account was charged for it. Times are milliseconds since 1970. */
export interface Charge {
  id: string;
  /** `Droplets`, `Volumes`. */
  product: string;
  /** As the invoice has it: `gpu-1 (gpu-h100x1-80gb)`. */
  description: string;
  /** US dollars, in whole cents. */
  usd: number;
  from: number;
  until: number;
  hours: number;
}

/** Something that a stack has, with what it should be charged. */
export interface ExpectedThing extends Billed {
  id: string;
  kind: string;
  what: string;
  /** The estimate for a month of 730 hours. */
  monthlyUsd: number;
}

/** Why a bill is not the estimate. */
export type ReasonCode =
  | "partly lived"
  | "price"
  | "resized"
  | "usage"
  | "ended"
  | "not billed yet"
  | "not ours"
  | "rounding"
  | "unexplained";

/** One reason with its share of the difference between what was expected and what was billed. */
export interface Reason {
  code: ReasonCode;
  /** US dollars that were billed more for it; 0 for what explains the estimate for a whole month instead. */
  usd: number;
  text: string;
}

/** One thing of a stack: estimated for a whole month, expected for the time that it was there, billed. */
export interface ComparedThing {
  name: string;
  kind: string;
  id: string;
  what: string;
  /** For a month of 730 hours; null for what is not there any more. */
  monthlyUsd: number | null;
  /** For the time that it was there, by today's prices; null where they are not known. */
  expectedUsd: number | null;
  billedUsd: number;
  /** Billed less expected; null where nothing could be expected. */
  differenceUsd: number | null;
  reasons: Reason[];
}

const HOUR = 3_600_000;
/** A charged hour this much off the price list's is another price. */
const SAME_PRICE = 0.005;
/** Fixed prices; whatever else is charged for a thing depends on usage. */
export const FIXED_PRODUCTS = /droplet|volume|snapshot|reserved|floating/i;

/**
 * Lays charges of a stack beside what it has. `charges` are its own; `at` is until when they go, in milliseconds. The reasons of a thing add up to its
 * difference, to the cent.
 */
export function compareBill(
  things: readonly ExpectedThing[],
  charges: readonly Charge[],
  { month, at, priceOf }: { month: Month; at: number; priceOf: (charge: Charge) => Billed["rate"] | undefined },
): ComparedThing[] {
  const end = Math.min(at, month.end);
  const byId = Map.groupBy(charges, ({ id }) => id);
  const rows = things.map((thing) => compareThing(thing, byId.get(thing.id) ?? [], month, end));
  const there = new Set(things.map(({ id }) => id));
  for (const charge of charges) if (!there.has(charge.id)) rows.push(compareEnded(charge, priceOf(charge), month));
  return rows;
}

function compareThing(thing: ExpectedThing, charges: readonly Charge[], month: Month, end: number): ComparedThing {
  const expected = accruedInMonth(thing, month, end);
  const billed = charges.reduce((sum, charge) => sum + charge.usd, 0);
  const reasons: Reason[] = [...partlyLived(thing, month, end)];
  const used = charges.filter(({ product }) => !FIXED_PRODUCTS.test(product));
  for (const { product, usd: amount } of used)
    reasons.push({ code: "usage", usd: amount, text: `${product}: depends on usage, and is in no estimate` });
  const fixed = charges.filter(({ product }) => FIXED_PRODUCTS.test(product)).sort((a, b) => a.from - b.from);
  if (fixed.length === 0 && expected >= 0.005)
    reasons.push({ code: "not billed yet", usd: -expected, text: "it is in no invoice yet" });
  for (const [index, charge] of fixed.entries()) reasons.push(...priceReason(thing, charge, index < fixed.length - 1));
  return row(thing, { monthlyUsd: usd(thing.monthlyUsd), expected, billed, reasons, cents: charges.length + 1 });
}

/** Explains why a month's estimate is not what a part of a month costs. */
function* partlyLived(thing: Billed, month: Month, end: number): Generator<Reason> {
  const whole = (month.end - month.start) / HOUR;
  const lived = Math.max(0, end - Math.max(thing.from, month.start)) / HOUR;
  if (lived >= whole - 0.05) return;
  const why = thing.from > month.start ? `it was made on ${day(thing.from)}` : "the month is not over";
  yield { code: "partly lived", usd: 0, text: `${hours(lived)} of the month's ${hours(whole)} h: ${why}` };
}

function* priceReason({ rate }: Billed, charge: Charge, earlier: boolean): Generator<Reason> {
  if (charge.hours <= 0) return;
  const atOurPrice = accruedUsd(rate, charge.from, charge.until);
  const more = charge.usd - atOurPrice;
  const ratio = charge.usd / atOurPrice;
  if (Math.abs(more) <= 0.01 || Math.abs(ratio - 1) <= SAME_PRICE) return;
  const charged = `charged ${money(charge.usd / charge.hours)} an hour, ${money(atOurPrice / charge.hours)} by the price list`;
  if (earlier) yield { code: "resized", usd: more, text: `until ${day(charge.until)} it had another size: ${charged}` };
  else yield { code: "price", usd: more, text: `the price is another: ${charged}` };
}

/** What is not there any more is known by its charge alone. */
function compareEnded(charge: Charge, rate: Billed["rate"] | undefined, month: Month): ComparedThing {
  const thing = { name: charge.description, kind: charge.product, id: charge.id, what: "" };
  const span = `charged for ${hours(charge.hours)} h, from ${day(charge.from)} to ${day(charge.until)}`;
  const ended: Reason = { code: "ended", usd: 0, text: `it is not there any more: ${span}` };
  if (!FIXED_PRODUCTS.test(charge.product)) {
    const usage: Reason = { code: "usage", usd: charge.usd, text: `${charge.product}: depends on usage` };
    return row(thing, { monthlyUsd: null, expected: 0, billed: charge.usd, reasons: [usage], cents: 1 });
  }
  if (!rate) return row(thing, { monthlyUsd: null, expected: null, billed: charge.usd, reasons: [ended], cents: 1 });
  const expected = accruedInMonth(
    { name: thing.name, rate, from: charge.from, until: charge.until },
    month,
    charge.until,
  );
  const reasons = [ended, ...priceReason({ name: thing.name, rate, from: charge.from }, charge, false)];
  return row(thing, { monthlyUsd: null, expected, billed: charge.usd, reasons, cents: 2 });
}

/** `cents`: how many amounts were rounded on the way. */
function row(
  { name, kind, id, what }: Pick<ComparedThing, "name" | "kind" | "id" | "what">,
  found: { monthlyUsd: number | null; expected: number | null; billed: number; reasons: Reason[]; cents: number },
): ComparedThing {
  const billedUsd = usd(found.billed);
  const expectedUsd = found.expected === null ? null : usd(found.expected);
  const differenceUsd = expectedUsd === null ? null : usd(billedUsd - expectedUsd);
  const reasons = found.reasons.map((reason) => ({ ...reason, usd: usd(reason.usd) }));
  const left = differenceUsd === null ? 0 : usd(differenceUsd - reasons.reduce((sum, reason) => sum + reason.usd, 0));
  if (left !== 0) {
    const small = Math.abs(left) <= 0.01 * found.cents + Number.EPSILON;
    reasons.push(
      small
        ? { code: "rounding", usd: left, text: "amounts are billed in whole cents" }
        : { code: "unexplained", usd: left, text: "nothing that is known explains it: look at the invoice" },
    );
  }
  return { name, kind, id, what, monthlyUsd: found.monthlyUsd, expectedUsd, billedUsd, differenceUsd, reasons };
}

function day(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")}Z`;
}

function hours(count: number): string {
  return String(Math.round(count * 10) / 10);
}

function money(amount: number): string {
  return `$${amount >= 0.1 ? amount.toFixed(2) : amount.toPrecision(2)}`;
}
