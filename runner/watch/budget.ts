import type { ApiError } from "../../clients/digitalocean/index.ts";
import { type BudgetDecision, decideBudget, spendText } from "../../domain/budget.ts";
import { confirmations, outdated, readBudgetMemory, toldTag } from "../../domain/budget-marker.ts";
import { budgetNotice } from "../../domain/budget-notice.ts";
import { UserError } from "../../domain/errors.ts";
import type { Decision } from "../../domain/lifecycle-decision.ts";
import { noticeText } from "../../domain/saving.ts";
import type { BudgetState, Budgets } from "../budget.ts";
import { withLease } from "../lifecycle/lease.ts";
import { tellFailure } from "./carry-out.ts";
import { mayStop } from "./idle-now.ts";
import { removeNotices } from "./notice-markers.ts";
import type { Pass } from "./pass.ts";
import { entry, record } from "./record.ts";
import type { BudgetSeen } from "./result.ts";

interface Judged extends BudgetState {
  decision: BudgetDecision;
}

/** Tells of thresholds that were reached, and stops what a used up budget says is to be stopped. */
export async function watchBudgets(pass: Pass): Promise<void> {
  const found = await pass.deps.budgets?.(pass.stack);
  if (!found) return;
  const { noticeMinutes } = pass.stack.config;
  const judged = found.budgets.map((state) => ({
    ...state,
    decision: decideBudget(state.standing, state.memory, { at: found.at, noticeMinutes }),
  }));
  const seen = judged.map(seenOf);
  pass.result.budgets = seen;
  for (const { standing } of judged)
    if (standing.spentUsd === null) pass.fail("budget", new Error(spendText(standing)));
  if (pass.result.dryRun) return;
  for (const one of judged) if (one.decision.news.length > 0) await tellOnce(pass, one, found.at);
  await forgetOldMonths(pass, found);
  await stopWhatMust(pass, judged, found);
}

function seenOf({ standing, decision }: Judged): BudgetSeen {
  const { scope, limitUsd, spentUsd, forecastUsd, percent, exhausted, action } = standing;
  return { scope, limitUsd, spentUsd, forecastUsd, percent, exhausted, action, ...decision };
}

/** Watchers of two stacks tell of their account's budget side by side: whoever holds its lease does. */
async function tellOnce(pass: Pass, judged: Judged, at: number): Promise<void> {
  if (judged.owner.scope === "stack") return tell(pass, judged, judged.decision.news, at);
  const lease = { name: "budget:account", ...pass.operation };
  await withLease(pass.stack, lease, async () => {
    const { told } = readBudgetMemory(judged.owner, await tagNames(pass));
    const news = judged.decision.news.filter((percent) => !told.some((one) => one.percent === percent));
    if (news.length > 0) await tell(pass, judged, news, at);
  }).catch((error) => {
    if (!(error instanceof UserError && error.code === "StackLocked")) throw error;
  });
}

async function tell(pass: Pass, { standing, owner }: Judged, news: readonly number[], at: number): Promise<void> {
  const { stack } = pass;
  const reason = `${Math.max(...news)} % is reached: ${spendText(standing)}`;
  const evidence = { ...standing, news };
  const words = { decision: "notice", topic: "budget", reason, evidence } as const;
  record(pass, { ...words, outcome: "begun" });
  const { noticeMinutes } = stack.config;
  await pass.tell(budgetNotice(standing, news, { stack: owner.stack, noticeMinutes }));
  // Afterwards: a kill in between tells twice, rather than never.
  for (const percent of news) await stack.cloud.createTag(toldTag(owner, percent, at));
  record(pass, { ...words, outcome: "done" });
}

async function forgetOldMonths({ stack }: Pass, { budgets, tags }: Budgets): Promise<void> {
  for (const { owner } of budgets) await removeTags(stack, outdated(owner, tags));
}

async function stopWhatMust(pass: Pass, judged: readonly Judged[], { tags }: Budgets): Promise<void> {
  const cause =
    judged.find(({ decision }) => decision.stop === "all") ?? judged.find(({ decision }) => decision.stop === "idle");
  if (!cause || cause.decision.stop === "none") return;
  const verdict = await mayStop(pass.stack, pass.deps.load, cause.decision.stop);
  const confirmed = judged.flatMap(({ owner }) => confirmations(owner, tags));
  const reason = `${cause.decision.reason}; ${verdict.reason}`;
  const evidence = { ...cause.standing, verdict: { stop: verdict.stop, reason: verdict.reason } };
  const decision: Decision = { act: verdict.stop ? "stop" : "none", topic: "budget", reason, evidence };
  if (!verdict.stop) {
    record(pass, { ...entry(decision), outcome: "none" });
    // A confirmation is for one stop: it must not end the next life of the node.
    if (verdict.down) await removeTags(pass.stack, confirmed);
    return;
  }
  record(pass, { ...entry(decision), outcome: "begun" });
  try {
    const { stopping } = verdict.markers;
    const result = await pass.deps.stop(pass.stack, {
      ...pass.operation,
      why: reason,
      ...(stopping ? { strategy: stopping.strategy } : {}),
    });
    await removeTags(pass.stack, confirmed);
    await removeNotices(pass.stack, () => true);
    record(pass, { ...entry(decision), outcome: "done", detail: result });
    const { stillBilled } = result;
    await pass.tell(noticeText(decision, pass.stack.owner.node, "after", { stillBilled }));
    note(pass, cause, "done");
  } catch (error) {
    if (error instanceof UserError && (error.code === "StackLocked" || error.code === "Cancelled"))
      return record(pass, { ...entry(decision), outcome: "none", detail: error.message });
    note(pass, cause, "failed");
    pass.fail("budget", error, `stop ${pass.stack.owner.node}`);
    const words = pass.result.errors.at(-1)?.reason ?? "";
    record(pass, { ...entry(decision), outcome: "failed", detail: words });
    await tellFailure(pass, decision, words, verdict);
    pass.operation.killSignal?.throwIfAborted();
  }
}

function note({ result }: Pass, { standing }: Judged, outcome: "done" | "failed"): void {
  const seen = result.budgets?.find(({ scope }) => scope === standing.scope);
  if (seen) seen.outcome = outcome;
}

async function tagNames({ stack }: Pass): Promise<string[]> {
  return (await stack.cloud.tags()).map(({ name }) => name);
}

async function removeTags({ cloud }: Pass["stack"], tags: readonly string[]): Promise<void> {
  for (const tag of tags)
    await cloud.deleteTag(tag).catch((error: ApiError) => {
      if (error.status !== 404) throw error;
    });
}
