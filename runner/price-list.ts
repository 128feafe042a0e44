import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SizePrice } from "../domain/cost/node-price.ts";
import { openCloud } from "./cloud.ts";
import type { Target } from "./target.ts";

/** Keeps the prices of the moment, dated, for questions that should not have to ask the cloud. */
export function rememberPrices(target: Target, sizes: readonly SizePrice[]): void {
  const asOf = new Date().toISOString();
  mkdirSync(target.home, { recursive: true });
  const list = sizes.map(({ slug, priceHourly }) => ({ slug, priceHourly, asOf }));
  writeFileSync(file(target), JSON.stringify(list));
}

/** The prices that were read last, else those of the moment; empty when neither can be had. */
export async function knownPrices(target: Target): Promise<SizePrice[]> {
  if (existsSync(file(target))) return JSON.parse(readFileSync(file(target), "utf8")) as SizePrice[];
  try {
    const sizes = await (await openCloud(target)).sizes();
    const list = sizes.map(({ slug, price_hourly }) => ({ slug, priceHourly: price_hourly }));
    rememberPrices(target, list);
    return list;
  } catch {
    return [];
  }
}

function file(target: Target): string {
  return join(target.home, `prices-${target.cloud}.json`);
}
