import { usd } from "../units.ts";
import type { Resource } from "./inputs.ts";
import type { PriceList } from "./price-list.ts";
import { withRelations } from "./relations.ts";
import { type FixedPart, priceResource, type ResourcePrice, sumOf, type UsagePart } from "./resource-price.ts";
import { NO_USAGE, type UsageSource } from "./usage.ts";

/** What a set of resources costs, and did before. Amounts in USD; months have 730 hours. */
export interface CostEstimate {
  currency: "USD";
  hourly: number;
  monthly: number;
  previousMonthly: number;
  diffMonthly: number;
  resources: CostLine[];
  /** Names of resources whose price is not known; they count as nothing, so the sums are lower bounds when there are any. */
  unpriced: string[];
  coverage: Coverage;
  /** ISO date of the oldest price in it; not there when nothing has one. */
  pricesAsOf?: string;
}

/** How many resources the estimate stands on. */
export interface Coverage {
  resources: number;
  priced: number;
  free: number;
  usage: number;
  unpriced: number;
}

export interface CostLine {
  name: string;
  type: string;
  /** What is paid for: the size slug, the GiB. */
  what: string;
  hourly: number;
  monthly: number;
  /** What it is made of, where that is more than one thing. */
  parts?: { what: string; monthly: number }[];
  /** What depends on usage; without `monthly` nobody has said how much it is, and it is not in the sums. */
  usage?: UsageLine[];
  urn?: string;
  parent?: string;
}

export interface UsageLine extends UsagePart {
  quantity?: number;
  monthly?: number;
}

/** One side of an estimate: every resource with its price. */
export interface PricedResource {
  resource: Resource;
  price: ResourcePrice;
  /** Undefined for what is free or has no price. */
  line?: CostLine;
}

/** Prices a plan against what is there. Pure: the same for a preview, a state, and a policy. */
export function estimate(
  before: readonly Resource[],
  after: readonly Resource[],
  prices: PriceList,
  usage: UsageSource = NO_USAGE,
): CostEstimate {
  const now = priceAll(after, prices, usage);
  const lines = now.flatMap(({ line }) => (line ? [line] : []));
  const previous =
    before === after ? lines : priceAll(before, prices, usage).flatMap(({ line }) => (line ? [line] : []));
  const monthly = total(lines);
  const pricesAsOf = oldest(now);
  const previousMonthly = total(previous);
  return {
    currency: "USD",
    hourly: usd(lines.reduce((sum, line) => sum + line.hourly, 0)),
    monthly,
    previousMonthly,
    diffMonthly: usd(monthly - previousMonthly),
    resources: lines,
    unpriced: now.filter(({ price }) => price.kind === "unpriced").map(({ resource }) => resource.name),
    coverage: coverage(now),
    ...(pricesAsOf ? { pricesAsOf } : {}),
  };
}

/** Every resource with its price; what an account pays for once stands with the first by name: an engine's order changes from run to run. */
export function priceAll(
  resources: readonly Resource[],
  prices: PriceList,
  usage: UsageSource = NO_USAGE,
): PricedResource[] {
  const paid = new Set<string>();
  const left = new Map<string, number>();
  const whole = withRelations(resources);
  const pricedOne = (resource: Resource): PricedResource => {
    const price = priceResource(resource, prices);
    if (price.kind === "free" || price.kind === "unpriced") return { resource, price };
    const fixed = price.kind === "priced" ? price.fixed.filter((part) => !part.once || !paid.has(part.once)) : [];
    for (const part of fixed) if (part.once) paid.add(part.once);
    const used = price.usage.map((part) => filled(part, usage.quantity(resource, part.key, part.most), left));
    return { resource, price, line: lineOf(resource, price.what, fixed, used) };
  };
  const byName = [...whole].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const found = new Map(byName.map((resource) => [resource, pricedOne(resource)]));
  return whole.map((resource) => found.get(resource) as PricedResource);
}

function lineOf({ name, type, urn, parent }: Resource, what: string, fixed: FixedPart[], usage: UsageLine[]): CostLine {
  const known = usage.flatMap(({ what: item, monthly }) => (monthly === undefined ? [] : [{ what: item, monthly }]));
  const parts = [...fixed, ...known];
  return {
    name,
    type,
    what,
    ...sumOf(parts),
    ...(parts.length > 1
      ? { parts: parts.map(({ what: item, monthly }) => ({ what: item, monthly: usd(monthly) })) }
      : {}),
    ...(usage.length > 0 ? { usage } : {}),
    ...(urn ? { urn } : {}),
    ...(parent ? { parent } : {}),
  };
}

/** What the usage file says of one item; an allowance that several share is used up in their order. */
function filled(part: UsagePart, quantity: number | undefined, left: Map<string, number>): UsageLine {
  if (quantity === undefined) return part;
  if (part.unitUsd === null) return { ...part, quantity };
  const free = part.pool ? (left.get(part.pool) ?? part.included ?? 0) : (part.included ?? 0);
  if (part.pool) left.set(part.pool, Math.max(0, free - quantity));
  return { ...part, quantity, monthly: Math.max(0, quantity - free) * part.unitUsd };
}

/** A sum of what is shown, so that the lines add up to the cent. */
function total(lines: readonly CostLine[]): number {
  return usd(lines.reduce((sum, line) => sum + line.monthly, 0));
}

function oldest(all: readonly PricedResource[]): string | undefined {
  const dates = all.flatMap(({ price }) => {
    const parts =
      price.kind === "priced" ? [...price.fixed, ...price.usage] : price.kind === "usage" ? price.usage : [];
    return parts.flatMap(({ asOf }) => (asOf ? [asOf.slice(0, 10)] : []));
  });
  return dates.sort()[0];
}

/** Components and the engine's own bookkeeping are not resources that anybody counts. */
function coverage(all: readonly PricedResource[]): Coverage {
  const counted = all.filter(({ resource }) => resource.custom !== false && !/^(pulumi|windlass):/.test(resource.type));
  const count = (kind: ResourcePrice["kind"]) => counted.filter(({ price }) => price.kind === kind).length;
  return {
    resources: counted.length,
    priced: count("priced"),
    free: count("free"),
    usage: count("usage"),
    unpriced: count("unpriced"),
  };
}

/** Outbound transfer that all droplets together may use in a month (allowances are pooled per team), in GiB. */
export function transferAllowanceGiB(resources: readonly Resource[], prices: PriceList): number {
  const terabytes = resources.reduce((sum, { type, inputs }) => {
    const isDroplet = type === "digitalocean:index/droplet:Droplet" && typeof inputs.size === "string";
    return sum + (isDroplet ? (prices.sizes.get(inputs.size as string)?.transferTb ?? 0) : 0);
  }, 0);
  return Math.round(terabytes * 1000);
}
