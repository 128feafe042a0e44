import { stackConfig } from "../prepare.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";
import { type Spend, spendOf } from "./spend.ts";

/** What this month has cost so far and will have at its end, beside the budget. */
export interface ForecastReport extends Spend {
  /** What it is of: `stack prod`. */
  subject: string;
  /** `windlass:maxMonthlySpendUsd`; null where there is none. */
  budgetUsd: number | null;
}

/** Looks at the stack and its account; changes nothing. Throws as `spendOf` does. */
export async function costForecast(options: TargetOptions & { signal?: AbortSignal } = {}): Promise<ForecastReport> {
  const target = resolveTarget(options);
  const config = stackConfig(target);
  const spend = await spendOf(target, { config, ...(options.signal ? { signal: options.signal } : {}) });
  return { subject: `stack ${target.stack}`, ...spend, budgetUsd: config.maxMonthlySpendUsd ?? null };
}
