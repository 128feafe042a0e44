const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration as people type it: `30m`, `8h`, `2d`, `1.5h`; undefined where it is none, or nothing. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([mhd])$/.exec(text.trim()) ?? [];
  const milliseconds = Number(amount) * (UNITS[unit ?? ""] ?? Number.NaN);
  return milliseconds > 0 && Number.isFinite(milliseconds) ? milliseconds : undefined;
}
