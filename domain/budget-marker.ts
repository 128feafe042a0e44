import type { BudgetMemory, BudgetScope } from "./budget.ts";
import { UserError } from "./errors.ts";
import { TAG_PATTERN } from "./tags.ts";

/**
 * What the cloud remembers of a budget: tags of the account, as of nodes (`node-marker.ts`). A limit is part of them: another limit is another
 * budget, whose thresholds nobody was told of. `windlass-budget-told:<whose>:<month>:<cents>:<percent>:<seconds>`, and
 * `windlass-budget-confirmed:<project>:<stack>:<scope>:<month>:<cents>:<seconds>`.
 */
export interface BudgetOwner {
  project: string;
  stack: string;
  scope: BudgetScope;
  /** `2027-03`. */
  month: string;
  limitUsd: number;
}

/** The tag that says that people were told of a threshold. Of an account's budget they are told once, whichever stack's watcher does it. */
export function toldTag(owner: BudgetOwner, percent: number, at: number): string {
  // A tag holds no dot.
  return checked(`${toldPrefix(owner)}:${String(percent).replace(".", "_")}:${seconds(at)}`);
}

/** The tag that says that this stack's working node may be stopped. */
export function confirmedTag(owner: BudgetOwner, at: number): string {
  return checked(`${confirmedPrefix(owner)}:${seconds(at)}`);
}

/** Reads what the account's tags say of a budget and its month. */
export function readBudgetMemory(owner: BudgetOwner, tags: readonly string[]): BudgetMemory {
  const told = after(tags, toldPrefix(owner)).flatMap((rest) => {
    const [, percent = "", at = ""] = /^(\d+(?:_\d+)?):(\d{1,12})$/.exec(rest) ?? [];
    return at === "" ? [] : [{ percent: Number(percent.replace("_", ".")), at: Number(at) * 1000 }];
  });
  const confirmed = after(tags, confirmedPrefix(owner)).filter((rest) => /^\d{1,12}$/.test(rest));
  const confirmedAt = Math.max(...confirmed.map((at) => Number(at) * 1000));
  return { told, ...(confirmed.length > 0 ? { confirmedAt } : {}) };
}

/** Tags of confirmations of this stack and budget, whatever the month and the limit. */
export function confirmations({ project, stack, scope }: BudgetOwner, tags: readonly string[]): string[] {
  return tags.filter((tag) => tag.startsWith(`windlass-budget-confirmed:${project}:${stack}:${scope}:`));
}

/** Tags of this budget that speak of months that are over. */
export function outdated(owner: BudgetOwner, tags: readonly string[]): string[] {
  const { project, stack, scope } = owner;
  const starts = [`windlass-budget-told:${whose(owner)}:`, `windlass-budget-confirmed:${project}:${stack}:${scope}:`];
  return tags.filter((tag) => {
    const start = starts.find((prefix) => tag.startsWith(prefix));
    const month = start && /^\d{4}-\d{2}(?=:)/.exec(tag.slice(start.length))?.[0];
    return month !== undefined && month < owner.month;
  });
}

function whose({ scope, project, stack }: BudgetOwner): string {
  return scope === "account" ? "account" : `stack:${project}:${stack}`;
}

function toldPrefix(owner: BudgetOwner): string {
  return `windlass-budget-told:${whose(owner)}:${monthAndLimit(owner)}`;
}

function confirmedPrefix(owner: BudgetOwner): string {
  const { project, stack, scope } = owner;
  return `windlass-budget-confirmed:${project}:${stack}:${scope}:${monthAndLimit(owner)}`;
}

function monthAndLimit({ month, limitUsd }: BudgetOwner): string {
  return `${month}:${Math.round(limitUsd * 100)}`;
}

function after(tags: readonly string[], prefix: string): string[] {
  return tags.flatMap((tag) => (tag.startsWith(`${prefix}:`) ? [tag.slice(prefix.length + 1)] : []));
}

function seconds(at: number): number {
  return Math.floor(at / 1000);
}

function checked(tag: string): string {
  if (TAG_PATTERN.test(tag)) return tag;
  throw new UserError("ConfigInvalid", {
    reason: `${JSON.stringify(tag)} is no tag: project and stack are too long together, or not made of letters, digits, dashes and underscores`,
    suggestion: "shorten windlass:project or the stack's name",
  });
}
