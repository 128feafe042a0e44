import { CPU_MONTH_HOURS } from "../catalog/catalog.ts";
import { type CloudState, FIRST_ID } from "../cloud.ts";
import type { Meter } from "../objects.ts";
import { amountUntil, hourlyPrice } from "./prices.ts";

type Priced = { id: number | string; name: string; region: string; tags: string[] };

/** Starts to charge for a thing, in the running transaction; from the second in which it was created. */
export function startMeter(
  { store, clock }: CloudState,
  kind: Meter["kind"],
  thing: Priced,
  price: { hourly: number; capHours: number | null; size?: string },
): void {
  const { id, name, region, tags } = thing;
  store.meters.put({
    id: store.nextId("meter", FIRST_ID.meter),
    kind,
    resource: String(id),
    name,
    region,
    tags,
    ...price,
    since: Math.floor(clock.now() / 1000) * 1000,
    until: null,
  });
}

/** Ends what runs for a thing; at the end its name and tags are kept as they were. */
export function stopMeter({ store, clock }: CloudState, kind: Meter["kind"], thing: Priced): void {
  const now = clock.now();
  for (const meter of store.meters.list({ resource: String(thing.id) })) {
    if (meter.kind !== kind || meter.until !== null) continue;
    store.meters.put({ ...meter, name: thing.name, tags: thing.tags, until: Math.max(now, meter.since) });
  }
}

/** Charges another price from now on. */
export function changeMeter(
  cloud: CloudState,
  kind: Meter["kind"],
  thing: Priced,
  price: { hourly: number; capHours: number | null; size?: string },
): void {
  stopMeter(cloud, kind, thing);
  startMeter(cloud, kind, thing, price);
}

/** The price of a droplet of this size: CPU sizes have a monthly cap, GPU sizes have none. */
export function dropletPrice({ catalog }: CloudState, slug: string) {
  const size = catalog.sizes.get(slug);
  if (!size) throw new Error(`no such size: ${slug}`);
  return { hourly: size.price_hourly, capHours: size.gpu_info ? null : CPU_MONTH_HOURS, size: slug };
}

export function volumePrice(sizeGiB: number) {
  return { hourly: hourlyPrice.volume(sizeGiB), capHours: null, size: `${sizeGiB} GiB` };
}

export function snapshotPrice(sizeGiB: number) {
  return { hourly: hourlyPrice.snapshot(sizeGiB), capHours: null, size: `${sizeGiB} GiB` };
}

export function idleAddressPrice() {
  return { hourly: hourlyPrice.idleAddress(), capHours: null };
}

export interface Bill {
  currency: "USD";
  now: string;
  total: number;
  resources: {
    kind: Meter["kind"];
    id: string;
    name: string;
    region: string;
    tags: string[];
    size?: string;
    hourly: number;
    since: string;
    until: string | null;
    amount: number;
  }[];
}

/** What has accrued until `at` (milliseconds), one line for each price a thing has had; live things with their tags of now. */
export function bill(cloud: CloudState, at: number): Bill {
  const resources = cloud.store.meters
    .list()
    .filter((meter) => meter.since <= at)
    .map((meter) => {
      const { kind, resource: id, size, hourly, since, until } = meter;
      const { name, region, tags } = until === null ? (live(cloud, meter) ?? meter) : meter;
      const ended = until !== null && until <= at ? new Date(until).toISOString() : null;
      const amount = microdollars(amountUntil(meter, at));
      return {
        kind,
        id,
        name,
        region,
        tags,
        ...(size && { size }),
        hourly,
        since: new Date(since).toISOString(),
        until: ended,
        amount,
      };
    });
  const total = microdollars(resources.reduce((sum, resource) => sum + resource.amount, 0));
  return { currency: "USD", now: new Date(at).toISOString(), total, resources };
}

function live({ store }: CloudState, meter: Meter): Priced | undefined {
  if (meter.kind === "droplet") return store.droplets.get(Number(meter.resource));
  if (meter.kind === "volume") return store.volumes.get(meter.resource);
  if (meter.kind === "reserved_ip") return undefined;
  const image = store.images.get(Number(meter.resource) || 0);
  return image ? { ...image, region: meter.region } : store.volumeSnapshots.get(meter.resource);
}

/** A millionth of a dollar is what the bill shows. */
function microdollars(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}
