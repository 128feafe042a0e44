import { type BudgetAction, type BudgetStanding, limitKey, spendText } from "../domain/budget.ts";
import { confirmations, confirmedTag } from "../domain/budget-marker.ts";
import { UserError } from "../domain/errors.ts";
import { type BudgetSource, type BudgetState, type Budgets, budgetsOf } from "./budget.ts";
import { type BudgetReport, reportOf } from "./budget-report.ts";
import { nodeMarkers } from "./lifecycle/markers.ts";
import type { NodeStack } from "./lifecycle/node-stack.ts";
import { openNodeStack } from "./lifecycle/open-node-stack.ts";
import { type StopResult, stopNode } from "./lifecycle/stop.ts";
import type { OperationOptions } from "./progress.ts";
import { resolveTarget, type Target, type TargetOptions } from "./target.ts";
import { type AuditLog, auditLog } from "./watch/audit.ts";
import { connectionPool } from "./watch/connection-pool.ts";
import { mayStop, type StopVerdict } from "./watch/idle-now.ts";
import { nodeLoad } from "./watch/node-load.ts";
import { removeNotices } from "./watch/notice-markers.ts";
import type { LoadSource } from "./watch/observe.ts";

export interface EnforceOptions extends TargetOptions, OperationOptions, Pick<BudgetSource, "spend"> {
  /** Asked before a node is stopped that may be at work; answer false to leave it. @default nobody is asked */
  confirm?: (question: string) => Promise<boolean>;
  /** Looks and decides, and changes nothing. */
  dryRun?: boolean;
  /** In place of the real one. */
  load?: LoadSource;
}

export interface EnforceResult extends BudgetReport {
  node: string;
  /**
   * `within` where no budget is used up, `none` where the action stops nothing or the node is left as it is (see `reason`), `planned` after a dry
   * run that would have stopped it.
   */
  outcome: "within" | "none" | "planned" | "stopped";
  reason: string;
  stop: StopResult | null;
}

export interface ConfirmResult {
  stack: string;
  node: string;
  month: string;
  /** The budgets that are used up. */
  scopes: BudgetStanding["scope"][];
  /** By the cloud's clock, ISO 8601. */
  at: string;
  dryRun: boolean;
}

/**
 * Does now what windlass:budgetAction says of a used up budget: stops the node where it is idle, or with `stop-all` whatever it does, after
 * `confirm`. Throws `NotFound` without a limit, `PrecheckFailed` where the spend is not known, `Cancelled`, and whatever a stop throws.
 */
export async function enforceBudget(options: EnforceOptions): Promise<EnforceResult> {
  const { target, stack, found } = await open(options);
  const { node } = stack.owner;
  const result = (outcome: EnforceResult["outcome"], reason: string, stop: StopResult | null = null) => ({
    ...{ ...reportOf(target.stack, found), node, outcome, reason, stop },
  });
  const cause = usedUp(found)[0];
  if (!cause) {
    refuseUnknown(found);
    return result("within", found.budgets.map(({ standing }) => spendText(standing)).join("; "));
  }
  const { action } = cause.standing;
  const why = spendText(cause.standing);
  if (action === "alert") return result("none", `${why}; windlass:budgetAction is alert, which only tells`);
  if (action === "refuse")
    return result(
      "none",
      `${why}; whatever raises the bill is refused (windlass:budgetAction refuse), nothing is stopped`,
    );
  const verdict = await verdictOf(stack, action, options);
  const reason = `${why}; ${verdict.reason}`;
  if (!verdict.stop) return result("none", reason);
  if (options.dryRun) return result("planned", reason);
  if (action === "stop-all" && options.confirm && !(await options.confirm(question(stack, why, verdict))))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
  return result("stopped", reason, await stop(stack, { target, cause, reason, verdict, found }, options));
}

/**
 * Records that the watcher may stop a node that works, once, because a budget is used up this month. Throws `NotFound` without a limit,
 * `UsageError` where windlass:budgetAction is another one or no budget is used up: nothing is confirmed ahead.
 */
export async function confirmBudget(options: EnforceOptions): Promise<ConfirmResult> {
  const { target, stack, found } = await open(options);
  const { owner, cloud, config } = stack;
  if (config.budgetAction !== "stop-all")
    throw usage(
      `windlass:budgetAction is ${config.budgetAction}, which asks for no confirmation`,
      "windlass budget shows what it does",
    );
  const causes = usedUp(found);
  const [cause] = causes;
  if (!cause) {
    refuseUnknown(found);
    const words = found.budgets.map(({ standing }) => spendText(standing)).join("; ");
    throw usage(`no budget is used up: ${words}`, "confirm when one is; the watcher tells");
  }
  const at = await stack.clock.now();
  const why = spendText(cause.standing);
  const markers = await nodeMarkers(cloud, owner);
  if (options.confirm && !(await options.confirm(question(stack, why, { markers, now: at }))))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
  if (!options.dryRun) {
    const words = { decision: "confirm", topic: "budget", reason: why, evidence: { ...cause.standing } } as const;
    const log = auditLog(target.home, { project: owner.project, stack: owner.stack });
    log.append({ at: new Date(at).toISOString(), node: owner.node, ...words, outcome: "done" });
    for (const one of causes) await cloud.createTag(confirmedTag(one.owner, at));
  }
  const scopes = causes.map(({ standing }) => standing.scope);
  const { month } = found;
  return {
    stack: owner.stack,
    node: owner.node,
    month,
    scopes,
    at: new Date(at).toISOString(),
    dryRun: options.dryRun === true,
  };
}

async function open(options: EnforceOptions): Promise<{ target: Target; stack: NodeStack; found: Budgets }> {
  const target = resolveTarget(options);
  const stack = await openNodeStack(options);
  const { cloud, clock, config } = stack;
  const more = options.spend ? { spend: options.spend } : {};
  const found = await budgetsOf(target, config, { cloud, clock, ...more });
  if (found.budgets.length > 0) return { target, stack, found };
  throw new UserError("NotFound", {
    reason: `stack ${target.stack} has no budget`,
    suggestion: `set windlass:${limitKey("stack")} or windlass:${limitKey("account")}`,
  });
}

function usedUp({ budgets }: Budgets): BudgetState[] {
  return budgets.filter(({ standing }) => standing.exhausted === true);
}

function refuseUnknown({ budgets }: Budgets): void {
  const unknown = budgets.find(({ standing }) => standing.exhausted === "unknown");
  if (!unknown) return;
  throw new UserError("PrecheckFailed", {
    reason: spendText(unknown.standing),
    suggestion: "use a token that may read the account's balance, or stop the node with: windlass node stop",
  });
}

async function verdictOf(stack: NodeStack, action: BudgetAction, options: EnforceOptions): Promise<StopVerdict> {
  const pool = connectionPool();
  try {
    const load = options.load ?? nodeLoad(options, pool);
    return await mayStop(stack, load, action === "stop-all" ? "all" : "idle");
  } finally {
    await pool.close();
  }
}

function question(
  { owner, config }: NodeStack,
  why: string,
  { markers: { hold }, now }: Pick<StopVerdict, "markers" | "now">,
): string {
  const held = hold && hold.until.getTime() > now ? ` It is held until ${hold.until.toISOString()}: ${hold.why}.` : "";
  return `${why}. Stop ${owner.node} (${config.gpuSize}) whatever it does?${held}`;
}

interface Deed {
  target: Target;
  cause: BudgetState;
  reason: string;
  verdict: StopVerdict;
  found: Budgets;
}

/** Stops between two audit records, the first of which is on the disk before anything is done. */
async function stop(stack: NodeStack, deed: Deed, options: EnforceOptions): Promise<StopResult> {
  const { owner, cloud } = stack;
  const log = auditLog(deed.target.home, { project: owner.project, stack: owner.stack });
  const record = (outcome: "begun" | "done" | "failed", detail?: unknown) =>
    log.append({
      ...{ at: new Date(deed.verdict.now).toISOString(), node: owner.node, decision: "stop", topic: "budget" },
      ...{ reason: deed.reason, evidence: { ...deed.cause.standing }, outcome },
      ...(detail === undefined ? {} : { detail }),
    } as Parameters<AuditLog["append"]>[0]);
  const { onEvent, signal, killSignal } = options;
  const { stopping } = deed.verdict.markers;
  record("begun");
  try {
    const result = await stopNode(stack, {
      ...{ why: deed.reason, ...(onEvent ? { onEvent } : {}) },
      ...(stopping ? { strategy: stopping.strategy } : {}),
      ...{ ...(signal ? { signal } : {}), ...(killSignal ? { killSignal } : {}) },
    });
    const tags = deed.found.budgets.flatMap((state) => confirmations(state.owner, deed.found.tags));
    for (const tag of tags)
      await cloud.deleteTag(tag).catch((error: { status?: number }) => {
        if (error.status !== 404) throw error;
      });
    await removeNotices(stack, () => true);
    record("done", result);
    return result;
  } catch (error) {
    record("failed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}

function usage(reason: string, suggestion: string): UserError {
  return new UserError("UsageError", { reason, suggestion }, { exitCode: 2 });
}
