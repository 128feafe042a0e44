/** What is done when a budget is used up; each does what stands before it too: `alert` only tells. */
export const BUDGET_ACTIONS = ["alert", "refuse", "stop-idle", "stop-all"] as const;

export type BudgetAction = (typeof BUDGET_ACTIONS)[number];

/** Whose spend of a calendar month (UTC, as DigitalOcean bills) is limited. */
export type BudgetScope = "stack" | "account";

export interface Budget {
  scope: BudgetScope;
  /** US dollars of a calendar month. */
  limitUsd: number;
  /** Percent of the limit at which people are told; 100 always is one. */
  thresholds: readonly number[];
  action: BudgetAction;
}

/** What was spent since the month began, in US dollars; null where it is not known. */
export interface BudgetSpend {
  spentUsd: number | null;
  /** At the end of the month, where somebody can tell. */
  forecastUsd: number | null;
}

/** What the account remembers of a budget and a month. Times in milliseconds since 1970. */
export interface BudgetMemory {
  /** Thresholds that people were told of, in percent. */
  told: { percent: number; at: number }[];
  /** When somebody confirmed that working nodes may be stopped. */
  confirmedAt?: number;
}

/** How a budget stands. */
export interface BudgetStanding extends Budget, BudgetSpend {
  /** Of the limit; null where the spend is not known. */
  percent: number | null;
  /** Thresholds that were reached, ascending. */
  reached: number[];
  /** Whether it is used up; `unknown` counts as used up where something new would be billed. */
  exhausted: boolean | "unknown";
}

/** What a watcher is to do about a budget now. */
export interface BudgetDecision {
  /** Thresholds that were reached and nobody was told of, ascending: one notice for the highest. */
  news: number[];
  /** What is to be stopped now: nothing, a node that is idle, or any. */
  stop: "none" | "idle" | "all";
  reason: string;
  /** When stopping begins, where that was announced, milliseconds since 1970. */
  dueAt?: number;
}

/** A budget that is used up. */
const ALL = 100;

/** A calendar month of UTC such as `2027-03`. */
export function monthOf(now: number): string {
  return new Date(now).toISOString().slice(0, 7);
}

/** Compares spend and limit. Throws where the limit is no amount: nothing may pass because of a mistake. */
export function standing(budget: Budget, spend: BudgetSpend): BudgetStanding {
  const { limitUsd } = budget;
  if (!(limitUsd > 0 && Number.isFinite(limitUsd))) throw new Error(`${limitUsd} is no limit of a budget`);
  const thresholds = [...new Set([...budget.thresholds, ALL])].sort((a, b) => a - b);
  const { spentUsd } = spend;
  if (spentUsd === null || !Number.isFinite(spentUsd))
    return { ...budget, ...spend, spentUsd: null, thresholds, percent: null, reached: [], exhausted: "unknown" };
  const reached = thresholds.filter((percent) => microUsd(spentUsd) * ALL >= microUsd(limitUsd) * percent);
  const exhausted = reached.includes(ALL);
  return { ...budget, ...spend, thresholds, percent: (spentUsd / limitUsd) * ALL, reached, exhausted };
}

/**
 * The standing with what the account remembers: spend of a month does not fall, so that a threshold that people were told of stays reached,
 * whatever was deleted since and is not counted any more.
 */
export function remembered(now: BudgetStanding, { told }: BudgetMemory): BudgetStanding {
  const reached = now.thresholds.filter(
    (percent) => now.reached.includes(percent) || told.some((one) => one.percent === percent),
  );
  return { ...now, reached, exhausted: reached.includes(ALL) || now.exhausted };
}

/** Sums of hours carry errors of the last binary digit, which must not decide. */
function microUsd(usd: number): number {
  return Math.round(usd * 1e6);
}

/**
 * Decides for one budget. Stopping is announced by the notice of 100 % and begins `noticeMinutes` after it; working nodes are stopped only after
 * a confirmation, which is younger than that notice. An unknown spend stops nothing.
 */
export function decideBudget(
  now: BudgetStanding,
  memory: BudgetMemory,
  { at, noticeMinutes }: { at: number; noticeMinutes: number },
): BudgetDecision {
  const { reached, exhausted, action } = now;
  const news = reached.filter((percent) => !memory.told.some((told) => told.percent === percent));
  const decision = (stop: BudgetDecision["stop"], reason: string, dueAt?: number): BudgetDecision => ({
    ...{ news, stop, reason },
    ...(dueAt === undefined ? {} : { dueAt }),
  });
  const words = spendText(now);
  if (exhausted !== true) return decision("none", words);
  if (action === "alert" || action === "refuse")
    return decision("none", `${words}; windlass:budgetAction is ${action}`);
  if (action === "stop-all" && memory.confirmedAt !== undefined)
    return decision("all", `${words}; stopping all was confirmed`);
  const told = memory.told.filter(({ percent }) => percent === ALL).map((one) => one.at);
  const dueAt = Math.min(at, ...told) + noticeMinutes * 60_000;
  if (at < dueAt) return decision("none", `${words}; stopping idle nodes is announced`, dueAt);
  return decision("idle", words);
}

/** Why nothing may be raised that is billed; undefined where it may. An unknown spend refuses. */
export function refusal(now: BudgetStanding): string | undefined {
  const { action, exhausted } = now;
  if (action === "alert" || exhausted === false) return undefined;
  return spendText(now);
}

/** The config's key of a limit. */
export function limitKey(scope: BudgetScope): "maxMonthlySpendUsd" | "maxAccountSpendUsd" {
  return scope === "stack" ? "maxMonthlySpendUsd" : "maxAccountSpendUsd";
}

/** Spend and limit in words. */
export function spendText({ scope, spentUsd, limitUsd, percent, exhausted }: BudgetStanding): string {
  const whose = scope === "stack" ? "this stack" : "the account";
  const limit = `$${limitUsd.toFixed(2)} (windlass:${limitKey(scope)})`;
  const earlier =
    exhausted === true && (percent === null || percent < ALL) ? "; it was used up earlier this month" : "";
  if (spentUsd === null || percent === null)
    return `what ${whose} has spent this month of ${limit} is not known${earlier}`;
  return `${whose} has spent $${spentUsd.toFixed(2)} this month, ${percentText(percent)} % of ${limit}${earlier}`;
}

/** Never rounded up to a threshold that was not reached. */
function percentText(percent: number): string {
  return String(Math.floor(percent * 10 + 1e-6) / 10);
}
