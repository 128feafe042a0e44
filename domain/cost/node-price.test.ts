import fc from "fast-check";
import { expect, test } from "vitest";
import { nodePrice, volumeMonthlyUsd } from "./node-price.ts";

const sizes = [{ slug: "gpu-h100x1-80gb", priceHourly: 3.39, asOf: "2026-05-28" }];

test("an H100 node with 500 GiB costs 3.46 an hour and 2524.70 a month", () => {
  expect(nodePrice({ size: "gpu-h100x1-80gb", volumesGiB: [500] }, sizes)).toEqual({
    dropletHourlyUsd: 3.39,
    volumesMonthlyUsd: 50,
    hourlyUsd: 3.46,
    monthlyUsd: 2524.7,
  });
});

test("an unknown size has no price, not the price zero", () => {
  expect(nodePrice({ size: "gpu-unheard-of", volumesGiB: [500] }, sizes)).toBeUndefined();
});

test("a bigger volume never costs less", () => {
  const gib = fc.integer({ min: 1, max: 16384 });
  fc.assert(fc.property(gib, gib, (a, b) => a > b || volumeMonthlyUsd(a) <= volumeMonthlyUsd(b)));
});
