/** What counts and sizes are read as in a Compose file; each gives undefined for text that is none. */

const SIZE = /^(\d+(?:\.\d*)?|\.\d+) ?([kmgtp]?)(?:i?b)?$/i;
const POWERS = ["", "k", "m", "g", "t", "p"];

/** Bytes of `512m`, `1.5 GiB`, `64b`, `1024`: the units are powers of 1024, with or without `i` and `b`; a fraction is cut off. */
export function parseBytes(text: string): string | undefined {
  const [, number = "", unit = ""] = SIZE.exec(text) ?? [];
  if (number === "" || /^\S*\d ?ib$/i.test(text)) return undefined;
  return BigInt(Math.trunc(Number(number) * 1024 ** POWERS.indexOf(unit.toLowerCase()))).toString();
}

const NANOSECONDS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  "\u00b5s": 1e3,
  "\u03bcs": 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
  d: 86_400e9,
  w: 604_800e9,
};

/** Nanoseconds of `1m30s`, `500ms`, `1.5h`, `2d`; `0` needs no unit. */
export function parseDuration(text: string): number | undefined {
  const [, sign = "", rest = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0;
  let total = 0;
  let seen = 0;
  for (const [part, amount = "", unit = ""] of rest.matchAll(/(\d+\.?\d*|\.\d+)([^\d.]+)/g)) {
    const size = NANOSECONDS[unit];
    if (size === undefined) return undefined;
    const [whole = "", fraction = ""] = amount.split(".");
    total += Number(whole) * size + Math.trunc(Number(fraction) * (size / 10 ** fraction.length));
    seen += part.length;
  }
  if (seen === 0 || seen !== rest.length) return undefined;
  return sign === "-" ? -total : total;
}

/** Nanoseconds as Compose prints them: `1m30s`, `1h0m0s`, `500ms`, `0s`. */
export function formatDuration(nanoseconds: number): string {
  const size = Math.abs(nanoseconds);
  const sign = nanoseconds < 0 ? "-" : "";
  if (size === 0) return "0s";
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${size / 1e3}\u00b5s`;
  if (size < 1e9) return `${sign}${size / 1e6}ms`;
  const hours = Math.floor(size / 3_600e9);
  const minutes = Math.floor((size % 3_600e9) / 60e9);
  const seconds = `${(size % 60e9) / 1e9}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** The shortest number that is the same in single precision, which is how Compose keeps CPUs and shares. */
export function singlePrecision(value: number): number {
  const exact = Math.fround(value);
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(exact.toPrecision(digits));
    if (Math.fround(short) === exact) return short;
  }
  return exact;
}
