import { expect, test } from "vitest";
import { type Budget, standing } from "./budget.ts";
import { budgetNotice } from "./budget-notice.ts";

const notice = (spentUsd: number, news: number[], more: Partial<Budget> = {}, noticeMinutes = 15) =>
  budgetNotice(
    standing(
      { scope: "stack", limitUsd: 100, thresholds: [50, 100], action: "refuse", ...more },
      { spentUsd, forecastUsd: 123.4 },
    ),
    news,
    { stack: "prod", noticeMinutes },
  );

test("names the highest threshold, the sums, and what 100 % will do", () => {
  expect(notice(61, [50])).toEqual({
    title: "stack prod: 50 % of the month's budget is spent",
    text: [
      "This stack has spent $61.00 this month, 61 % of $100.00 (windlass:maxMonthlySpendUsd).",
      "The forecast for the end of the month is $123.40.",
      "At 100 %: whatever raises the bill is refused (windlass:budgetAction refuse).",
    ].join("\n"),
  });
  expect(notice(130, [50, 100], { scope: "account" }).title).toBe("the account: 100 % of the month's budget is spent");
});

test("says at 100 % what happens now, and what to type", () => {
  expect(notice(100, [100], { action: "alert" }).text).toContain("Nothing else happens");
  expect(notice(100, [100]).text).toContain("is refused from now on");
  expect(notice(100, [100]).text).not.toContain("stopped");
  const idle = notice(100, [100], { action: "stop-idle" }).text;
  expect(idle).toContain("A node that is idle is stopped, in 15 minutes at the earliest; one that works is not.");
  expect(idle).not.toContain("windlass budget");
  expect(notice(100, [100], { action: "stop-all" }, 0).text).toMatch(
    /is stopped, at once.*\n.*windlass budget confirm --stack prod\n.*windlass budget enforce --stack prod$/,
  );
});
