import { expect, test } from "vitest";
import { snapshotMonthlyUsd } from "./storage-price.ts";

test("a snapshot costs 6 cents for each GiB and month, at least one cent, and nothing where there is none", () => {
  expect(snapshotMonthlyUsd(40)).toBe(2.4);
  expect(snapshotMonthlyUsd(0.05)).toBe(0.01);
  expect(snapshotMonthlyUsd(0)).toBe(0);
});
