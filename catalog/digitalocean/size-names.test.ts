import { DropletSlug } from "@pulumi/digitalocean";
import { expect, test } from "vitest";
import { catalogPrices } from "./prices.ts";
import { UNPRICED_SIZES } from "./size-names.ts";

test("every size that the SDK names is known, with a price or without, and none is both", () => {
  const { sizes } = catalogPrices();
  const named: string[] = Object.values(DropletSlug);
  expect(named.filter((slug) => !sizes.has(slug) && !UNPRICED_SIZES.includes(slug))).toEqual([]);
  expect(UNPRICED_SIZES.filter((slug) => sizes.has(slug))).toEqual([]);
});
