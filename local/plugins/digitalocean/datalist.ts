import { type Properties, same, type Value } from "../engine/values.ts";

/** The records that all filters let through, in the order of the sorts: what every list function of the official plugin does. */
export function selected(records: Properties[], args: Properties): Properties[] {
  const filters = (args.filters ?? []) as Properties[];
  const sorts = (args.sorts ?? []) as Properties[];
  const kept = records.filter((record) => filters.every((filter) => passes(record, filter)));
  return kept.sort((a, b) => {
    for (const sort of sorts) {
      const order = compare(a[property(sort)], b[property(sort)]);
      if (order !== 0) return sort.direction === "desc" ? -order : order;
    }
    return 0;
  });
}

/** Keys are given as the API spells them, `price_hourly`; results are spelled `priceHourly`. */
function property(of: Properties): string {
  return String(of.key).replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** One value has to match, or every one with `all`. */
function passes(record: Properties, filter: Properties): boolean {
  const name = property(filter);
  if (!(name in record)) throw new Error(`field '${filter.key}' does not exist in record schema`);
  const values = filter.values as string[];
  const matching = (wanted: string): boolean => matches(record[name], wanted, String(filter.matchBy ?? "exact"));
  return filter.all === true ? values.every(matching) : values.some(matching);
}

function matches(value: Value | undefined, wanted: string, how: string): boolean {
  if (Array.isArray(value)) return value.some((one) => matches(one, wanted, how));
  if (typeof value !== "string") return same(value, wanted) || String(value) === wanted;
  if (how === "re") return new RegExp(wanted).test(value);
  return how === "substring" ? value.includes(wanted) : value.toLowerCase() === wanted.toLowerCase();
}

function compare(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [first, second] = [String(a), String(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}
