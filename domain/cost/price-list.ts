import type { SizePrice } from "./node-price.ts";

/** A price with its date and its source: prices are data that ages. */
export interface Price {
  usd: number;
  /** What one pays that much for: `GiB and month`. */
  per: string;
  /** What the price includes, or what comes free before it counts; in the unit the rule says. */
  included?: number;
  /** ISO date of the reading. */
  asOf: string;
  source: string;
}

/** Names of single prices that rules ask for; a price file must have every one. */
export const ITEM_NAMES = [
  "volume-gib",
  "snapshot-gib",
  "backups-weekly",
  "backups-daily",
  "idle-reserved-ip",
  "load-balancer-node",
  "doks-high-availability",
  "registry-starter",
  "registry-basic",
  "registry-professional",
  "registry-gib",
  "spaces-subscription",
  "spaces-gib",
  "spaces-outbound-gib",
  "outbound-gib",
] as const;
export type ItemName = (typeof ITEM_NAMES)[number];

/** Everything that resources are priced with. */
export interface PriceList {
  sizes: ReadonlyMap<string, SizePrice>;
  items: Readonly<Record<ItemName, Price>>;
  /** Prices by slug, one table for each kind of thing: `app-instances`, `database-pg`. */
  tables: ReadonlyMap<string, ReadonlyMap<string, Price>>;
}
