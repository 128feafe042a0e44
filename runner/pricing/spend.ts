import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import { monthOf, sumInMonth } from "../../domain/forecast.ts";
import { usd } from "../../domain/units.ts";
import type { StackConfig } from "../../stacks/config.ts";
import type { Deployment } from "../checkpoint.ts";
import { type CloudClock, cloudClock } from "../clock.ts";
import { openCloud } from "../cloud.ts";
import { currentDeployment, stackConfig } from "../prepare.ts";
import type { Target } from "../target.ts";
import { billedThings } from "./billed-things.ts";

/** What a stack and its account have spent in this calendar month (UTC), and will have at its end. Amounts in US dollars. */
export interface Spend {
  /** `2026-11`. */
  month: string;
  /** By the cloud's clock, milliseconds since 1970. */
  at: number;
  stack: {
    accruedUsd: number;
    /** What a budget is judged by: one of the two below, see `basis`. */
    forecastUsd: number;
    /** `schedule` only where a watcher carries the timers out. */
    basis: "run-rate" | "schedule";
    endOfMonth: {
      /** Everything stays as it is now. */
      runRateUsd: number;
      /** The timers end what they would end: idle and over-aged nodes, volumes of stopped ones. */
      scheduleUsd: number;
    };
    /** What is not in the sums, and why; with any of these they are lower bounds. */
    gaps: string[];
  };
  /** Null where the account's balance may not be read. */
  account: { monthToDateUsd: number; forecastUsd: number } | null;
}

/** What a caller has at hand already. */
export interface SpendOptions {
  cloud?: DigitalOcean;
  clock?: CloudClock;
  config?: StackConfig;
  deployment?: Deployment;
  signal?: AbortSignal;
}

/**
 * Looks at the stack's state and at the account; no engine is started for a file backend. Throws `ConfigInvalid`, `PrecheckFailed` without a
 * token, `LocalCloudFailed` where the local cloud does not run, `ApiError` where the cloud cannot be asked.
 */
export async function spendOf(target: Target, options: SpendOptions = {}): Promise<Spend> {
  const config = options.config ?? stackConfig(target);
  const [cloud, deployment, at] = await Promise.all([
    options.cloud ?? openCloud(target, options.signal ? { signal: options.signal } : {}),
    options.deployment ?? currentDeployment(target),
    (options.clock ?? cloudClock(target)).now(),
  ]);
  const month = monthOf(at);
  const { things, gaps } = await billedThings({ target, config, cloud, deployment });
  const runRateUsd = usd(sumInMonth(things, month, month.end));
  return {
    month: month.name,
    at,
    stack: {
      accruedUsd: usd(sumInMonth(things, month, at)),
      forecastUsd: runRateUsd,
      basis: "run-rate",
      endOfMonth: { runRateUsd, scheduleUsd: runRateUsd },
      gaps,
    },
    account: await accountSpend(cloud, things.length === 0 ? 0 : runRateUsd),
  };
}

async function accountSpend(cloud: DigitalOcean, stackForecastUsd: number): Promise<Spend["account"]> {
  const balance = await cloud.balance().catch((error: { status?: number }) => {
    if (error.status === 401 || error.status === 403) return undefined;
    throw error;
  });
  if (!balance) return null;
  const monthToDateUsd = Number(balance.month_to_date_usage);
  return { monthToDateUsd, forecastUsd: Math.max(monthToDateUsd, stackForecastUsd) };
}
