/** Nanoseconds in the units that Go's durations are written in. */
const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3_600e9 };

/** Nanoseconds of a duration such as `1m30s`. @throws Error when it is none */
export function nanoseconds(duration: string): number {
  if (duration === "0" || duration === "") return 0;
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join("") !== duration)
    throw new Error(`"${duration}" is not a duration such as 1m30s`);
  return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit as string] ?? 0), 0));
}

/** As Go writes it: `1m30s`, `500ms`, `0s`. */
export function durationText(total: number): string {
  if (total === 0) return "0s";
  if (total < 1e3) return `${total}ns`;
  if (total < 1e6) return `${total / 1e3}µs`;
  if (total < 1e9) return `${total / 1e6}ms`;
  const minutes = Math.floor(total / 60e9);
  const seconds = `${(total - minutes * 60e9) / 1e9}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
