import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { z } from "zod";
import { catalogPrices } from "../catalog/digitalocean/prices.ts";
import type { PriceList } from "../domain/cost/price-list.ts";
import { UserError } from "../domain/errors.ts";

const SIZES = z
  .array(
    z.object({
      slug: z.string().min(1),
      priceHourly: z.number().nonnegative(),
      priceMonthly: z.number().nonnegative().optional(),
      transferTb: z.number().nonnegative().optional(),
      asOf: z.string().optional(),
    }),
  )
  .min(1);

const read = new Map<string | undefined, PriceList>();

/**
 * The catalog's prices, with the sizes of a JSON file (slug, priceHourly, priceMonthly, transferTb, asOf of each) in place of the catalog's.
 * Throws `ConfigInvalid` where the file has no such sizes.
 */
export function pricesWith(sizesFile: string | undefined): PriceList {
  const known = read.get(sizesFile);
  if (known) return known;
  const prices = sizesFile === undefined ? catalogPrices() : catalogPrices({ sizes: sizesIn(sizesFile) });
  read.set(sizesFile, prices);
  return prices;
}

function sizesIn(path: string): z.output<typeof SIZES> {
  if (!isAbsolute(path)) throw wrong(path, "is no absolute path");
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw wrong(path, `cannot be read: ${(error as Error).message}`);
  }
  const sizes = SIZES.safeParse(document);
  if (sizes.success) return sizes.data;
  const problems = sizes.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
  throw wrong(path, `has no sizes with prices: ${problems.slice(0, 3).join("; ")}`);
}

function wrong(path: string, why: string): UserError {
  return new UserError("ConfigInvalid", { reason: `pricesFile ${path} ${why}`, file: path }, { exitCode: 2 });
}
