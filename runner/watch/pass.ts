import { UserError } from "../../domain/errors.ts";
import { type Decision, decideLifecycle, lifecycleWarnings } from "../../domain/lifecycle-decision.ts";
import { nodePhase } from "../../domain/node-marker.ts";
import { redact } from "../../domain/redaction.ts";
import type { runDueBackups } from "../backup/schedule.ts";
import type { Budgets } from "../budget.ts";
import { withLease } from "../lifecycle/lease.ts";
import { nodeMarkers } from "../lifecycle/markers.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";
import { stopNode } from "../lifecycle/stop.ts";
import { type Channels, notify } from "../notices.ts";
import type { OperationOptions } from "../progress.ts";
import { collect } from "../retention/collect.ts";
import { expireNode } from "../retention/expire.ts";
import { sweep } from "../retention/sweep.ts";
import type { AuditLog } from "./audit.ts";
import { watchBudgets } from "./budget.ts";
import { carryOut, tellFailure, tellWarnings } from "./carry-out.ts";
import { type healthOfStack, watchHealthOf } from "./health.ts";
import { type LoadSource, type Observed, observe } from "./observe.ts";
import { entry, record } from "./record.ts";
import { nothingYet, type PassError, type PassResult } from "./result.ts";
import { measuredUntil } from "./usage.ts";

/** What a pass works with; the operations can be put in place of the real ones. */
export interface PassDeps {
  audit: AuditLog;
  channels: Channels;
  load: LoadSource;
  stop?: typeof stopNode;
  expire?: typeof expireNode;
  collect?: typeof collect;
  sweep?: typeof sweep;
  /** Makes the backups that are due. */
  backups?: typeof runDueBackups;
  /** Reads how the budgets stand; nobody looks at them where it is absent. */
  budgets?: (stack: NodeStack) => Promise<Budgets>;
  /** Looks at health, and tells by the alert rules; nobody looks at it where it is absent. */
  health?: (look: Parameters<typeof healthOfStack>[1]) => ReturnType<typeof healthOfStack>;
}

export interface PassOptions extends OperationOptions {
  /** Looks and decides, and changes nothing. */
  dryRun?: boolean;
  /** Whether it counts what retention and sweep would remove. @default true */
  housekeeping?: boolean;
}

/** One pass under way. */
export interface Pass {
  stack: NodeStack;
  deps: PassDeps & Required<Pick<PassDeps, "stop" | "expire" | "collect" | "sweep">>;
  /** For stop and expiry: a wish to end is kept until they are done. */
  operation: OperationOptions;
  housekeeping: boolean;
  result: PassResult;
  /** Sends a notice to every channel; what fails is noted. */
  tell(notice: { title: string; text: string }): Promise<void>;
  /** Notes that a part did not work. */
  fail(part: PassError["part"], error: unknown, what?: string): void;
}

/**
 * Looks at the node once, decides, and does it: announces, stops, expires, warns; counts what retention and sweep would remove. A part that
 * fails keeps no other from its work: it is in `errors`. While another watcher is at work on the stack, nothing is done.
 */
export async function watchPass(stack: NodeStack, deps: PassDeps, options: PassOptions = {}): Promise<PassResult> {
  const pass = await newPass(stack, deps, options);
  const { owner } = stack;
  if (options.dryRun) return look(pass);
  try {
    const name = `watch:${owner.project}:${owner.stack}`;
    return await withLease(stack, { name, ...pass.operation }, () => look(pass));
  } catch (error) {
    // Anything of the pass itself is in its result already: this is the lease.
    if (error instanceof UserError && error.code === "StackLocked")
      return { ...pass.result, outcome: "skipped", holder: String(error.details.holder) };
    pass.fail("node", error, "the watcher's lease could not be had");
    return { ...pass.result, outcome: "failed" };
  }
}

async function newPass(stack: NodeStack, deps: PassDeps, options: PassOptions): Promise<Pass> {
  const { onEvent, killSignal } = options;
  const result: PassResult = {
    stack: stack.owner.stack,
    node: stack.owner.node,
    at: new Date(await stack.clock.now()).toISOString(),
    ...{ outcome: "done", dryRun: options.dryRun === true },
    ...nothingYet(),
  };
  const fail: Pass["fail"] = (part, error, what) => {
    const words = redact(error instanceof Error ? error.message : String(error));
    const reason = what ? `${what}: ${words}` : words;
    result.errors.push({ part, reason });
    onEvent?.({ kind: "note", level: "warning", text: `${part}: ${reason}` });
  };
  return {
    stack,
    deps: { stop: stopNode, expire: expireNode, collect, sweep, ...deps },
    operation: { ...(onEvent ? { onEvent } : {}), ...(killSignal ? { signal: killSignal, killSignal } : {}) },
    housekeeping: options.housekeeping ?? true,
    result,
    fail,
    tell: async (notice) => {
      onEvent?.({ kind: "note", level: "info", text: notice.title });
      const deliveries = await notify(deps.channels, notice, killSignal ? { signal: killSignal } : {});
      for (const delivery of deliveries) {
        result.notices.push({ ...delivery, title: notice.title });
        if (!delivery.delivered) fail("notice", delivery.reason, delivery.channel);
      }
    },
  };
}

async function look(pass: Pass): Promise<PassResult> {
  const { result } = pass;
  await part(pass, "node", () => lookAtNode(pass));
  await part(pass, "budget", () => watchBudgets(pass));
  if (!result.dryRun) await part(pass, "health", () => watchHealthOf(pass));
  if (!result.dryRun) await part(pass, "backup", () => backUp(pass));
  if (pass.housekeeping) await keepHouse(pass);
  if (result.phase === null) result.outcome = "failed";
  record(pass, {
    ...{ decision: "none", topic: "pass", reason: "a pass has ended", evidence: { phase: result.phase } },
    ...(result.errors.length > 0 ? { outcome: "failed", detail: result.errors } : { outcome: "done" }),
  });
  return result;
}

async function backUp(pass: Pass): Promise<void> {
  const done = await pass.deps.backups?.(pass.stack, pass.operation);
  if (!done) return;
  pass.result.backups = done;
  for (const { what, error } of done.failures) pass.fail("backup", error, what);
}

/** Counts only: removing is windlass gc's and windlass sweep's business. */
async function keepHouse(pass: Pass): Promise<void> {
  const { stack, deps, result } = pass;
  await part(pass, "retention", async () => {
    const { items, monthlySavedUsd } = await deps.collect(stack, pass.operation);
    result.retention = { items: items.length, monthlySavedUsd };
  });
  await part(pass, "sweep", async () => {
    const { orphans, orphansDailyUsd } = await deps.sweep(stack, pass.operation);
    result.sweep = { orphans: orphans.length, orphansDailyUsd };
  });
}

async function part(pass: Pass, name: PassError["part"], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    pass.operation.killSignal?.throwIfAborted();
    pass.fail(name, error);
  }
}

async function lookAtNode(pass: Pass): Promise<void> {
  const { stack, deps, result } = pass;
  const seen = await observe(stack, deps.load, { measuredUntil: measuredUntil(deps.audit, stack.owner.node) });
  result.phase = nodePhase(seen.facts.markers);
  result.idleness = seen.verdict ?? null;
  result.warnings = lifecycleWarnings(seen.facts);
  const decision = decideLifecycle(seen.facts);
  result.decision = { ...decision, outcome: result.dryRun && decision.act !== "none" ? "planned" : "none" };
  if (result.dryRun) return;
  for (const warning of result.warnings) record(pass, { ...entry(warning), outcome: "done" });
  await part(pass, "notice", () => tellWarnings(pass, result.warnings, seen));
  await decided(pass, decision, seen);
}

/** Carries out a decision between two audit records, the first of which is on the disk before anything is done. */
async function decided(pass: Pass, decision: Decision, seen: Observed): Promise<void> {
  const { stack, result } = pass;
  const more = {
    ...(seen.verdict ? { idleness: seen.verdict } : {}),
    ...(seen.usage ? { usage: seen.usage } : {}),
  };
  const evidence = { ...decision.evidence, ...more };
  if (decision.act === "none") return record(pass, { ...entry(decision), evidence, outcome: "none" });
  record(pass, { ...entry(decision), evidence, outcome: "begun" });
  try {
    const destroys = decision.act === "stop" || decision.act === "expire";
    // A hold may have been placed since the node was looked at.
    if (destroys) refuseHeld(await nodeMarkers(stack.cloud, stack.owner), seen.facts.now);
    const detail = await carryOut(pass, decision, seen);
    result.decision = { ...decision, outcome: "done" };
    record(pass, { ...entry(decision), outcome: "done", ...(detail === undefined ? {} : { detail }) });
  } catch (error) {
    if (error instanceof UserError && (error.code === "StackLocked" || error.code === "Cancelled"))
      return record(pass, { ...entry(decision), outcome: "none", detail: error.message });
    result.decision = { ...decision, outcome: "failed" };
    pass.fail("decision", error, `${decision.act} ${stack.owner.node}`);
    const reason = result.errors.at(-1)?.reason ?? "";
    record(pass, { ...entry(decision), outcome: "failed", detail: reason });
    if (decision.act === "stop" || decision.act === "expire")
      await part(pass, "notice", () => tellFailure(pass, decision, reason, seen.facts));
    pass.operation.killSignal?.throwIfAborted();
  }
}

function refuseHeld({ hold }: Observed["facts"]["markers"], now: number): void {
  if (!hold || hold.until.getTime() <= now) return;
  throw new UserError("Cancelled", { reason: `it is held until ${hold.until.toISOString()}: ${hold.why}` });
}
