import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import type { DigitalOcean, Droplet, ReservedIp, Snapshot, Volume } from "../../clients/digitalocean/index.ts";
import { dropletRate, type Rate } from "../../domain/cost/accrual.ts";
import type { Resource } from "../../domain/cost/inputs.ts";
import { CAP_HOURS, type SizePrice } from "../../domain/cost/node-price.ts";
import type { PriceList } from "../../domain/cost/price-list.ts";
import { withRelations } from "../../domain/cost/relations.ts";
import { type FixedPart, priceResource } from "../../domain/cost/resource-price.ts";
import type { Billed } from "../../domain/forecast.ts";
import { isOwned, type Ownership } from "../../domain/tags.ts";
import { HOURS_PER_MONTH } from "../../domain/units.ts";
import type { ResourceState } from "../checkpoint.ts";
import { priced } from "../cost.ts";

export type ThingKind = "droplet" | "volume" | "snapshot" | "reserved ip" | "other";

/** One thing that is billed. */
export interface BilledThing extends Billed {
  kind: ThingKind;
  id: string;
  /** What is paid for: the size slug, the GiB. */
  what: string;
}

/** Everything in an account that has an age of its own. */
export interface AccountInventory {
  droplets: Droplet[];
  volumes: Volume[];
  snapshots: Snapshot[];
  addresses: ReservedIp[];
}

export async function accountInventory(cloud: DigitalOcean): Promise<AccountInventory> {
  const [droplets, volumes, snapshots, addresses] = await Promise.all([
    cloud.droplets(),
    cloud.volumes(),
    cloud.snapshots(),
    cloud.reservedIps(),
  ]);
  return { droplets, volumes, snapshots, addresses };
}

/** What is known of the running bill beside the inventory. */
export interface BillingFacts {
  sizes: readonly SizePrice[];
  /** Since when a thing has the price that it has, milliseconds since 1970. */
  since: (id: string) => number | undefined;
}

/** What the account is charged for now, as far as the API tells ages: droplets, volumes, snapshots, addresses that nothing has. */
export function accountThings(
  inventory: AccountInventory,
  facts: BillingFacts,
): { things: BilledThing[]; gaps: string[] } {
  const prices = catalogPrices({ sizes: facts.sizes });
  const gaps: string[] = [];
  const { droplets, volumes, snapshots, addresses } = inventory;
  const things: BilledThing[] = [];
  const add = (kind: ThingKind, { id, name }: { id: string; name: string }, what: string, rate: Rate, born?: number) =>
    things.push({ ...{ kind, id, name, what, rate }, from: laterOf(born, facts.since(id)) });
  for (const { id, name, size_slug: size, created_at } of droplets) {
    const hourlyUsd = prices.sizes.get(size)?.priceHourly;
    if (hourlyUsd === undefined) gaps.push(`droplet ${name}: size ${size} is not in the price list`);
    else add("droplet", { id: String(id), name }, size, dropletRate(size, hourlyUsd), Date.parse(created_at));
  }
  for (const volume of volumes)
    add("volume", volume, gib(volume), byMonth(prices, "volume-gib", volume), Date.parse(volume.created_at));
  for (const one of snapshots) {
    const rate = { ...byMonth(prices, "snapshot-gib", one), leastUsd: 0.01 };
    add("snapshot", one, gib(one), rate, Date.parse(one.created_at));
  }
  for (const { ip } of addresses.filter(({ droplet }) => !droplet))
    add("reserved ip", { id: ip, name: ip }, "assigned to nothing", idleAddressRate(prices));
  return { things, gaps };
}

/** What belongs to a stack: what its state has, and the volumes and snapshots that carry its tags. Other things of the state are as old as the state says. */
export function stackThings(
  inventory: AccountInventory,
  facts: BillingFacts & { states: readonly ResourceState[]; owner: Ownership; account: readonly BilledThing[] },
): { things: BilledThing[]; gaps: string[] } {
  const { states, owner, account } = facts;
  const prices = catalogPrices({ sizes: facts.sizes });
  const ids = new Set(states.flatMap(({ id }) => (id ? [id] : [])));
  for (const { id, tags } of [...inventory.volumes, ...inventory.snapshots]) if (isOwned(tags, owner)) ids.add(id);
  const things = account.filter(({ id }) => ids.has(id));
  const gaps: string[] = [];
  const resources = withRelations(priced(states));
  for (const [index, resource] of resources.entries())
    declared(resource, states[index] as ResourceState, { prices, things, gaps, since: facts.since });
  return { things, gaps };
}

const FROM_API = /^digitalocean:index\/(droplet|volume|dropletSnapshot|volumeSnapshot|reservedIp|floatingIp):/;

/** Adds what only the state tells of a resource: things that the inventory has not, and a droplet's backups. */
function declared(
  resource: Resource,
  state: ResourceState,
  {
    prices,
    things,
    gaps,
    since,
  }: { prices: PriceList; things: BilledThing[]; gaps: string[] } & Pick<BillingFacts, "since">,
): void {
  const { id, created, custom } = state;
  if (!custom || !id) return;
  const price = priceResource(resource, prices);
  if (price.kind === "free") return;
  if (price.kind === "unpriced") gaps.push(`${resource.name} is not priced: ${price.reason}`);
  if (price.kind === "usage") gaps.push(`${resource.name} depends on usage: ${price.what}`);
  if (price.kind !== "priced") return;
  for (const { what } of price.usage) gaps.push(`${resource.name} depends on usage: ${what}`);
  const inventoried = things.find((thing) => thing.id === id);
  const fromApi = FROM_API.test(resource.type);
  // Gone from the cloud: nothing is billed, and a preview will tell of it.
  if (fromApi && !inventoried) return;
  const from = inventoried?.from ?? laterOf(typeof created === "string" ? Date.parse(created) : undefined, since(id));
  for (const part of fromApi ? price.fixed.slice(1) : price.fixed)
    things.push({ kind: "other", id, name: resource.name, what: part.what, from, rate: rateOf(part) });
}

function rateOf({ hourly, monthly }: FixedPart): Rate {
  if (hourly === undefined) return { hourlyUsd: monthly / HOURS_PER_MONTH };
  const capped = monthly < hourly * HOURS_PER_MONTH * 0.99;
  return { hourlyUsd: hourly, ...(capped ? { capHours: CAP_HOURS } : {}) };
}

export function idleAddressRate({ items }: PriceList): Rate {
  return { hourlyUsd: items["idle-reserved-ip"].usd / HOURS_PER_MONTH };
}

export function byMonth(
  { items }: PriceList,
  item: "volume-gib" | "snapshot-gib",
  { size_gigabytes }: { size_gigabytes: number },
): Rate {
  return { hourlyUsd: (items[item].usd * size_gigabytes) / HOURS_PER_MONTH };
}

function gib({ size_gigabytes }: { size_gigabytes: number }): string {
  return `${size_gigabytes} GiB`;
}

/** What nobody can date counts from always: a month too much rather than too little. */
function laterOf(born: number | undefined, since: number | undefined): number {
  return Math.max(born ?? 0, since ?? 0);
}
