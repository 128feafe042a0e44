import type { BudgetStanding } from "../domain/budget.ts";
import { type BudgetSource, type Budgets, budgetsOf } from "./budget.ts";
import { stackConfig } from "./prepare.ts";
import { resolveTarget, type TargetOptions } from "./target.ts";

/** A budget as it is shown. Amounts in US dollars. */
export interface BudgetShown extends BudgetStanding {
  /** Thresholds that people were told of this month, in percent. */
  told: number[];
  /** When stopping working nodes was confirmed, ISO 8601; null where it was not. */
  confirmedAt: string | null;
}

/** The budgets of a stack. */
export interface BudgetReport {
  stack: string;
  /** Calendar month of UTC: `2027-03`. */
  month: string;
  /** By the cloud's clock, ISO 8601. */
  at: string;
  /** Empty where no limit is set. */
  budgets: BudgetShown[];
  /** What the sums leave out, and why: with any of these they are lower bounds. */
  gaps: string[];
}

/** How the budgets of a stack stand; changes nothing. Throws as `spendOf` does. */
export async function budgetReport(options: TargetOptions = {}, source: BudgetSource = {}): Promise<BudgetReport> {
  const target = resolveTarget(options);
  return reportOf(target.stack, await budgetsOf(target, stackConfig(target), source));
}

/** What was read, as it is shown. */
export function reportOf(stack: string, { at, month, budgets, gaps }: Budgets): BudgetReport {
  const shown = budgets.map(({ standing, memory: { told, confirmedAt } }) => ({
    ...standing,
    told: [...new Set(told.map(({ percent }) => percent))].sort((a, b) => a - b),
    confirmedAt: confirmedAt === undefined ? null : new Date(confirmedAt).toISOString(),
  }));
  return { stack, month, at: new Date(at).toISOString(), budgets: shown, gaps };
}
