import type { BudgetDecision, BudgetStanding } from "../../domain/budget.ts";
import type { IdleVerdict } from "../../domain/idleness.ts";
import type { Decision } from "../../domain/lifecycle-decision.ts";
import type { NodePhase } from "../../domain/node-marker.ts";
import type { DueBackups } from "../backup/schedule.ts";
import type { Delivery } from "../notices.ts";
import type { HealthSeen } from "./health.ts";

/** What one pass of the watcher saw, decided and did. */
export interface PassResult {
  stack: string;
  node: string;
  /** By the cloud's clock, ISO 8601. */
  at: string;
  /** `skipped` where another watcher is at work, `failed` where nothing could be looked at. */
  outcome: "done" | "skipped" | "failed";
  dryRun: boolean;
  /** The other watcher. */
  holder?: string;
  /** What the node was before the decision; null where it could not be asked. */
  phase: NodePhase | null;
  /** Null where its load did not matter. */
  idleness: IdleVerdict | null;
  decision: Decided | null;
  warnings: Decision[];
  /** What was sent; empty where there was nothing to tell, or nowhere. */
  notices: (Delivery & { title: string })[];
  retention: { items: number; monthlySavedUsd: number } | null;
  sweep: { orphans: number; orphansDailyUsd: number } | null;
  /** What the schedule of backups did; null where nobody looked. */
  backups: DueBackups | null;
  /** How the budgets stand and what came of them; null where nobody looked, empty where no limit is set. */
  budgets: BudgetSeen[] | null;
  /** How many services are in which state, and the alerts; null where nobody looked, or there was nothing to look at. */
  health: HealthSeen | null;
  /** Parts that did not work, each with its reason; the others did. */
  errors: PassError[];
}

/** A budget as a pass saw it. */
export interface BudgetSeen
  extends BudgetDecision,
    Pick<BudgetStanding, "scope" | "limitUsd" | "spentUsd" | "forecastUsd" | "percent" | "exhausted" | "action"> {
  /** What came of the stop that it asked for; absent where it asked for none, or the node was left as it is. */
  outcome?: "done" | "failed";
}

/** A decision, and what came of it. */
export interface Decided extends Decision {
  outcome: "none" | "planned" | "done" | "failed";
}

export interface PassError {
  part: "node" | "decision" | "notice" | "audit" | "retention" | "sweep" | "backup" | "budget" | "health";
  reason: string;
}

/** Of a pass that has seen and done nothing yet. */
export function nothingYet() {
  return {
    ...{ phase: null, idleness: null, decision: null, retention: null, sweep: null, backups: null, budgets: null },
    ...{ health: null, warnings: [], notices: [], errors: [] },
  } satisfies Partial<PassResult>;
}
