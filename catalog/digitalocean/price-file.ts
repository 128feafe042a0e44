import { readFileSync } from "node:fs";
import { z } from "zod";
import type { SizePrice } from "../../domain/cost/node-price.ts";
import { ITEM_NAMES, type Price, type PriceList } from "../../domain/cost/price-list.ts";
import type { UsageFile } from "../../domain/cost/usage.ts";
import { nearest } from "../../domain/spelling.ts";
import { readYamlFile, YamlText } from "../../domain/yaml-file.ts";
import { givenFile } from "../given-file.ts";

/** What is wrong with a value, behind its name. */
type Words = (issue: { input?: unknown }) => string;

const missingOr = (words: Words): { error: Words } => ({
  error: (issue) => ([undefined, null, ""].includes(issue.input as string) ? "is missing" : words(issue)),
});

const list: { error: Words } = {
  error: ({ input }) => (input === undefined ? "is missing" : "must be a list of keys with values"),
};

/** A plain number that is 0 or more: `$12` and `12 USD` are texts, which nobody may guess about. */
const plainNumber = missingOr(({ input }) =>
  typeof input === "number"
    ? `is ${input}; it must be 0 or more`
    : `is ${JSON.stringify(input)}; write a plain number of US dollars or units, without currency marks`,
);
const amount = z.number(plainNumber).min(0, plainNumber);

const text = z.string("is missing").regex(/\S/, "is missing");

const about = {
  per: text,
  as_of: z.iso.date(missingOr(({ input }) => `is ${JSON.stringify(input)}; write a date as in "2026-05-28"`)),
  source: text,
  included: amount.optional(),
};

/** A price as the rest of the program has it. */
function price<P extends { as_of: string }>({ as_of: asOf, ...rest }: P): Omit<P, "as_of"> & { asOf: string } {
  return { ...rest, asOf };
}

const prices = z.object(
  {
    items: z.record(z.enum(ITEM_NAMES), z.object({ usd: amount, ...about }, list).transform(price), list),
    tables: z.record(z.string(), z.object({ usd: z.record(z.string(), amount, list), ...about }, list), list),
  },
  list,
);

/** Reads prices of everything beside droplets. Throws `ConfigInvalid` with file and line for each price that is missing or no price. */
export function readPriceFile(path: string): Pick<PriceList, "items" | "tables"> {
  const { items, tables } = read(path, "price file", prices, (key) => {
    const near = nearest(key, ITEM_NAMES);
    return `is not a price that is asked for${near ? `; did you mean ${near}?` : ""}`;
  });
  const rows = ({ usd, ...common }: (typeof tables)[string]): Map<string, Price> =>
    new Map(Object.entries(usd).map(([slug, amountUsd]) => [slug, price({ usd: amountUsd, ...common })]));
  return { items, tables: new Map(Object.entries(tables).map(([name, table]) => [name, rows(table)])) };
}

const quantities = z.record(z.string(), z.record(z.string(), amount, list), list).default({});

const usage = z.strictObject(
  { version: z.unknown().optional(), resources: quantities, types: quantities, outbound_gib: amount.optional() },
  list,
);

/** Reads a usage file: `resources` by name or pattern, `types` by the word of the type, `outbound_gib` of the whole stack. */
export function readUsageFile(path: string): UsageFile & { outboundGiB?: number } {
  const unknown = () => "is not known; write resources, types or outbound_gib";
  const { types, resources, outbound_gib: outboundGiB } = read(path, "usage file", usage, unknown);
  return { types, resources, ...(outboundGiB === undefined ? {} : { outboundGiB }) };
}

/** @param unknown what is said of a key that there is not */
function read<S extends z.ZodType>(
  path: string,
  kind: string,
  schema: S,
  unknown: (key: string) => string,
): z.output<S> {
  return readYamlFile(givenFile(path, kind), path, schema, {
    exitCode: 2,
    tell: ({ path: at, message, unknownKey }) => ({
      text: `${at || kind} ${unknownKey === undefined ? message : unknown(unknownKey)}`,
    }),
  });
}

/** Reads `catalog/digitalocean/sizes.yaml`: the table of sizes where nobody has asked the API. */
export function readSizeFile(path: string): SizePrice[] {
  const { cpu, gpu } = new YamlText(readFileSync(path, "utf8")).value(path) as SizesFile;
  const sizes: SizePrice[] = [];
  for (const { sizes: rows } of cpu.families) {
    for (const [slug, { price_monthly: priceMonthly, transfer }] of Object.entries(rows)) {
      const priceHourly = Math.round((priceMonthly / 672) * 1e5) / 1e5;
      sizes.push({ slug, priceHourly, priceMonthly, transferTb: transfer, asOf: cpu.as_of });
    }
  }
  for (const [slug, { price, shape }] of Object.entries(gpu.sizes)) {
    sizes.push({ slug, priceHourly: price.hourly, transferTb: shape.transfer, asOf: price.as_of });
  }
  return sizes;
}

interface SizesFile {
  cpu: { as_of: string; families: { sizes: Record<string, { price_monthly: number; transfer: number }> }[] };
  gpu: { sizes: Record<string, { price: { hourly: number; as_of: string }; shape: { transfer: number } }> };
}
