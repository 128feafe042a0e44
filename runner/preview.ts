import type { SizePrice } from "../domain/cost/node-price.ts";
import { type Deployment, liveResources } from "./checkpoint.ts";
import { type CostEstimate, estimateCost, priced } from "./cost.ts";
import { hasVanished } from "./drift.ts";
import { type Changes, type EngineReport, nothingChanges } from "./engine/events.ts";
import { openStack, runEngine } from "./engine/stack.ts";
import { type Finding, refuseFailed, runPrechecks } from "./prechecks/index.ts";
import { prepare } from "./prepare.ts";
import { rememberPrices } from "./price-list.ts";
import type { OperationOptions } from "./progress.ts";
import type { TargetOptions } from "./target.ts";

export interface PreviewResult {
  stack: string;
  changes: Changes;
  cost: CostEstimate;
  policy: { violations: Violation[] };
}

export interface Violation {
  policy: string;
  resource: string;
  message: string;
  fix: string;
}

/** What an update would do, before it does it. */
export interface Plan extends PreviewResult {
  /** Only what changes, in the engine's order. */
  steps: PlannedStep[];
}

export interface PlannedStep {
  action: string;
  type: string;
  name: string;
  /** Inputs that differ. */
  changed?: string[];
}

/**
 * Says what `up` would do and what it would cost; changes nothing in the cloud (the local one is started when it does not run).
 * A budget that is exceeded is a violation in the result; any other check that fails is thrown.
 */
export async function preview(options: TargetOptions & OperationOptions = {}): Promise<Plan> {
  const { target, config, deployment } = await prepare(options);
  const { checks, facts } = await runPrechecks(target, config, deployment, options);
  refuseFailed(checks.filter(({ code }) => code !== "BudgetExceeded"));
  const sizes = facts?.sizes ?? [];
  rememberPrices(target, sizes);
  const open = await openStack(target, "preview", options, { create: true });
  const report = await runEngine(open, "preview", { refresh: hasVanished(deployment, facts, options) });
  return planOf(target.stack, report, deployment, sizes, checks);
}

/** Reads a plan out of what the engine reported. */
export function planOf(
  stack: string,
  report: EngineReport,
  deployment: Deployment | undefined,
  sizes: readonly SizePrice[],
  checks: readonly Finding[] = [],
): Plan {
  const after = report.steps.filter(({ action }) => action !== "delete");
  const violations = checks
    .filter(({ state, code }) => state === "failed" && code === "BudgetExceeded")
    .map(({ text, fix }) => ({ policy: "budget", resource: stack, message: text, fix: fix ?? "" }));
  return {
    stack,
    changes: report.changes,
    cost: estimateCost(priced(liveResources(deployment)), after, sizes),
    policy: { violations },
    steps: nothingChanges(report.changes) ? [] : report.steps.filter(isChange).map(planned),
  };
}

/** Providers are bookkeeping of the engine, nothing that is made. */
function isChange({ action, type }: { action: string; type: string }): boolean {
  return !["same", "read", "refresh"].includes(action) && !type.startsWith("pulumi:providers:");
}

function planned({ action, type, name, changed }: EngineReport["steps"][number]): PlannedStep {
  return { action, type, name, ...(changed ? { changed } : {}) };
}
