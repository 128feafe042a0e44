import type { SizePrice } from "../../domain/cost/node-price.ts";
import { UserError } from "../../domain/errors.ts";
import { readStackFile } from "../../stacks/config-source.ts";
import { budgetRefusal } from "../budget.ts";
import { type Deployment, liveResources } from "../checkpoint.ts";
import { type CostEstimate, estimateCost, priced } from "../cost.ts";
import type { Changes, EngineReport } from "../engine/events.ts";
import { isOtherOutputs } from "../engine/failure.ts";
import { type OpenStack, runEngine } from "../engine/stack.ts";
import { otherStackKeys } from "../prechecks/ssh-keys.ts";
import type { Prepared } from "../prepare.ts";
import { historyMessage, type Override, recorded, type UsedOverride, usedOverrides } from "./override.ts";
import { refusal, SPENT_BUDGET } from "./refusal.ts";
import { type GateOptions, type PackRun, withPackRun } from "./run.ts";
import { limitOf } from "./settings.ts";
import { UNJUDGED, type Verdict, type Violation, verdictOf } from "./verdict.ts";

export type { GateOptions } from "./run.ts";

/** What is judged. */
export interface Subject extends Prepared {
  /** Sizes and prices of the moment. */
  sizes: readonly SizePrice[];
  /** Whether the engine looks at everything in the cloud first. */
  refresh: boolean;
}

/** A preview, and what the pack says of it. */
export interface Judged {
  report: EngineReport;
  verdict: Verdict;
  cost: CostEstimate;
  overrides: UsedOverride[];
}

/** What an update came to. */
export interface Updated {
  changes: Changes;
  advisories: Violation[];
  overrides: UsedOverride[];
}

export interface UpdateOptions extends GateOptions {
  /** Name of the operation, for the audit log. */
  operation: string;
  /** Shown in the stack's history. */
  message?: string;
  /** Shown the plan before anything is made; throws to leave it. */
  confirm?: (judged: Judged) => Promise<void>;
}

/** How often an update whose outputs only were not those of its preview is judged again. */
const OUTPUT_ROUNDS = 2;

/** Previews with the pack. Throws as `runEngine` does; a plan that is refused is no error here. */
export async function judgedPreview(open: OpenStack, subject: Subject, options: GateOptions = {}): Promise<Judged> {
  return withRun(subject, options, (run) => judge(open, subject, run, options));
}

/**
 * Previews with the pack, refuses what breaks a mandatory policy before anything is made, and then updates to exactly this plan: what the
 * preview did not show is stopped by the engine before it is made. Throws `BudgetExceeded` and `PolicyViolation` (exit code 3), and whatever
 * the engine's failures mean. A plan that changes nothing ends with the preview.
 */
export async function judgedUpdate(open: OpenStack, subject: Subject, options: UpdateOptions): Promise<Updated> {
  for (let again = 0; ; again++) {
    try {
      return await updateOnce(open, subject, options);
    } catch (error) {
      if (!isOtherOutputs(error) || again === OUTPUT_ROUNDS) throw error;
      const text = "values came out otherwise than the preview knew: judging again with what is known by now";
      open.options.onEvent?.({ kind: "note", level: "info", text });
    }
  }
}

async function updateOnce(open: OpenStack, subject: Subject, options: UpdateOptions): Promise<Updated> {
  const { confirm, message, operation } = options;
  return withRun(subject, options, async (run) => {
    const judged = await judge(open, subject, run, options);
    const { report, verdict, overrides } = judged;
    const result = { changes: report.changes, advisories: verdict.advisories, overrides };
    if (verdict.violations.length > 0) throw refuse(verdict.violations, subject, run, judged.cost);
    if (!report.touchesState && !subject.refresh) return result;
    await confirm?.(judged);
    refuseOtherConfig(subject);
    const line = historyMessage(message, overrides);
    const { policyPacks, policyPackConfigs, plan } = run;
    const args = { refresh: subject.refresh, policyPacks, policyPackConfigs, plan, ...(line ? { message: line } : {}) };
    const made = await recorded(subject, operation, overrides, () => runEngine(open, "up", args));
    const late = verdictOf(made, run.pack, run.settings, subject.target.stack).violations;
    // An update that a rule stopped has not come to the rules over the whole stack.
    const told = late.filter(({ policy }) => policy !== UNJUDGED);
    if (late.length > 0) throw refuse(told.length > 0 ? told : late, subject, run, judged.cost, true);
    return { ...result, changes: made.changes };
  });
}

async function judge(
  open: OpenStack,
  subject: Subject,
  run: PackRun,
  { overrides = [] }: GateOptions,
): Promise<Judged> {
  const { target, deployment, refresh, sizes } = subject;
  const { policyPacks, policyPackConfigs, plan } = run;
  const report = await runEngine(open, "preview", { refresh, policyPacks, policyPackConfigs, plan });
  const verdict = verdictOf(report, run.pack, run.settings, target.stack);
  const cost = costOf(report, deployment, sizes);
  const spent = await spentBudget(subject, cost, open.options.signal);
  if (spent) (isOverridden(SPENT_BUDGET, overrides) ? verdict.advisories : verdict.violations).push(spent);
  return { report, verdict, cost, overrides: usedOverrides(overrides, verdict) };
}

/** Against what is there now. */
function costOf(report: EngineReport, deployment: Deployment | undefined, sizes: readonly SizePrice[]): CostEstimate {
  const after = report.steps.filter(({ action }) => action !== "delete");
  return estimateCost(priced(liveResources(deployment)), after, sizes);
}

/** A budget that is used up lets nothing through that raises the bill, or might. */
async function spentBudget(
  { target, config }: Subject,
  { diffMonthly, unpriced }: CostEstimate,
  signal: AbortSignal | undefined,
): Promise<Violation | undefined> {
  if (diffMonthly <= 0 && unpriced.length === 0) return undefined;
  const reason = await budgetRefusal(target, config, signal ? { signal } : {});
  if (reason === undefined) return undefined;
  const fix = "wait for the next month, raise the limit, or set windlass:budgetAction to alert";
  return { policy: SPENT_BUDGET, resource: target.stack, message: reason, fix, severity: "high" };
}

function isOverridden(id: string, overrides: readonly Override[]): boolean {
  return overrides.some(({ policy }) => policy === id);
}

function refuse(
  violations: readonly Violation[],
  { target, config }: Subject,
  { settings }: PackRun,
  cost: CostEstimate,
  begun = false,
): UserError {
  const limitUsd = limitOf(settings, config.maxMonthlySpendUsd);
  return refusal(violations, { stack: target.stack, cost, begun, ...(limitUsd === undefined ? {} : { limitUsd }) });
}

/** The engine reads the stack's file anew for the update, and the program with it. */
function refuseOtherConfig({ target }: Subject): void {
  const now = readStackFile(target.root, target.stack);
  const before = JSON.stringify([target.config.values, target.config.secrets]);
  if (JSON.stringify([now.values, now.secrets]) === before) return;
  throw new UserError("ConfigInvalid", {
    reason: `${now.source.file} was changed while the plan was looked at; nothing was made`,
    suggestion: "run it again: the new config is judged then",
  });
}

function withRun<T>(subject: Subject, options: GateOptions, work: (run: PackRun) => Promise<T>): Promise<T> {
  const { target, config, sizes } = subject;
  const limit = config.maxMonthlySpendUsd;
  const source = {
    root: target.root,
    sizes,
    otherKeys: otherStackKeys(target),
    ...(limit === undefined ? {} : { maxMonthlyUsd: limit }),
    timersOff: ["autoShutdownHours", "maxLifetimeHours"].some((key) => target.config.values[key] === "off"),
  };
  return withPackRun(source, options, work);
}
