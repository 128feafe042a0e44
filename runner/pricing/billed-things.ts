import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import { dropletRate } from "../../domain/cost/accrual.ts";
import type { Resource } from "../../domain/cost/inputs.ts";
import { CAP_HOURS } from "../../domain/cost/node-price.ts";
import type { PriceList } from "../../domain/cost/price-list.ts";
import { withRelations } from "../../domain/cost/relations.ts";
import { type FixedPart, priceResource } from "../../domain/cost/resource-price.ts";
import type { Billed } from "../../domain/forecast.ts";
import { isOwned } from "../../domain/tags.ts";
import { HOURS_PER_MONTH } from "../../domain/units.ts";
import type { StackConfig } from "../../stacks/config.ts";
import { type Deployment, liveResources, type ResourceState } from "../checkpoint.ts";
import { priced } from "../cost.ts";
import { knownPrices } from "../price-list.ts";
import type { Target } from "../target.ts";

export type ThingKind = "droplet" | "volume" | "snapshot" | "other";

/** One billed thing of a stack. */
export interface BilledThing extends Billed {
  kind: ThingKind;
  id: string;
  /** What is paid for: the size slug, the GiB. */
  what: string;
}

interface Source {
  target: Target;
  config: StackConfig;
  cloud: DigitalOcean;
  deployment: Deployment | undefined;
}

const KINDS: Record<string, ThingKind> = {
  "digitalocean:index/droplet:Droplet": "droplet",
  "digitalocean:index/volume:Volume": "volume",
  "digitalocean:index/dropletSnapshot:DropletSnapshot": "snapshot",
  "digitalocean:index/volumeSnapshot:VolumeSnapshot": "snapshot",
};

/** What the account is charged for on behalf of a stack now: what its state declares, and the snapshots and volumes that carry its tags. */
export async function billedThings(source: Source): Promise<{ things: BilledThing[]; gaps: string[] }> {
  const { target, config, cloud, deployment } = source;
  const [droplets, volumes, snapshots, sizes] = await Promise.all([
    cloud.droplets(),
    cloud.volumes(),
    cloud.snapshots(),
    knownPrices(target),
  ]);
  const prices = catalogPrices({ sizes });
  const born = new Map<string, string>();
  for (const { id, created_at } of [...droplets, ...volumes, ...snapshots]) born.set(String(id), created_at);
  const states = liveResources(deployment);
  const gaps: string[] = [];
  const things = withRelations(priced(states)).flatMap((resource, index) =>
    declared(resource, states[index] as ResourceState, { prices, born, gaps }),
  );
  const known = new Set(things.map(({ id }) => id));
  const owner = { project: config.project, stack: target.stack };
  for (const { id, name, size_gigabytes, tags, created_at } of snapshots) {
    if (known.has(id) || !isOwned(tags, owner)) continue;
    const rate = { hourlyUsd: (prices.items["snapshot-gib"].usd * size_gigabytes) / HOURS_PER_MONTH, leastUsd: 0.01 };
    things.push({ kind: "snapshot", id, name, what: `${size_gigabytes} GiB`, rate, from: Date.parse(created_at) });
  }
  for (const { id, name, size_gigabytes, tags, created_at } of volumes) {
    if (known.has(id) || !isOwned(tags, owner)) continue;
    const rate = { hourlyUsd: (prices.items["volume-gib"].usd * size_gigabytes) / HOURS_PER_MONTH };
    things.push({ kind: "volume", id, name, what: `${size_gigabytes} GiB`, rate, from: Date.parse(created_at) });
  }
  return { things, gaps };
}

function declared(
  resource: Resource,
  state: ResourceState,
  { prices, born, gaps }: { prices: PriceList; born: Map<string, string>; gaps: string[] },
): BilledThing[] {
  if (!state.custom || !state.id) return [];
  const price = priceResource(resource, prices);
  if (price.kind === "free") return [];
  if (price.kind === "unpriced") gaps.push(`${resource.name} is not priced: ${price.reason}`);
  if (price.kind === "usage") gaps.push(`${resource.name} depends on usage: ${price.what}`);
  if (price.kind !== "priced") return [];
  for (const { what } of price.usage) gaps.push(`${resource.name} depends on usage: ${what}`);
  const kind = KINDS[resource.type] ?? "other";
  const created = born.get(state.id) ?? (KINDS[resource.type] ? undefined : state.created);
  if (typeof created !== "string") {
    gaps.push(`${resource.name} has no date of its creation`);
    return [];
  }
  return price.fixed.map((part) => ({
    ...{ kind, id: state.id as string, name: resource.name, what: part.what, from: Date.parse(created) },
    rate: rateOf(kind, resource, part),
  }));
}

function rateOf(kind: ThingKind, { inputs }: Resource, part: FixedPart): Billed["rate"] {
  if (kind === "droplet" && part.hourly !== undefined) return dropletRate(String(inputs.size), part.hourly);
  if (part.hourly !== undefined) {
    const capped = part.monthly < part.hourly * HOURS_PER_MONTH * 0.99;
    return { hourlyUsd: part.hourly, ...(capped ? { capHours: CAP_HOURS } : {}) };
  }
  const hourlyUsd = part.monthly / HOURS_PER_MONTH;
  return kind === "snapshot" ? { hourlyUsd, leastUsd: 0.01 } : { hourlyUsd };
}
