import type { Resource } from "./inputs.ts";
import { ITEM_NAMES, type ItemName, type Price, type PriceList } from "./price-list.ts";

/** A resource of a test: its type by its word, `droplet`. */
export function resource(word: string, inputs: Record<string, unknown> = {}, more: Partial<Resource> = {}): Resource {
  const type = `digitalocean:index/${word}:${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  return { type, name: more.name ?? word, inputs, ...more };
}

const price = (usd: number, included?: number): Price => ({
  usd,
  per: "unit and month",
  asOf: "2026-01-01",
  source: "made up",
  ...(included === undefined ? {} : { included }),
});

const special: Partial<Record<ItemName, Price>> = {
  "volume-gib": price(0.1),
  "snapshot-gib": price(0.06),
  "backups-weekly": price(0.2),
  "backups-daily": price(0.3),
  "load-balancer-node": price(12),
  "doks-high-availability": price(40),
  "registry-starter": price(0),
  "spaces-gib": price(0.02, 250),
  "outbound-gib": price(0.01),
};

/** Prices of tests: round ones, the same whatever the catalog says. */
export const TEST_PRICES: PriceList = {
  items: Object.fromEntries(ITEM_NAMES.map((name) => [name, special[name] ?? price(5)])) as Record<ItemName, Price>,
  sizes: new Map(
    [
      { slug: "s-1vcpu-1gb", priceHourly: 0.00893, priceMonthly: 6, transferTb: 1 },
      { slug: "s-2vcpu-4gb", priceHourly: 0.03571, transferTb: 4 },
      { slug: "gpu-h100x1-80gb", priceHourly: 3.39, transferTb: 15 },
    ].map((size) => [size.slug, size]),
  ),
  tables: new Map([
    ["app-instances", new Map([["apps-s-1vcpu-1gb", price(12)]])],
    ["database-pg", new Map([["db-s-1vcpu-1gb", price(15.15)]])],
  ]),
};
