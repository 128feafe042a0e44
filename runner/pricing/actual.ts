import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import type { BillingDataPoint, DigitalOcean } from "../../clients/digitalocean/index.ts";
import { dropletRate, type Rate } from "../../domain/cost/accrual.ts";
import { type Charge, type ComparedThing, compareBill, type ExpectedThing } from "../../domain/cost/bill-comparison.ts";
import { dropletMonthlyUsd, type SizePrice } from "../../domain/cost/node-price.ts";
import { UserError } from "../../domain/errors.ts";
import { HOURS_PER_MONTH, usd } from "../../domain/units.ts";
import { cloudClock } from "../clock.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";
import { accountThings, type BilledThing, byMonth, stackThings } from "./billed-things.ts";
import { isForbidden, type MonthCharges } from "./invoice.ts";
import { type StackBill, stackBill } from "./stack-bill.ts";

/** What a stack was billed in a month, beside what it should have been. Amounts in US dollars. */
export interface ActualReport {
  stack: string;
  /** `2026-11`. */
  month: string;
  /** Until when the bill is known, ISO 8601. */
  billedUntil: string;
  resources: ComparedThing[];
  /** Of all resources that something could be expected of; `billedUsd` of all. */
  expectedUsd: number;
  billedUsd: number;
  /** The rest of the account: what other stacks, other people and the account itself are charged for. */
  notOurs: { totalUsd: number; lines: { product: string; description: string; id: string; usd: number }[] };
  accountUsd: number;
  /** The stack's days, from the nightly billing insights; null where the account has none. */
  daily: { date: string; usd: number }[] | null;
  gaps: string[];
}

export interface ActualOptions extends TargetOptions {
  /** `2026-11`. @default the running one */
  month?: string;
  signal?: AbortSignal;
}

/** Compares the invoice of a month, or the preview of the running one, with the stack. Throws `PrecheckFailed` where the bill may not be read. */
export async function actualCost(options: ActualOptions = {}): Promise<ActualReport> {
  const target = resolveTarget(options);
  const asked = await checkedMonth(options.month, await cloudClock(target).now());
  const bill = await stackBill(target, {
    ...(asked ? { month: asked } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const { charges, month, now } = bill;
  if (!charges) throw noBill(month.name);
  const at = Math.min(charges.at, now);
  const { things, gaps } = expectedThings(bill, charges);
  const ids = new Set(things.map(({ id }) => id));
  const ours = charges.charges.filter((charge) => ids.has(charge.id) || bill.isOurs(charge));
  const rest = charges.charges.filter((charge) => !ours.includes(charge));
  const resources = compareBill(things, ours, { month, at, priceOf: (charge) => rateOf(charge, bill.sizes) });
  const sum = (amounts: readonly number[]) => usd(amounts.reduce((total, amount) => total + amount, 0));
  return {
    stack: target.stack,
    month: month.name,
    billedUntil: new Date(at).toISOString(),
    resources,
    expectedUsd: sum(resources.map(({ expectedUsd }) => expectedUsd ?? 0)),
    billedUsd: sum(resources.map(({ billedUsd }) => billedUsd)),
    notOurs: {
      totalUsd: sum(rest.map((charge) => charge.usd)),
      lines: rest.map(({ product, description, id, usd: amount }) => ({ product, description, id, usd: amount })),
    },
    accountUsd: charges.totalUsd,
    daily: await dailyOf(bill, ours),
    gaps,
  };
}

async function checkedMonth(month: string | undefined, now: number): Promise<string | undefined> {
  if (month === undefined) return undefined;
  const isMonth = /^\d{4}-(0[1-9]|1[0-2])$/.test(month);
  if (isMonth && month <= new Date(now).toISOString().slice(0, 7)) return month;
  const details = {
    reason: `month ${JSON.stringify(month)} ${isMonth ? "has not begun" : "is no month"}`,
    suggestion: "write a past month or this one as in 2026-11",
  };
  throw new UserError("UsageError", details, { exitCode: 2 });
}

function noBill(month: string): UserError {
  return new UserError("PrecheckFailed", {
    reason: `the account's bill of ${month} cannot be read`,
    suggestion: "use a token with the scope billing:read, and a month in which the account had something",
  });
}

/** What the stack has, each for its whole life: a price that has changed is a reason, not an expectation. */
function expectedThings(bill: StackBill, { charges }: MonthCharges): { things: ExpectedThing[]; gaps: string[] } {
  const first = new Map<string, number>();
  for (const { id, from } of charges) first.set(id, Math.min(from, first.get(id) ?? from));
  const { sizes, states, owner, inventory } = bill;
  const since = (id: string) => first.get(id);
  const account = accountThings(inventory, { sizes, since }).things;
  const { things, gaps } = stackThings(inventory, { sizes, since, states, owner, account });
  return { things: mergedById(things, sizes), gaps };
}

/** A droplet and its backups are one resource with one id. */
function mergedById(things: readonly BilledThing[], sizes: readonly SizePrice[]): ExpectedThing[] {
  const merged = new Map<string, ExpectedThing>();
  for (const thing of things) {
    const monthlyUsd = monthlyOf(thing, sizes);
    const before = merged.get(thing.id);
    if (!before) merged.set(thing.id, { ...thing, monthlyUsd });
    else
      merged.set(thing.id, {
        ...before,
        what: `${before.what}, ${thing.what}`,
        monthlyUsd: before.monthlyUsd + monthlyUsd,
        rate: { ...before.rate, hourlyUsd: before.rate.hourlyUsd + thing.rate.hourlyUsd },
      });
  }
  return [...merged.values()];
}

function monthlyOf({ kind, what, rate }: BilledThing, given: readonly SizePrice[]): number {
  const size = kind === "droplet" ? catalogPrices({ sizes: given }).sizes.get(what) : undefined;
  if (size) return dropletMonthlyUsd(size);
  return rate.hourlyUsd * Math.min(HOURS_PER_MONTH, rate.capHours ?? HOURS_PER_MONTH);
}

/** What is in the parentheses of a description: a size's slug, GiB. */
function rateOf({ product, description }: Charge, sizes: readonly SizePrice[]): Rate | undefined {
  const what = /\(([^()]+)\)$/.exec(description)?.[1] ?? "";
  const prices = catalogPrices({ sizes });
  const size = prices.sizes.get(what);
  if (size) return dropletRate(size.slug, size.priceHourly);
  const gib = /^(\d+(?:\.\d+)?) GiB$/.exec(what)?.[1];
  if (gib === undefined) return undefined;
  const sized = { size_gigabytes: Number(gib) };
  if (/snapshot/i.test(product)) return { ...byMonth(prices, "snapshot-gib", sized), leastUsd: 0.01 };
  return /volume/i.test(product) ? byMonth(prices, "volume-gib", sized) : undefined;
}

/** The insights name things as the invoice does, and give no ids. */
async function dailyOf({ cloud, month, now }: StackBill, ours: readonly Charge[]): Promise<ActualReport["daily"]> {
  const points = await insights(cloud, isoDay(month.start), isoDay(Math.min(now, month.end - 1)));
  if (!points) return null;
  const names = new Set(ours.map(({ description }) => description));
  const days = new Map<string, number>();
  for (const { start_date, total_amount, description, group_description } of points) {
    const name = group_description ? `${group_description}: ${description}` : description;
    if (names.has(name)) days.set(start_date, (days.get(start_date) ?? 0) + Number(total_amount));
  }
  return [...days].sort(([a], [b]) => a.localeCompare(b)).map(([date, amount]) => ({ date, usd: usd(amount) }));
}

async function insights(cloud: DigitalOcean, from: string, to: string): Promise<BillingDataPoint[] | undefined> {
  try {
    const { team } = await cloud.account();
    return team && (await cloud.billingInsights(`do:team:${team.uuid}`, from, to));
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
