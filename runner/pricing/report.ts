import { readUsageFile } from "../../catalog/digitalocean/price-file.ts";
import { type CostNode, costTree } from "../../domain/cost/compare.ts";
import { type CostEstimate, estimate, priceAll, transferAllowanceGiB } from "../../domain/cost/estimate.ts";
import type { PriceList } from "../../domain/cost/price-list.ts";
import { NO_USAGE, usageFrom } from "../../domain/cost/usage.ts";
import { usd } from "../../domain/units.ts";
import type { Comparison } from "./documents.ts";

/** What `windlass cost` answers with: the estimate, the tree it is shown as, and what one has to know about it. */
export interface CostReport extends CostEstimate {
  /** What was priced: a stack's name, a folder, a file. */
  subject: string;
  tree: CostNode[];
  /** Why the resources in `unpriced` have no price. */
  reasons: { name: string; type: string; reason: string }[];
  /** Outbound transfer of droplets: their allowances are one. */
  transfer?: { includedGiB: number; usdPerGiB: number; outboundGiB?: number; monthly?: number };
  warnings: string[];
}

export interface ReportOptions {
  subject: string;
  prices: PriceList;
  usageFile?: string;
  /** Milliseconds since 1970. */
  now: number;
}

/** Days after which a price is called old. */
const PRICES_LAST_DAYS = 30;

/** Puts prices to a comparison. Throws `ConfigInvalid` with file and line for a usage file that is wrong. */
export function costReport({ before, after, leftOut }: Comparison, options: ReportOptions): CostReport {
  const { prices, usageFile, subject } = options;
  const file = usageFile === undefined ? undefined : readUsageFile(usageFile);
  const usage = file ? usageFrom(file) : undefined;
  const cost = estimate(before, after, prices, usage ?? NO_USAGE);
  const transfer = transferOf(transferAllowanceGiB(after, prices), prices, file?.outboundGiB);
  const warnings = (usage?.unused() ?? []).map(
    (path) => `${usageFile}: ${path} fits no resource and no usage item of this plan`,
  );
  if (leftOut) {
    warnings.push(
      `the plan leaves out ${leftOut} resources that do not change, so the sums are only of what changes; write it with: pulumi preview --json --show-sames`,
    );
  }
  const age = ageWarning(cost.pricesAsOf, options.now);
  return {
    ...withTransfer(cost, transfer),
    subject,
    tree: costTree(before, after, prices, usage ?? NO_USAGE),
    reasons: priceAll(after, prices).flatMap(({ resource: { name, type }, price }) =>
      price.kind === "unpriced" ? [{ name, type, reason: price.reason }] : [],
    ),
    ...(transfer ? { transfer } : {}),
    warnings: [...warnings, ...(age ? [age] : [])],
  };
}

function transferOf(includedGiB: number, prices: PriceList, outboundGiB: number | undefined): CostReport["transfer"] {
  const usdPerGiB = prices.items["outbound-gib"].usd;
  if (outboundGiB === undefined) return includedGiB > 0 ? { includedGiB, usdPerGiB } : undefined;
  return { includedGiB, usdPerGiB, outboundGiB, monthly: usd(Math.max(0, outboundGiB - includedGiB) * usdPerGiB) };
}

function withTransfer(cost: CostEstimate, transfer: CostReport["transfer"]): CostEstimate {
  const more = transfer?.monthly ?? 0;
  if (more === 0) return cost;
  return {
    ...cost,
    monthly: usd(cost.monthly + more),
    diffMonthly: usd(cost.diffMonthly + more),
    hourly: usd(cost.hourly + more / 730),
  };
}

function ageWarning(asOf: string | undefined, now: number): string | undefined {
  if (!asOf) return undefined;
  const days = Math.floor((now - Date.parse(asOf)) / 86_400_000);
  if (days <= PRICES_LAST_DAYS) return undefined;
  return `the oldest price in this is of ${asOf}, ${days} days ago; droplet prices are refreshed by windlass cost --refresh, others by a price file of your own (--prices)`;
}
