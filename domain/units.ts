/** Bytes in one GiB (2^30): the unit DigitalOcean means by "GB" for volumes and memory. */
export const GIB = 1024 ** 3;

/** Average hours of a month (365 x 24 / 12): the month of every estimate here. */
export const HOURS_PER_MONTH = 730;

/** US dollars rounded to whole cents, as shown to people and in results. */
export function usd(amount: number): number {
  return Math.round((amount + Number.EPSILON) * 100) / 100;
}

/** A byte count in the largest binary unit that keeps it at least 1, with one decimal place above bytes: `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds as people read them: `0.4 s`, `12 s`, `3 min 20 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
