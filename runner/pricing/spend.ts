import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import {
  accountForecast,
  accruedInMonth,
  type Billed,
  type Month,
  monthOf,
  type PlannedEnd,
  plannedEnds,
  sumInMonth,
  withEnds,
} from "../../domain/forecast.ts";
import { usd } from "../../domain/units.ts";
import type { StackConfig } from "../../stacks/config.ts";
import { type Deployment, liveResources, type ResourceState } from "../checkpoint.ts";
import { type CloudClock, cloudClock } from "../clock.ts";
import { openCloud } from "../cloud.ts";
import { currentDeployment, stackConfig } from "../prepare.ts";
import { knownPrices } from "../price-list.ts";
import type { Target } from "../target.ts";
import { auditLog } from "../watch/audit.ts";
import { accountInventory, accountThings, type BilledThing, stackThings } from "./billed-things.ts";
import { type Charge, isForbidden, type MonthCharges, monthCharges } from "./invoice.ts";
import { consequences, isWatched, nodeLife } from "./node-life.ts";
import { stackHistory } from "./stack-history.ts";

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

/** What a caller has at hand already. */
export interface SpendOptions {
  cloud?: DigitalOcean;
  clock?: CloudClock;
  config?: StackConfig;
  deployment?: Deployment;
  signal?: AbortSignal;
}

/**
 * Looks at the stack's state and at the account; no engine is started for a file backend. Throws `ConfigInvalid`, `PrecheckFailed` without a
 * token, `LocalCloudFailed` where the local cloud does not run, `ApiError` where the cloud cannot be asked.
 */
export async function spendOf(target: Target, options: SpendOptions = {}): Promise<Spend> {
  const config = options.config ?? stackConfig(target);
  const cloud = options.cloud ?? (await openCloud(target, options.signal ? { signal: options.signal } : {}));
  const clock = options.clock ?? cloudClock(target);
  const [deployment, sizes, inventory, tags, balance] = await Promise.all([
    options.deployment ?? currentDeployment(target),
    knownPrices(target),
    accountInventory(cloud),
    cloud.tags(),
    cloud.balance().catch(nullIfForbidden),
  ]);
  const now = await clock.now();
  const month = monthOf(now);
  const charges = await monthCharges(cloud, month.name, now);
  const owner = { project: config.project, stack: target.stack, node: config.nodeName };
  const since = pricesSince(charges);
  const account = accountThings(inventory, { sizes, since });
  const states = liveResources(deployment);
  const { things, gaps } = stackThings(inventory, { sizes, since, states, owner, account: account.things });
  const ended = endedCharges(charges, { target, config, things, states });
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
      gaps: [...gaps, ...chargeGaps(charges)],
    },
    account: balance && accountSpend(balance, { month, things: account.things, charges }),
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

/** A thing whose price has changed has several charges: its present price counts from the beginning of the last. */
function pricesSince(month: MonthCharges | undefined): (id: string) => number | undefined {
  const own = (month?.charges ?? []).filter(({ product }) => INVENTORIED.test(product) && !/backup/i.test(product));
  const since = new Map([...newestCharges(own)].map(({ id, from }) => [id, from]));
  return (id) => since.get(id);
}

/** Of each thing and product the charge that may still run. */
function newestCharges(charges: readonly Charge[]): Set<Charge> {
  const newest = new Map<string, Charge>();
  for (const charge of charges) {
    const key = `${charge.product} ${charge.id}`;
    if (charge.from >= (newest.get(key)?.from ?? 0)) newest.set(key, charge);
  }
  return new Set(newest.values());
}

/** Charges of the stack for what it has no more: droplets before a stop, sizes before a resize, snapshots that were deleted. */
function endedCharges(
  month: MonthCharges | undefined,
  stack: { target: Target; config: StackConfig; things: readonly BilledThing[]; states: readonly ResourceState[] },
): Charge[] {
  const charges = month?.charges ?? [];
  const newest = newestCharges(charges);
  const live = new Set(stack.things.map(({ id }) => id));
  const isOurs = ownership(stack);
  return charges.filter((charge) => (live.has(charge.id) ? !newest.has(charge) : isOurs(charge)));
}

/** By id where the stack's history is at hand, else by name; snapshots of stops and backups, which no state has, by name too. */
export function ownership(stack: {
  target: Target;
  config: StackConfig;
  states: readonly ResourceState[];
}): (charge: Pick<Charge, "id" | "product" | "description">) => boolean {
  const { nodeName, volumeName } = stack.config;
  const known = new Set(stack.states.flatMap(({ id }) => (id ? [id] : [])));
  const history = stackHistory(stack.target);
  return ({ id, product, description }) => {
    if (known.has(id)) return true;
    if (history?.(id)) return true;
    const snapshot = /snapshot/i.test(product);
    if (history && !snapshot) return false;
    return [nodeName, volumeName].some((name) => (snapshot ? description.includes(name) : named(description, name)));
  };
}

function named(description: string, name: string): boolean {
  return description === name || description.startsWith(`${name} (`);
}

function chargeGaps(charges: MonthCharges | undefined): string[] {
  if (charges) return [];
  return [
    "what was there this month and is not any more: this month's invoice cannot be read (the token needs billing:read)",
  ];
}

const INVENTORIED = /droplet|volume|snapshot|reserved|floating/i;
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
      ({ product, until, hours }) => !INVENTORIED.test(product) && hours > 0 && until > (charges?.at ?? 0) - STALE_MS,
    )
    .map(({ usd: amount, hours }) => ({ hourlyUsd: amount / hours }));
  return { monthToDateUsd, forecastUsd: usd(accountForecast({ monthToDateUsd, generatedAt, month, things, others })) };
}
