import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { type Budget, type BudgetMemory, decideBudget, monthOf, refusal, remembered, standing } from "./budget.ts";

const MINUTE = 60_000;
const budget: Budget = { scope: "stack", limitUsd: 200, thresholds: [50, 80, 100], action: "stop-idle" };
const spend = (spentUsd: number | null) => ({ spentUsd, forecastUsd: null });
const when = { at: 100 * MINUTE, noticeMinutes: 15 };

describe("standing", () => {
  test.each([
    [0, [], false],
    [99.999, [], false],
    [100, [50], false],
    [159.99, [50], false],
    [160, [50, 80], false],
    [199.9999, [50, 80], false],
    [200, [50, 80, 100], true],
    [900, [50, 80, 100], true],
  ])("$%s of $200 reaches %j %%", (spent, reached, exhausted) => {
    expect(standing(budget, spend(spent))).toMatchObject({ reached, exhausted, percent: (spent / 200) * 100 });
  });

  it("takes sums of hours for what they are in money", () => {
    const limit = { ...budget, limitUsd: 0.3 };
    expect(0.1 + 0.2).not.toBe(0.3);
    expect(standing(limit, spend(0.1 * 3)).exhausted).toBe(true);
    expect(standing({ ...budget, limitUsd: 0.1 * 3 }, spend(0.3)).exhausted).toBe(true);
  });

  it("always has 100 % among the thresholds, each once, ascending", () => {
    expect(standing({ ...budget, thresholds: [120, 80, 80] }, spend(0)).thresholds).toEqual([80, 100, 120]);
    expect(standing({ ...budget, thresholds: [80] }, spend(210)).reached).toEqual([80, 100]);
  });

  it.each([null, Number.NaN, Number.POSITIVE_INFINITY])("knows nothing of a spend of %s", (spent) => {
    const unknown = { spentUsd: null, percent: null, reached: [], exhausted: "unknown" };
    expect(standing(budget, spend(spent))).toMatchObject(unknown);
  });

  it.each([0, -5, Number.NaN, Number.POSITIVE_INFINITY])("refuses a limit of %s", (limitUsd) => {
    expect(() => standing({ ...budget, limitUsd }, spend(1))).toThrow("no limit");
  });

  it("never goes back while spend rises", () => {
    const money = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(money, money, fc.double({ min: 0.01, max: 1e6, noNaN: true }), (a, b, limitUsd) => {
        const [less, more] = a <= b ? [a, b] : [b, a];
        const limit = { ...budget, limitUsd };
        const before = standing(limit, spend(less)).reached;
        expect(standing(limit, spend(more)).reached).toEqual(expect.arrayContaining(before));
      }),
    );
  });
});

test("what people were told of stays reached, whatever was deleted since", () => {
  const now = remembered(standing(budget, spend(4)), { told: [{ percent: 100, at: 0 }] });
  expect(now).toMatchObject({ reached: [100], exhausted: true });
  expect(refusal({ ...now, action: "refuse" })).toContain("$4.00 this month, 2 % of $200.00");
  expect(refusal({ ...now, action: "refuse" })).toContain("used up earlier");
  expect(remembered(standing(budget, spend(4)), { told: [{ percent: 80, at: 0 }] })).toMatchObject({
    reached: [80],
    exhausted: false,
  });
});

describe("what a watcher does", () => {
  const decide = (spent: number | null, memory: BudgetMemory, more: Partial<Budget> = {}) =>
    decideBudget(standing({ ...budget, ...more }, spend(spent)), memory, when);
  const told = (minutes: number, ...percents: number[]) => ({
    told: percents.map((percent) => ({ percent, at: minutes * MINUTE })),
  });

  it("tells of what nobody was told of", () => {
    expect(decide(10, told(0)).news).toEqual([]);
    expect(decide(170, told(0)).news).toEqual([50, 80]);
    expect(decide(170, told(0, 50)).news).toEqual([80]);
    expect(decide(170, told(0, 50, 80))).toMatchObject({ news: [], stop: "none" });
    expect(decide(null, told(0))).toMatchObject({ news: [], stop: "none" });
  });

  it("stops what is idle once the announcement has stood for its minutes", () => {
    expect(decide(200, told(0))).toMatchObject({ news: [50, 80, 100], stop: "none", dueAt: 115 * MINUTE });
    expect(decide(200, told(90, 50, 80, 100))).toMatchObject({ news: [], stop: "none", dueAt: 105 * MINUTE });
    expect(decide(200, told(85, 50, 80, 100))).toMatchObject({ news: [], stop: "idle" });
    expect(decide(200, told(0, 50, 80))).toMatchObject({ news: [100], stop: "none" });
    const now = standing(budget, spend(200));
    expect(decideBudget(now, told(0), { ...when, noticeMinutes: 0 })).toMatchObject({ stop: "idle" });
  });

  it("stops nothing for an alert, a refusal, or a spend that is not known", () => {
    for (const action of ["alert", "refuse"] as const)
      expect(decide(500, told(0, 50, 80, 100), { action })).toMatchObject({ stop: "none" });
    for (const action of ["stop-idle", "stop-all"] as const)
      expect(decide(null, { ...told(0, 50), confirmedAt: 1 }, { action })).toMatchObject({ stop: "none" });
  });

  it("stops all only after a confirmation, and at once then", () => {
    const memory = told(0, 50, 80, 100);
    expect(decide(500, memory, { action: "stop-all" })).toMatchObject({ stop: "idle" });
    const confirmed = { ...told(99, 50, 80, 100), confirmedAt: 99 * MINUTE };
    expect(decide(500, confirmed, { action: "stop-all" })).toMatchObject({ stop: "all" });
    expect(decide(500, confirmed, { action: "stop-idle" })).toMatchObject({ stop: "none" });
    expect(decide(199, confirmed, { action: "stop-all" })).toMatchObject({ stop: "none" });
  });
});

describe("a month of passes", () => {
  const pass = fc.record({
    minutes: fc.integer({ min: 1, max: 3000 }),
    usd: fc.double({ min: -60, max: 120, noNaN: true }),
  });
  const passes = fc.array(fc.oneof(pass, fc.constant({ minutes: 5, usd: null })), { maxLength: 40 });

  it("tells of each threshold once, though sums fall or fail, and stops idle nodes only after its announcement", () => {
    fc.assert(
      fc.property(passes, fc.constantFrom("stop-idle" as const, "stop-all" as const), (steps, action) => {
        const memory: BudgetMemory = { told: [] };
        let [at, spent] = [0, 0];
        for (const { minutes, usd } of steps) {
          at += minutes * MINUTE;
          spent = Math.max(0, spent + (usd ?? 0));
          const now = remembered(standing({ ...budget, action }, spend(usd === null ? null : spent)), memory);
          const { news, stop } = decideBudget(now, memory, { at, noticeMinutes: 15 });
          expect(stop).not.toBe("all");
          const announced = memory.told.find(({ percent }) => percent === 100);
          expect(stop === "idle").toBe(announced !== undefined && at >= announced.at + 15 * MINUTE);
          expect(news.every((percent) => memory.told.every((told) => told.percent !== percent))).toBe(true);
          memory.told.push(...news.map((percent) => ({ percent, at })));
          if (memory.told.some(({ percent }) => percent === 100)) expect(refusal(now)).toBeDefined();
        }
      }),
    );
  });
});

describe("the refusal", () => {
  const reason = (spent: number | null, action: Budget["action"], scope: Budget["scope"] = "stack") =>
    refusal(standing({ ...budget, action, scope }, spend(spent)));

  it("is there where a budget is used up, or may be", () => {
    for (const action of ["refuse", "stop-idle", "stop-all"] as const) {
      expect(reason(199.99, action)).toBeUndefined();
      expect(reason(200, action)).toContain(
        "has spent $200.00 this month, 100 % of $200.00 (windlass:maxMonthlySpendUsd)",
      );
      expect(reason(null, action)).toContain("not known");
    }
    expect(reason(999, "alert")).toBeUndefined();
    expect(reason(null, "alert")).toBeUndefined();
    expect(reason(250, "refuse", "account")).toContain("the account has spent $250.00");
    expect(reason(250, "refuse", "account")).toContain("windlass:maxAccountSpendUsd");
  });

  it("never rounds up to what was not reached", () => {
    const now = standing({ ...budget, action: "refuse" }, spend(199.9999));
    expect(refusal({ ...now, exhausted: "unknown" })).toContain("99.9 %");
  });
});

test("months are those of UTC", () => {
  expect(monthOf(Date.parse("2027-02-28T23:59:59.999Z"))).toBe("2027-02");
  expect(monthOf(Date.parse("2027-03-01T00:00:00Z"))).toBe("2027-03");
});
