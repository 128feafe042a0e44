import { describe, expect, it } from "vitest";
import { type BudgetOwner, confirmations, confirmedTag, outdated, readBudgetMemory, toldTag } from "./budget-marker.ts";
import { TAG_PATTERN } from "./tags.ts";

const AT = Date.parse("2027-03-04T05:06:07Z");
const stack: BudgetOwner = { project: "p", stack: "prod", scope: "stack", month: "2027-03", limitUsd: 4000 };
const account: BudgetOwner = { ...stack, scope: "account" };

describe("a budget's tags", () => {
  it("are read as they were written", () => {
    const tags = [toldTag(stack, 50, AT), toldTag(stack, 87.5, AT + 1000), confirmedTag(stack, AT)];
    for (const tag of tags) expect(tag).toMatch(TAG_PATTERN);
    expect(readBudgetMemory(stack, tags)).toEqual({
      told: [
        { percent: 50, at: AT },
        { percent: 87.5, at: AT + 1000 },
      ],
      confirmedAt: AT,
    });
    expect(readBudgetMemory(stack, ["windlass", "web", "windlass-stack:prod"])).toEqual({ told: [] });
  });

  it.each([
    ["month", { month: "2027-04" }],
    ["limit", { limitUsd: 4000.01 }],
    ["stack", { stack: "pro" }],
    ["project", { project: "q" }],
    ["scope", { scope: "account" as const }],
  ])("say nothing of another %s", (_, other) => {
    const tags = [toldTag(stack, 50, AT), confirmedTag(stack, AT)];
    expect(readBudgetMemory({ ...stack, ...other }, tags)).toEqual({ told: [] });
  });

  it("tell every stack what people know of the account, and confirm for one stack only", () => {
    const tags = [toldTag(account, 80, AT), confirmedTag(account, AT)];
    expect(readBudgetMemory({ ...account, stack: "dev", project: "q" }, tags)).toEqual({
      told: [{ percent: 80, at: AT }],
    });
    expect(confirmations(account, tags)).toEqual([tags[1]]);
    expect(confirmations({ ...account, stack: "dev" }, tags)).toEqual([]);
    expect(confirmations(stack, tags)).toEqual([]);
  });

  it("of months that are over are found; no others", () => {
    const old = { ...stack, month: "2026-12", limitUsd: 1 };
    const tags = [toldTag(old, 50, AT), confirmedTag(old, AT)];
    const kept = [
      ...[toldTag(stack, 50, AT), confirmedTag(stack, AT), toldTag({ ...stack, month: "2027-04" }, 50, AT)],
      ...[toldTag({ ...old, stack: "dev" }, 50, AT), toldTag({ ...old, scope: "account" }, 50, AT)],
      "windlass-budget-told:stack:p:prod:garbage",
    ];
    expect(outdated(stack, [...kept, ...tags])).toEqual(tags);
  });

  it("that somebody made up are left out", () => {
    const start = "windlass-budget-told:stack:p:prod:2027-03:400000";
    expect(readBudgetMemory(stack, [start, `${start}:x:1`, `${start}:100`, `${start}:100:`, `${start}:1:2:3`])).toEqual(
      {
        told: [],
      },
    );
  });

  it("are refused where the names are too long for one", () => {
    expect(() => toldTag({ ...stack, stack: "x".repeat(240) }, 50, AT)).toThrow("too long");
    expect(() => confirmedTag({ ...stack, stack: "a.b" }, AT)).toThrow("is no tag");
  });
});
