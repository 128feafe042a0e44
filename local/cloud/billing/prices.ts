import type { Meter } from "../objects.ts";

/**
 * What a stretch of time costs: pure, no clock, no store.
 *
 * Since 2026-01-01 droplets are billed by the second, at least 60 seconds and at least $0.01 (Droplets Release Notes).
 * A CPU droplet never costs more than 672 hours of a calendar month (UTC); GPU droplets, volumes, snapshots and reserved
 * addresses have no such cap. What is priced by the month (storage, addresses) is charged evenly, 730 hours to the month.
 */

/** Hours of an average month, for what has a monthly price and no hourly one. */
const MONTH_HOURS = 730;
const HOUR = 3_600_000;

/** US dollars for a GiB and a month. Sources: Volumes Pricing, Snapshots Pricing (2026-05-28). */
const VOLUME_GIB_MONTH = 0.1;
const SNAPSHOT_GIB_MONTH = 0.06;
/** US dollars a month for a reserved IPv4 address that is assigned to nothing; assigned ones are free (Reserved IP Pricing). */
const IDLE_ADDRESS_MONTH = 5;

/** What is charged at least: seconds, and US dollars. */
const MINIMUM: Record<Meter["kind"], { seconds: number; amount: number }> = {
  droplet: { seconds: 60, amount: 0.01 },
  snapshot: { seconds: 0, amount: 0.01 },
  volume: { seconds: 0, amount: 0 },
  reserved_ip: { seconds: 0, amount: 0 },
};

/** US dollars an hour. */
export const hourlyPrice = {
  volume: (sizeGiB: number) => (VOLUME_GIB_MONTH * sizeGiB) / MONTH_HOURS,
  snapshot: (sizeGiB: number) => (SNAPSHOT_GIB_MONTH * sizeGiB) / MONTH_HOURS,
  idleAddress: () => IDLE_ADDRESS_MONTH / MONTH_HOURS,
};

/** US dollars a month, as the API names them for what would be left behind. */
export const monthlyPrice = {
  volume: (sizeGiB: number) => VOLUME_GIB_MONTH * sizeGiB,
  snapshot: (sizeGiB: number) => SNAPSHOT_GIB_MONTH * sizeGiB,
  idleAddress: () => IDLE_ADDRESS_MONTH,
};

type Priced = Pick<Meter, "kind" | "hourly" | "capHours" | "since" | "until">;

/** US dollars from the beginning until `at` (milliseconds since 1970), not rounded. */
export function amountUntil(meter: Priced, at: number): number {
  return monthlyAmounts(meter, at).reduce((sum, month) => sum + month.amount, 0);
}

/** The same, by calendar month ("2026-11"). What a minimum adds falls into the first one. */
export function monthlyAmounts(meter: Priced, at: number): { month: string; amount: number }[] {
  const end = Math.min(meter.until ?? at, at);
  if (end < meter.since) return [];
  const minimum = MINIMUM[meter.kind];
  const billedEnd = Math.max(end, meter.since + minimum.seconds * 1000);
  const months: { month: string; amount: number }[] = [];
  for (let from = meter.since; from < billedEnd || months.length === 0; from = nextMonth(from)) {
    const hours = (Math.min(billedEnd, nextMonth(from)) - from) / HOUR;
    const amount = meter.hourly * Math.min(hours, meter.capHours ?? hours);
    months.push({ month: new Date(from).toISOString().slice(0, 7), amount });
  }
  const total = months.reduce((sum, month) => sum + month.amount, 0);
  if (total < minimum.amount && months[0]) months[0].amount += minimum.amount - total;
  return months;
}

function nextMonth(time: number): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
