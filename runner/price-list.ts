import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Size } from "../clients/digitalocean/index.ts";
import type { SizePrice } from "../domain/cost/node-price.ts";
import { UserError } from "../domain/errors.ts";
import { openCloud } from "./cloud.ts";
import type { Target } from "./target.ts";
import { writeWhole } from "./whole-file.ts";

/** Keeps the prices of the moment, dated, for questions that should not have to ask the cloud. */
export function rememberPrices(target: Pick<Target, "home" | "cloud">, sizes: readonly SizePrice[]): void {
  const asOf = new Date().toISOString();
  const list = sizes.map(({ slug, priceHourly, priceMonthly, transferTb }) => ({
    slug,
    priceHourly,
    priceMonthly,
    transferTb,
    asOf,
  }));
  writeWhole(file(target), JSON.stringify(list));
}

/** The prices that were read last, else those of the moment; empty when neither can be had. */
export async function knownPrices(target: Target): Promise<SizePrice[]> {
  if (existsSync(file(target))) return rememberedPrices(target);
  try {
    return await refreshPrices(target);
  } catch {
    return [];
  }
}

/** Sizes as they were read last from this cloud's API; empty when they never were. */
export function rememberedPrices(target: Pick<Target, "home" | "cloud">): SizePrice[] {
  if (!existsSync(file(target))) return [];
  try {
    return JSON.parse(readFileSync(file(target), "utf8")) as SizePrice[];
  } catch (cause) {
    const details = { reason: `${file(target)} is no JSON`, suggestion: "delete it, or run: windlass cost --refresh" };
    throw new UserError("ConfigInvalid", details, { cause });
  }
}

/** Reads the sizes and their prices from the API and keeps them. Throws `PrecheckFailed` without a token. */
export async function refreshPrices(target: Target): Promise<SizePrice[]> {
  const sizes = await (await openCloud(target)).sizes();
  const list = sizePrices(sizes);
  rememberPrices(target, list);
  return list;
}

/** The API's rows as prices: a GPU droplet's month is all of its hours, whatever the API says of it. */
export function sizePrices(rows: readonly (Size & { transfer?: number })[]): SizePrice[] {
  return rows.map(({ slug, price_hourly, price_monthly, transfer }) => ({
    ...{ slug, priceHourly: price_hourly },
    ...(slug.startsWith("gpu-") ? {} : { priceMonthly: price_monthly }),
    ...(transfer === undefined ? {} : { transferTb: transfer }),
  }));
}

function file(target: Pick<Target, "home" | "cloud">): string {
  return join(target.home, `prices-${target.cloud}.json`);
}
