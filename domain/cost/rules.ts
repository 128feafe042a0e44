import { nearest } from "../spelling.ts";
import { amount, flag, NotPriced, optionalText, part, type Resource, text, type Values } from "./inputs.ts";
import { dropletMonthlyUsd, type SizePrice, volumeMonthlyUsd } from "./node-price.ts";
import type { ItemName, Price, PriceList } from "./price-list.ts";
import type { FixedPart, Parts, UsagePart } from "./resource-price.ts";
import { snapshotMonthlyUsd } from "./storage-price.ts";

/** Prices one type; a text instead of parts says why this one costs nothing. */
export type Rule = (resource: Resource, prices: PriceList) => Parts | string;

export const droplet: Rule = ({ inputs }, prices) => {
  const slug = text(inputs, "size");
  const machines = droplets(slug, 1, prices);
  if (!flag(inputs, "backups")) return { what: slug, fixed: machines };
  const daily = part(inputs, "backupPolicy")?.plan === "daily";
  const backups = prices.items[daily ? "backups-daily" : "backups-weekly"];
  const monthly = (machines[0] as FixedPart).monthly * backups.usd;
  return {
    what: slug,
    fixed: [...machines, { what: `${daily ? "daily" : "weekly"} backups`, monthly, asOf: backups.asOf }],
  };
};

export const dropletAutoscale: Rule = ({ inputs }, prices) => {
  const config = part(inputs, "config") ?? {};
  const slug = text(part(inputs, "dropletTemplate") ?? {}, "size");
  if (config.targetNumberInstances !== undefined)
    return pool(slug, amount(config, "targetNumberInstances"), undefined, prices);
  return pool(slug, amount(config, "minInstances"), amount(config, "maxInstances"), prices);
};

export const volume: Rule = ({ inputs }, prices) => {
  const price = prices.items["volume-gib"];
  // A volume made from a snapshot may leave its size to it.
  const gib = amount(inputs, "size");
  return {
    what: `${gib} GiB`,
    fixed: [{ what: `${gib} GiB`, monthly: volumeMonthlyUsd(gib, price.usd), asOf: price.asOf }],
  };
};

/** Snapshots hold what is in use: a size is known only when they exist. */
export const snapshot: Rule = ({ outputs = {} }, prices) => {
  const price = prices.items["snapshot-gib"];
  const gib = typeof outputs.size === "number" ? outputs.size : undefined;
  if (gib === undefined) {
    return { what: "as much as is in use", usage: [usage(price, "snapshot_gib", "space in use")] };
  }
  return {
    what: `${gib} GiB`,
    fixed: [{ what: `${gib} GiB`, monthly: snapshotMonthlyUsd(gib, price.usd), asOf: price.asOf }],
  };
};

/** Free while something has it; an address that nothing has costs. */
export const reservedIp: Rule = ({ inputs, assigned }, prices) => {
  if (assigned || (inputs.dropletId !== undefined && inputs.dropletId !== null))
    return "reserved addresses are free while assigned";
  return item(prices, "idle-reserved-ip", "assigned to nothing");
};

/** Nodes of the old sizes (DigitalOcean's OpenAPI document, load_balancer_base.size). */
const BALANCER_SIZES: Record<string, number> = { "lb-small": 1, "lb-medium": 3, "lb-large": 6 };

export const loadBalancer: Rule = ({ inputs }, prices) => {
  const kind = optionalText(inputs, "type") ?? "REGIONAL";
  if (kind !== "REGIONAL") throw new NotPriced(`the price list has no load balancers of type ${kind}`);
  const named = optionalText(inputs, "size");
  const nodes = inputs.sizeUnit === undefined && named ? BALANCER_SIZES[named] : amount(inputs, "sizeUnit", 1);
  if (nodes === undefined) throw new NotPriced(`load balancer size ${named} is not known`);
  return item(prices, "load-balancer-node", nodes === 1 ? "1 node" : `${nodes} nodes`, nodes);
};

/** Engines under the name that the price list has them by. */
const ENGINES: Record<string, string> = { redis: "valkey" };

/** The table of the price list that has an engine's sizes. */
export function databaseTable(engine: string): string {
  return `database-${ENGINES[engine] ?? engine}`;
}

export const databaseCluster: Rule = ({ inputs }, prices) => {
  if (inputs.storageSizeMib !== undefined) {
    throw new NotPriced("storageSizeMib is set, and the price of storage beyond what the size comes with is not known");
  }
  return database(text(inputs, "engine"), text(inputs, "size"), amount(inputs, "nodeCount"), prices);
};

export const databaseReplica: Rule = ({ inputs, related }, prices) => {
  const cluster = related?.clusterId;
  if (!cluster)
    throw new NotPriced("the engine of its cluster decides the price, and the cluster is not in this stack");
  const size = optionalText(inputs, "size") ?? text(cluster.inputs, "size");
  return database(text(cluster.inputs, "engine"), size, 1, prices);
};

function database(engine: string, size: string, nodes: number, prices: PriceList): Parts {
  const table = databaseTable(engine);
  if (!prices.tables.has(table)) throw new NotPriced(`the price list has no databases of engine ${engine}`);
  const price = row(prices, table, size, "database size");
  const what = `${engine} ${size} x ${nodes}`;
  return { what, fixed: [{ what, monthly: price.usd * nodes, asOf: price.asOf }] };
}

export const kubernetesCluster: Rule = ({ inputs }, prices) => {
  const { what, fixed = [], usage } = nodePool(part(inputs, "nodePool") ?? {}, prices);
  const plane = prices.items["doks-high-availability"];
  const ha = flag(inputs, "ha");
  if (ha) fixed.push({ what: "high availability of the control plane", monthly: plane.usd, asOf: plane.asOf });
  return { what: ha ? `${what}, HA` : what, fixed, usage };
};

export const kubernetesNodePool: Rule = ({ inputs }, prices) => nodePool(inputs, prices);

function nodePool(inputs: Values, prices: PriceList): Parts {
  const size = text(inputs, "size");
  if (!flag(inputs, "autoScale")) return pool(size, amount(inputs, "nodeCount"), undefined, prices);
  return pool(size, amount(inputs, "minNodes", 1), amount(inputs, "maxNodes"), prices);
}

const REGISTRY_TIERS: Record<string, ItemName> = {
  starter: "registry-starter",
  basic: "registry-basic",
  professional: "registry-professional",
};

export const registry: Rule = ({ inputs }, prices) => {
  const tier = text(inputs, "subscriptionTierSlug");
  const name = REGISTRY_TIERS[tier];
  if (!name) throw new NotPriced(`registry tier ${tier} is not in the price list`);
  const price = prices.items[name];
  if (price.usd === 0) return `the ${tier} tier costs nothing`;
  const storage = prices.items["registry-gib"];
  const more = usage(storage, "storage_gib", "images beyond what the tier includes", "registry-storage");
  return {
    what: `${tier} tier`,
    fixed: [{ what: `${tier} tier`, monthly: price.usd, once: `registry ${tier}`, asOf: price.asOf }],
    usage: [{ ...more, included: price.included ?? 0 }],
  };
};

export const spacesBucket: Rule = (_resource, prices) => {
  const subscription = prices.items["spaces-subscription"];
  return {
    what: "Spaces",
    fixed: [
      {
        what: "Spaces subscription, for all buckets",
        monthly: subscription.usd,
        once: "spaces",
        asOf: subscription.asOf,
      },
    ],
    usage: [
      usage(prices.items["spaces-gib"], "storage_gib", "storage", "spaces-storage"),
      usage(prices.items["spaces-outbound-gib"], "outbound_gib", "outbound transfer", "spaces-outbound"),
    ],
  };
};

export const knowledgeBase: Rule = ({ inputs }) => {
  if (inputs.databaseId === undefined)
    throw new NotPriced("it makes an OpenSearch database of its own, whose price is not known");
  return {
    what: "indexing",
    usage: [{ key: "tokens_million", what: "tokens indexed", unitUsd: null, per: "million tokens" }],
  };
};

/** Machines in a number that may follow the load: the least are always paid for. */
export function pool(size: string, least: number, most: number | undefined, prices: PriceList): Parts {
  const fixed = droplets(size, least, prices);
  if (most === undefined || most === least) return { what: `${size} x ${least}`, fixed };
  const price = sizeOf(size, prices);
  const more: UsagePart = {
    key: "extra_nodes",
    what: `nodes beyond ${least}, at most ${most - least} more, on average`,
    unitUsd: dropletMonthlyUsd(price),
    per: "node and month",
    most: most - least,
    ...(price.asOf ? { asOf: price.asOf } : {}),
  };
  return { what: `${size} x ${least} to ${most}`, fixed, usage: [more] };
}

function droplets(slug: string, count: number, prices: PriceList): FixedPart[] {
  const price = sizeOf(slug, prices);
  const monthly = dropletMonthlyUsd(price) * count;
  return [
    { what: count === 1 ? slug : `${slug} x ${count}`, monthly, hourly: price.priceHourly * count, asOf: price.asOf },
  ];
}

function sizeOf(slug: string, prices: PriceList): SizePrice {
  const price = prices.sizes.get(slug);
  if (price) return price;
  const near = nearestKey(slug, prices.sizes);
  throw new NotPriced(`size ${slug} is not in the price list${near ? ` (nearest: ${near})` : ""}`);
}

/** A price by slug out of one of the list's tables. */
export function row(prices: PriceList, table: string, slug: string, kind: string): Price {
  const rows = prices.tables.get(table);
  const price = rows?.get(slug);
  if (price) return price;
  const near = rows && nearestKey(slug, rows);
  throw new NotPriced(`${kind} ${slug} is not in the price list${near ? ` (nearest: ${near})` : ""}`);
}

function item(prices: PriceList, name: ItemName, what: string, count = 1): Parts {
  const price = prices.items[name];
  return { what, fixed: [{ what, monthly: price.usd * count, asOf: price.asOf }] };
}

export function usage(price: Price, key: string, what: string, shared?: string): UsagePart {
  const { usd: unitUsd, per, included, asOf } = price;
  return { key, what, unitUsd, per, asOf, ...(included ? { included } : {}), ...(shared ? { pool: shared } : {}) };
}

/** Nearest names that were looked for already: a plan of thousands may have one mistake thousands of times. */
const nearestFound = new WeakMap<ReadonlyMap<string, unknown>, Map<string, string | undefined>>();

function nearestKey(slug: string, table: ReadonlyMap<string, unknown>): string | undefined {
  const found = nearestFound.get(table) ?? new Map<string, string | undefined>();
  nearestFound.set(table, found);
  if (!found.has(slug)) found.set(slug, nearest(slug, [...table.keys()]));
  return found.get(slug);
}
