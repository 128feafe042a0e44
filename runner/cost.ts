import { catalogPrices } from "../catalog/digitalocean/prices.ts";
import { type CostEstimate, estimate } from "../domain/cost/estimate.ts";
import type { Resource } from "../domain/cost/inputs.ts";
import type { SizePrice } from "../domain/cost/node-price.ts";
import type { ResourceState } from "./checkpoint.ts";

export type { CostEstimate, CostLine, Coverage } from "../domain/cost/estimate.ts";

/** Prices a plan against what is there. Sizes come from the API, so that prices are of today; without any, from the catalog. */
export function estimateCost(
  before: readonly Resource[],
  after: readonly Resource[],
  sizes: readonly SizePrice[],
): CostEstimate {
  return estimate(before, after, catalogPrices({ sizes: sizes.map(asSizePrice) }));
}

/** Callers hand over the API's own rows too, whose fields have other names. */
export function asSizePrice(size: SizePrice & { price_monthly?: number; transfer?: number }): SizePrice {
  return {
    ...size,
    priceMonthly: size.priceMonthly ?? size.price_monthly,
    transferTb: size.transferTb ?? size.transfer,
  };
}

/** The resources of a state in the form that is priced. */
export function priced(resources: readonly ResourceState[]): Resource[] {
  return resources.map(({ type, urn, inputs, outputs, custom, id, parent, propertyDependencies }) => ({
    type,
    name: urn.slice(urn.lastIndexOf("::") + 2),
    inputs: inputs ?? {},
    custom,
    urn,
    ...(outputs ? { outputs } : {}),
    ...(id ? { id } : {}),
    ...(parent ? { parent } : {}),
    ...(propertyDependencies ? { propertyDependencies: propertyDependencies as Record<string, string[]> } : {}),
  }));
}
