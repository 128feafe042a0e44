import { usd } from "../units.ts";

/**
 * Snapshots of droplets and volumes: US dollars per GiB in use and month, at least one cent (DigitalOcean, Snapshots Pricing:
 * https://docs.digitalocean.com/products/snapshots/details/pricing/). They are whole copies, never increments.
 */
export const SNAPSHOT_USD_PER_GIB_MONTH = 0.06;

/**
 * A reserved IPv4 address that no droplet has: US dollars per month; assigned it is free (DigitalOcean, Reserved IP Pricing:
 * https://docs.digitalocean.com/products/networking/reserved-ips/details/pricing/; older pages say 4).
 */
export const IDLE_RESERVED_IP_USD_PER_MONTH = 5;

/** Monthly price of one snapshot of that many GiB, in US dollars. */
export function snapshotMonthlyUsd(sizeGiB: number, usdPerGiB = SNAPSHOT_USD_PER_GIB_MONTH): number {
  return sizeGiB > 0 ? Math.max(0.01, usd(sizeGiB * usdPerGiB)) : 0;
}
