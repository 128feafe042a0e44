import { join } from "node:path";
import type { SizePrice } from "../../domain/cost/node-price.ts";
import type { PriceList } from "../../domain/cost/price-list.ts";
import { readPriceFile, readSizeFile } from "./price-file.ts";

/** Files that were read already: they do not change under a running command. */
const read = new Map<string, unknown>();

function once<T>(path: string, reader: (path: string) => T): T {
  if (!read.has(path)) read.set(path, reader(path));
  return read.get(path) as T;
}

/**
 * The prices of the catalog, or of another price file, with the sizes that the API told, where it did.
 * Throws `ConfigInvalid` with file and line where the file has a price that is none.
 */
export function catalogPrices(options: { file?: string; sizes?: readonly SizePrice[] } = {}): PriceList {
  const { items, tables } = once(options.file ?? join(import.meta.dirname, "prices.yaml"), readPriceFile);
  const given = options.sizes ?? [];
  const sizes = given.length > 0 ? given : once(join(import.meta.dirname, "sizes.yaml"), readSizeFile);
  return { items, tables, sizes: new Map(sizes.map((size) => [size.slug, size])) };
}
