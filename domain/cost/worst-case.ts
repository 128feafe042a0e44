import { type PricedResource, priceAll } from "./estimate.ts";
import { isUnknown, type Resource, type Values } from "./inputs.ts";
import { dropletMonthlyUsd, type SizePrice } from "./node-price.ts";
import type { PriceList } from "./price-list.ts";
import { withRelations } from "./relations.ts";
import { databaseTable } from "./rules.ts";
import { MOST_USAGE } from "./usage.ts";

/** A value that is not known before the update, and what it was taken for. */
export interface Assumption {
  /** As in `nodePool.size`. */
  path: string;
  value: unknown;
}

/** What a resource may cost at most; `unpriced` where a value that is not known has no limit. */
export interface WorstPrice extends PricedResource {
  assumed: Assumption[];
}

/** The value that costs most; undefined where it has no limit. `values` is what the value stands in. */
type Dearest = (values: Values, prices: PriceList, resource: Resource) => unknown;

/** Limits of DigitalOcean's API (its OpenAPI document: volumes, load_balancer_base, autoscale_pool_dynamic_config; load balancers: their Limits page). */
const MOST = { volumeGiB: 16_384, balancerNodes: 200, poolDroplets: 1000 };

const anySize: Dearest = (_values, prices) => dearestSize(prices)?.slug;
const anyInstance: Dearest = (_values, prices) => dearestRow(prices, "app-instances");
const databaseSize: Dearest = (values, prices) => dearestRow(prices, databaseTable(String(values.engine)));
const replicaSize: Dearest = (_values, prices, { related }) =>
  dearestRow(prices, databaseTable(String(related?.clusterId?.inputs.engine)));
const always =
  (value: unknown): Dearest =>
  () =>
    value;
/** A pool may grow to its maximum; without one it has to be the count. */
const scales: Dearest = ({ nodeCount, maxNodes }) => {
  if (isUnknown(nodeCount) || isUnknown(maxNodes)) return undefined;
  return Number(maxNodes ?? 0) > Number(nodeCount ?? 0);
};

const NODE_POOL: Record<string, Dearest> = { size: anySize, autoScale: scales, minNodes: always(1) };

/** What decides a price, by type, in the order in which it is judged; `*` is every item of a list. */
const DEARESTS: Readonly<Record<string, Record<string, Dearest>>> = {
  app: {
    "spec.services.*.instanceSizeSlug": anyInstance,
    "spec.services.*.autoscaling.minInstanceCount": always(1),
    "spec.workers.*.instanceSizeSlug": anyInstance,
    "spec.workers.*.autoscaling.minInstanceCount": always(1),
    "spec.jobs.*.instanceSizeSlug": anyInstance,
  },
  containerRegistries: { subscriptionTierSlug: always("professional") },
  containerRegistry: { subscriptionTierSlug: always("professional") },
  databaseCluster: { size: databaseSize },
  databaseReplica: { size: replicaSize },
  droplet: {
    size: anySize,
    backups: always(true),
    backupPolicy: always({ plan: "daily" }),
    "backupPolicy.plan": always("daily"),
  },
  dropletAutoscale: {
    "dropletTemplate.size": anySize,
    "config.targetNumberInstances": always(MOST.poolDroplets),
    "config.minInstances": always(1),
    "config.maxInstances": always(MOST.poolDroplets),
  },
  kubernetesCluster: { ...prefixed("nodePool.", NODE_POOL), ha: always(true) },
  kubernetesNodePool: NODE_POOL,
  loadBalancer: { size: always("lb-large"), sizeUnit: always(MOST.balancerNodes) },
  volume: { size: always(MOST.volumeGiB) },
};

/**
 * Prices every resource as the dearest that it can become: what is not known is taken as the most that it can be, and what follows the load
 * as always at its maximum. What depends on usage without a limit is in no sum. Months have 730 hours, amounts are US dollars.
 */
export function worstPrices(resources: readonly Resource[], prices: PriceList): WorstPrice[] {
  const worst = withRelations(resources).map((one) => worstOf(one, prices));
  const priced = priceAll(
    worst.map(({ resource }) => resource),
    prices,
    MOST_USAGE,
  );
  return priced.map((one, index) => ({ ...one, assumed: worst[index]?.assumed ?? [] }));
}

/** The size of the list that costs most in a month. */
export function dearestSize(prices: PriceList): SizePrice | undefined {
  return dearest([...prices.sizes.values()], dropletMonthlyUsd);
}

function dearestRow(prices: PriceList, table: string): string | undefined {
  return dearest([...(prices.tables.get(table) ?? [])], ([, price]) => price.usd)?.[0];
}

function dearest<T>(items: readonly T[], cost: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>((best, one) => (best && cost(best) >= cost(one) ? best : one), undefined);
}

function worstOf(resource: Resource, prices: PriceList): { resource: Resource; assumed: Assumption[] } {
  const table = DEARESTS[/^digitalocean:index\/(\w+):/.exec(resource.type)?.[1] ?? ""];
  const assumed: Assumption[] = [];
  if (!table || !hasUnknown(resource.inputs)) return { resource, assumed };
  const inputs = structuredClone(resource.inputs) as Record<string, unknown>;
  for (const [pattern, find] of Object.entries(table)) {
    for (const { values, key, path } of places(inputs, pattern.split("."))) {
      if (!isUnknown(values[key])) continue;
      const value = find(values, prices, resource);
      if (value === undefined) continue;
      values[key] = value;
      assumed.push({ path, value });
    }
  }
  return { resource: { ...resource, inputs }, assumed };
}

/** The places that a pattern means, as far as what they stand in is there. */
function places(
  from: unknown,
  [step = "", ...rest]: readonly string[],
  before = "",
): { values: Record<string, unknown>; key: string; path: string }[] {
  if (typeof from !== "object" || from === null || isUnknown(from)) return [];
  const values = from as Record<string, unknown>;
  const keys = step === "*" ? Object.keys(values) : [step];
  return keys.flatMap((key) => {
    const path = step === "*" ? `${before}[${key}]` : before === "" ? key : `${before}.${key}`;
    return rest.length === 0 ? [{ values, key, path }] : places(values[key], rest, path);
  });
}

function hasUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}

function prefixed(prefix: string, table: Record<string, Dearest>): Record<string, Dearest> {
  return Object.fromEntries(Object.entries(table).map(([path, find]) => [prefix + path, find]));
}
