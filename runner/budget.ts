import type { DigitalOcean } from "../clients/digitalocean/index.ts";
import {
  type Budget,
  type BudgetMemory,
  type BudgetStanding,
  limitKey,
  monthOf,
  refusal,
  remembered,
  standing,
} from "../domain/budget.ts";
import { type BudgetOwner, readBudgetMemory } from "../domain/budget-marker.ts";
import { UserError } from "../domain/errors.ts";
import { redact } from "../domain/redaction.ts";
import type { StackConfig } from "../stacks/config.ts";
import { type CloudClock, cloudClock } from "./clock.ts";
import { openCloud } from "./cloud.ts";
import { type Spend, spendOf } from "./pricing/spend.ts";
import type { Target } from "./target.ts";

/** A budget, how it stands, and what the account remembers of it. */
export interface BudgetState {
  standing: BudgetStanding;
  memory: BudgetMemory;
  owner: BudgetOwner;
}

/** The budgets of a stack as they stand now. */
export interface Budgets {
  /** By the cloud's clock, milliseconds since 1970. */
  at: number;
  /** `2027-03`. */
  month: string;
  /** Those that have a limit. */
  budgets: BudgetState[];
  /** What the sums leave out, and why. */
  gaps: string[];
  /** The account's tags. */
  tags: string[];
}

/** What a caller has at hand already. */
export interface BudgetSource {
  cloud?: DigitalOcean;
  clock?: CloudClock;
  signal?: AbortSignal;
  /** In place of the real one. */
  spend?: (target: Target, config: StackConfig) => Promise<Spend>;
}

/**
 * Why nothing that raises the bill may be done, or undefined where it may: a budget of the stack or the account is used up, or it is not known
 * whether one is, and windlass:budgetAction is not `alert`. Asks nobody where no limit is set. Throws `ConfigInvalid` where a limit is encrypted.
 */
export async function budgetRefusal(
  target: Target,
  config: StackConfig,
  source: BudgetSource = {},
): Promise<string | undefined> {
  if (limitsOf(target, config).length === 0 || config.budgetAction === "alert") return undefined;
  try {
    const { budgets } = await budgetsOf(target, config, source);
    const reasons = budgets.flatMap(({ standing }) => refusal(standing) ?? []);
    return reasons.length > 0 ? reasons.join("; ") : undefined;
  } catch (error) {
    source.signal?.throwIfAborted();
    const reason = redact(error instanceof Error ? error.message : String(error));
    return `what was spent this month is not known: ${reason}`;
  }
}

/** Every budget of a stack, its spend and what people were told of it. Throws as `spendOf` does. */
export async function budgetsOf(target: Target, config: StackConfig, source: BudgetSource = {}): Promise<Budgets> {
  const limits = limitsOf(target, config);
  const clock = source.clock ?? cloudClock(target);
  if (limits.length === 0) {
    const at = await clock.now();
    return { at, month: monthOf(at), budgets: [], gaps: [], tags: [] };
  }
  const cloud = source.cloud ?? (await openCloud(target, source.signal ? { signal: source.signal } : {}));
  const measure = source.spend ?? ((of, config) => spendOf(of, { ...source, cloud, clock, config }));
  const [spend, tags] = await Promise.all([measure(target, config), cloud.tags()]);
  const names = tags.map(({ name }) => name);
  const month = monthOf(spend.at);
  const budgets = limits.map((budget) => {
    const { scope, limitUsd } = budget;
    const owner = { project: config.project, stack: target.stack, scope, month, limitUsd };
    const memory = readBudgetMemory(owner, names);
    return { owner, memory, standing: remembered(standing(budget, spent(spend, budget)), memory) };
  });
  return { at: spend.at, month, budgets, gaps: spend.stack.gaps, tags: names };
}

/** The limits of the config. Throws `ConfigInvalid` for one that is encrypted: it would limit nothing. */
function limitsOf(target: Target, config: StackConfig): Budget[] {
  const keys = [limitKey("stack"), limitKey("account"), "budgetThresholds", "budgetAction"];
  const hidden = keys.find((key) => target.config.secrets.includes(`windlass:${key}`));
  if (hidden)
    throw new UserError("ConfigInvalid", {
      reason: `windlass:${hidden} is encrypted in ${target.config.source.file}, so that it cannot be read`,
      suggestion: "set it without --secret",
    });
  const more = { thresholds: config.budgetThresholds, action: config.budgetAction };
  const { maxMonthlySpendUsd, maxAccountSpendUsd } = config;
  const limits: Budget[] = [];
  if (maxMonthlySpendUsd !== undefined) limits.push({ scope: "stack", limitUsd: maxMonthlySpendUsd, ...more });
  if (maxAccountSpendUsd !== undefined) limits.push({ scope: "account", limitUsd: maxAccountSpendUsd, ...more });
  return limits;
}

function spent({ stack, account }: Spend, { scope }: Budget) {
  if (scope === "stack") return { spentUsd: stack.accruedUsd, forecastUsd: stack.forecastUsd };
  return { spentUsd: account?.monthToDateUsd ?? null, forecastUsd: account?.forecastUsd ?? null };
}
