import { CAP_HOURS } from "./node-price.ts";

/** What is billed by the second. */
export interface Rate {
  hourlyUsd: number;
  /** Hours of a calendar month (UTC) after which the month costs no more: 672 for CPU droplets, nothing for GPU droplets. */
  capHours?: number;
  /** Billed at least: droplets 60 seconds. */
  leastSeconds?: number;
  /** Billed at least, in US dollars: droplets and snapshots a cent. */
  leastUsd?: number;
}

const HOUR_MS = 3_600_000;

/** The rate of a droplet (Droplets Release Notes, 2026-01-01: by the second, at least 60 seconds and a cent). */
export function dropletRate(slug: string, hourlyUsd: number): Rate {
  const minimum = { hourlyUsd, leastSeconds: 60, leastUsd: 0.01 };
  return slug.startsWith("gpu-") ? minimum : { ...minimum, capHours: CAP_HOURS };
}

/**
 * What a stretch of time is billed, in US dollars and not rounded: real hours of real months, where estimates take 730 for each.
 * Times are milliseconds since 1970; nothing is billed for a stretch that ends before it begins.
 */
export function accruedUsd(rate: Rate, from: number, until: number): number {
  if (until < from) return 0;
  const end = Math.max(until, from + (rate.leastSeconds ?? 0) * 1000);
  let amount = 0;
  for (let start = from; start < end; start = nextMonth(start)) {
    const hours = (Math.min(end, nextMonth(start)) - start) / HOUR_MS;
    amount += rate.hourlyUsd * Math.min(hours, rate.capHours ?? hours);
  }
  return Math.max(amount, rate.leastUsd ?? 0);
}

function nextMonth(time: number): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
