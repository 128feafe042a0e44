import type { CostEstimate } from "./cost.ts";
import { hasVanished } from "./drift.ts";
import { type Changes, type EngineReport, nothingChanges } from "./engine/events.ts";
import { openStack } from "./engine/stack.ts";
import { type GateOptions, type Judged, judgedPreview } from "./gate/gate.ts";
import type { UsedOverride } from "./gate/override.ts";
import type { Violation } from "./gate/verdict.ts";
import { windlassHome } from "./own-root.ts";
import { refuseFailed, runPrechecks } from "./prechecks/index.ts";
import { prepare } from "./prepare.ts";
import { rememberPrices } from "./price-list.ts";
import { ownProject, rootOf } from "./pricing/own-project.ts";
import type { OperationOptions } from "./progress.ts";
import type { TargetOptions } from "./target.ts";

export type { Violation } from "./gate/verdict.ts";

export interface PreviewResult {
  stack: string;
  changes: Changes;
  cost: CostEstimate;
  /** Advisories only where there are any: they tell and refuse nothing. */
  policy: { violations: Violation[]; advisories?: Violation[]; overrides?: UsedOverride[] };
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

export interface PreviewOptions extends TargetOptions, OperationOptions, GateOptions {}

/** As `preview`, of any Pulumi project: one that is not ours has no checks of account, size and keys. */
export async function previewAny(options: PreviewOptions = {}): Promise<Plan> {
  if (ownProject(options)) return preview(options);
  const { judgedProject } = await import("./gate/project.ts");
  const home = windlassHome(options.home);
  const judged = await judgedProject({ ...options, root: rootOf(options), home });
  return planOf(judged.stack, judged);
}

/**
 * Says what `up` would do and what it would cost; changes nothing in the cloud (the local one is started when it does not run).
 * What budgets and policies refuse is a violation in the result; a check that fails is thrown.
 */
export async function preview(options: PreviewOptions = {}): Promise<Plan> {
  const prepared = await prepare(options);
  const { target, config, deployment } = prepared;
  const { checks, facts } = await runPrechecks(target, config, deployment, options);
  refuseFailed(checks);
  const sizes = facts?.sizes ?? [];
  rememberPrices(target, sizes);
  const open = await openStack(target, "preview", options, { create: true });
  const refresh = hasVanished(deployment, facts, options);
  return planOf(target.stack, await judgedPreview(open, { ...prepared, sizes, refresh }, options));
}

/** Reads a plan out of a judged preview. */
export function planOf(stack: string, { report, verdict, cost, overrides }: Judged): Plan {
  const { violations, advisories } = verdict;
  return {
    stack,
    changes: report.changes,
    cost,
    policy: {
      violations,
      ...(advisories.length > 0 ? { advisories } : {}),
      ...(overrides.length > 0 ? { overrides } : {}),
    },
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
