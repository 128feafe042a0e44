import { nodePrice, type SizePrice, volumeMonthlyUsd } from "../../domain/cost/node-price.ts";
import type { Finding, Subject } from "./index.ts";

/** A budget fails closed: a price that is not known counts as too much. */
export function checkBudget({ config, absent }: Subject, sizes: readonly SizePrice[]): Finding {
  const name = "budget";
  const limit = config.maxMonthlySpendUsd;
  const price = absent
    ? { monthlyUsd: volumeMonthlyUsd(config.volumeSizeGiB) }
    : nodePrice({ size: config.gpuSize, volumesGiB: [config.volumeSizeGiB] }, sizes);
  const how = absent ? "while the node is stopped" : "when it runs all the time";
  const cost = price ? `$${price.monthlyUsd.toFixed(2)} per month ${how}` : "price not known";
  if (limit === undefined)
    return { name, state: "skipped", text: `${cost}; no limit set (windlass:maxMonthlySpendUsd)` };
  const details = { limit_usd: limit, estimated_monthly_usd: price?.monthlyUsd ?? null, size: config.gpuSize };
  const fix = "raise windlass:maxMonthlySpendUsd, or choose a smaller size or volume";
  if (!price)
    return {
      name,
      state: "failed",
      text: `the price of ${config.gpuSize} is not known`,
      fix,
      code: "BudgetExceeded",
      details,
    };
  if (price.monthlyUsd <= limit) return { name, state: "ok", text: `${cost}, within $${limit}` };
  return {
    name,
    state: "failed",
    text: `${cost}, more than the limit of $${limit}`,
    fix,
    code: "BudgetExceeded",
    details,
  };
}
