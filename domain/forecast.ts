import { accruedUsd, type Rate } from "./cost/accrual.ts";

/** Something that is billed, from its beginning until its end. Times are milliseconds since 1970. */
export interface Billed {
  name: string;
  rate: Rate;
  from: number;
  /** Absent while nothing ends it. */
  until?: number;
}

/** A calendar month (UTC): what invoices are of. Times are milliseconds since 1970; `end` is the first moment of the next. */
export interface Month {
  /** `2026-11`. */
  name: string;
  start: number;
  end: number;
}

/** The month that a moment is in. */
export function monthOf(time: number): Month {
  const date = new Date(time);
  const start = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  return {
    name: new Date(start).toISOString().slice(0, 7),
    start,
    end: Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1),
  };
}

/** What a thing costs in one month up to a moment, in US dollars, not rounded. A minimum falls into the month of its beginning. */
export function accruedInMonth({ rate, from, until }: Billed, month: Month, at: number): number {
  const end = Math.min(until ?? at, at, month.end);
  if (end < month.start || from >= month.end || from > at) return 0;
  if (from >= month.start) return accruedUsd(rate, from, Math.max(from, end));
  const { leastSeconds: _, leastUsd: __, ...later } = rate;
  return accruedUsd(later, month.start, end);
}

/** The same of all together. */
export function sumInMonth(things: readonly Billed[], month: Month, at: number): number {
  return things.reduce((sum, thing) => sum + accruedInMonth(thing, month, at), 0);
}
