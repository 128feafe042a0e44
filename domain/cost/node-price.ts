import { HOURS_PER_MONTH, usd } from "../units.ts";

/** One row of `GET /v2/sizes` as far as money goes; `asOf` says when the price was read (prices are dated data). */
export interface SizePrice {
  slug: string;
  /** US dollars per hour, powered on or off. */
  priceHourly: number;
  /** US dollars for a whole month, where the list says it; of CPU droplets only. */
  priceMonthly?: number;
  /** Outbound transfer that a month of it adds to the team's allowance, in TB (1000 GiB). */
  transferTb?: number;
  /** ISO date of the reading, where the row does not come from the API just now. */
  asOf?: string;
}

/** Block storage: US dollars per GiB and month, attached or not (DigitalOcean, Volumes Pricing). */
export const VOLUME_USD_PER_GIB_MONTH = 0.1;

/** Hours of a calendar month that a CPU droplet is billed for at most; a GPU droplet has no such cap (Droplet Pricing). */
export const CAP_HOURS = 672;

/** Whether a size's month is capped: GPU sizes are the ones that are not. */
export function capHours(slug: string): number | undefined {
  return slug.startsWith("gpu-") ? undefined : CAP_HOURS;
}

/** A droplet for a month of 730 hours, in US dollars, not rounded. */
export function dropletMonthlyUsd({ slug, priceHourly, priceMonthly }: SizePrice): number {
  const cap = capHours(slug);
  if (cap === undefined) return priceHourly * HOURS_PER_MONTH;
  return priceMonthly ?? priceHourly * Math.min(cap, HOURS_PER_MONTH);
}

/** What a node costs while it is up. Amounts in US dollars; months have 730 hours. */
export interface NodePrice {
  /** The droplet alone, per hour. */
  dropletHourlyUsd: number;
  /** Its volumes, per month: what goes on costing when the droplet is gone. */
  volumesMonthlyUsd: number;
  /** Droplet and volumes per hour, rounded to cents. */
  hourlyUsd: number;
  /** Droplet and volumes per month of 730 hours, rounded to cents. */
  monthlyUsd: number;
}

/**
 * Prices a node. Answers undefined when the size is not in the data: an unknown price is never shown as zero, the caller
 * must fail closed.
 */
export function nodePrice(
  node: { size: string; volumesGiB: readonly number[] },
  sizes: readonly SizePrice[],
): NodePrice | undefined {
  const size = sizes.find((row) => row.slug === node.size);
  if (!size) return undefined;
  const volumesMonthlyUsd = usd(node.volumesGiB.reduce((sum, gib) => sum + volumeMonthlyUsd(gib), 0));
  return {
    dropletHourlyUsd: size.priceHourly,
    volumesMonthlyUsd,
    hourlyUsd: usd(size.priceHourly + volumesMonthlyUsd / HOURS_PER_MONTH),
    monthlyUsd: usd(dropletMonthlyUsd(size) + volumesMonthlyUsd),
  };
}

/** Monthly price of one volume of that many GiB, in US dollars. */
export function volumeMonthlyUsd(sizeGiB: number, usdPerGiB = VOLUME_USD_PER_GIB_MONTH): number {
  return usd(sizeGiB * usdPerGiB);
}
