import { type Charge, FIXED_PRODUCTS } from "../../domain/cost/bill-comparison.ts";
import {
  accountForecast,
  accruedInMonth,
  type Billed,
  type Month,
  type PlannedEnd,
  plannedEnds,
  sumInMonth,
  withEnds,
} from "../../domain/forecast.ts";
import { usd } from "../../domain/units.ts";
import type { Target } from "../target.ts";
import { auditLog } from "../watch/audit.ts";
import type { BilledThing } from "./billed-things.ts";
import { isForbidden, type MonthCharges, newestCharges } from "./invoice.ts";
import { consequences, isWatched, nodeLife } from "./node-life.ts";
import { type StackBill, type StackBillOptions, stackBill } from "./stack-bill.ts";

/** What a caller has at hand already. */
export type SpendOptions = Omit<StackBillOptions, "month">;

/** What a stack and its account have spent in this calendar month (UTC), and will have at its end. Amounts in US dollars. */
export interface Spend {
  /** `2026-11`. */
  month: string;
  /** By the cloud's clock, milliseconds since 1970. */
  at: number;
  stack: {
    accruedUsd: number;
    /** What a budget is judged by: one of the two below, see `basis`. */
    forecastUsd: number;
    /** `schedule` only where a watcher of this machine carries the timers out. */
    basis: "run-rate" | "schedule";
    endOfMonth: {
      /** Everything stays as it is now. */
      runRateUsd: number;
      /** The timers end what they would end: idle and over-aged nodes, volumes of stopped ones. */
      scheduleUsd: number;
    };
    /** What the timers would end this month, if the node stays as it is. */
    ends: PlannedEnd[];
    /** What the month consists of: what is there now, then what was and is not any more. */
    lines: SpendLine[];
    /** What is not in the sums, and why; with any of these they are lower bounds. */
    gaps: string[];
  };
  /** Null where the account's balance may not be read. */
  account: { monthToDateUsd: number; forecastUsd: number } | null;
}

/** One thing of a stack in this month. */
export interface SpendLine {
  name: string;
  kind: string;
  id: string;
  what: string;
  accruedUsd: number;
  /** At the end of the month, if it stays. */
  endOfMonthUsd: number;
  /** Of what is not there any more: what was charged. */
  ended?: true;
}

/** Spent and to be spent, from what the cloud says now. Throws as `stackBill` does. */
export async function spendOf(target: Target, options: SpendOptions = {}): Promise<Spend> {
  const bill = await stackBill(target, options);
  const [tags, balance] = await Promise.all([bill.cloud.tags(), bill.cloud.balance().catch(nullIfForbidden)]);
  const { config, owner, inventory, things, charges, month, now, sizes } = bill;
  const ended = endedCharges(bill);
  const audit = auditLog(target.home, owner);
  const facts = { ...{ owner, config, inventory, things, audit, now }, tags: tags.map(({ name }) => name) };
  const ends = plannedEnds(nodeLife(facts), month.end);
  const past = ended.reduce((sum, charge) => sum + charge.usd, 0);
  const endOfMonth = {
    runRateUsd: usd(past + sumInMonth(things, month, month.end)),
    scheduleUsd: usd(past + sumInMonth(withEnds(things, ends, consequences(facts, sizes)), month, month.end)),
  };
  const basis = isWatched(facts) ? "schedule" : "run-rate";
  return {
    month: month.name,
    at: now,
    stack: {
      accruedUsd: usd(past + sumInMonth(things, month, now)),
      forecastUsd: basis === "schedule" ? endOfMonth.scheduleUsd : endOfMonth.runRateUsd,
      ...{ basis, endOfMonth, ends },
      lines: [...things.map((thing) => lineOf(thing, month, now)), ...ended.map(endedLine)],
      gaps: [...bill.gaps, ...chargeGaps(charges)],
    },
    account: balance && accountSpend(balance, { month, things: bill.account, charges }),
  };
}

function nullIfForbidden(error: unknown): null {
  if (isForbidden(error)) return null;
  throw error;
}

function lineOf(thing: BilledThing, month: Month, now: number): SpendLine {
  const { name, kind, id, what } = thing;
  return {
    ...{ name, kind, id, what },
    accruedUsd: accruedInMonth(thing, month, now),
    endOfMonthUsd: accruedInMonth(thing, month, month.end),
  };
}

function endedLine({ description, product, id, usd: amount }: Charge): SpendLine {
  return { name: description, kind: product, id, what: "", accruedUsd: amount, endOfMonthUsd: amount, ended: true };
}

/** Charges of the stack for what it has no more: droplets before a stop, sizes before a resize, snapshots that were deleted. */
function endedCharges({ charges, things, isOurs }: StackBill): Charge[] {
  const all = charges?.charges ?? [];
  const newest = newestCharges(all);
  const live = new Set(things.map(({ id }) => id));
  return all.filter((charge) => (live.has(charge.id) ? !newest.has(charge) : isOurs(charge)));
}

function chargeGaps(charges: MonthCharges | undefined): string[] {
  if (charges) return [];
  return [
    "what was there this month and is not any more: this month's invoice cannot be read (the token needs billing:read)",
  ];
}

/** The nightly estimate may be so old and still tell what runs. */
const STALE_MS = 36 * 3_600_000;

function accountSpend(
  balance: { month_to_date_usage: string; generated_at: string },
  { month, things, charges }: { month: Month; things: readonly Billed[]; charges: MonthCharges | undefined },
): NonNullable<Spend["account"]> {
  const generatedAt = Date.parse(balance.generated_at);
  const monthToDateUsd = generatedAt < month.start ? 0 : Number(balance.month_to_date_usage);
  const others = (charges?.charges ?? [])
    .filter(
      ({ product, until, hours }) =>
        !FIXED_PRODUCTS.test(product) && hours > 0 && until > (charges?.at ?? 0) - STALE_MS,
    )
    .map(({ usd: amount, hours }) => ({ hourlyUsd: amount / hours }));
  return { monthToDateUsd, forecastUsd: usd(accountForecast({ monthToDateUsd, generatedAt, month, things, others })) };
}
