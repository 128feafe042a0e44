import type { BudgetStanding } from "./budget.ts";
import { spendText } from "./budget.ts";

/** What people are told when thresholds of a budget are reached: one notice, of the highest. */
export function budgetNotice(
  now: BudgetStanding,
  news: readonly number[],
  { stack, noticeMinutes }: { stack: string; noticeMinutes: number },
): { title: string; text: string } {
  const highest = Math.max(...news);
  const whose = now.scope === "stack" ? `stack ${stack}` : "the account";
  const lines = [`${capital(spendText(now))}.`];
  if (now.forecastUsd !== null) lines.push(`The forecast for the end of the month is $${now.forecastUsd.toFixed(2)}.`);
  lines.push(...(now.exhausted === true ? consequences(now, { stack, noticeMinutes }) : [ahead(now)]));
  return { title: `${whose}: ${highest} % of the month's budget is spent`, text: lines.join("\n") };
}

/** What happens at 100 %. */
function ahead({ action }: BudgetStanding): string {
  const words = {
    alert: "you are told again, and nothing else happens",
    refuse: "whatever raises the bill is refused",
    "stop-idle": "whatever raises the bill is refused, and idle nodes are stopped",
    "stop-all": "whatever raises the bill is refused, idle nodes are stopped, and all others once somebody confirms it",
  };
  return `At 100 %: ${words[action]} (windlass:budgetAction ${action}).`;
}

function consequences(
  { action }: BudgetStanding,
  { stack, noticeMinutes }: { stack: string; noticeMinutes: number },
): string[] {
  if (action === "alert") return ["Nothing else happens (windlass:budgetAction alert)."];
  const lines = ["Whatever raises the bill is refused from now on."];
  if (action === "refuse") return lines;
  const when = noticeMinutes > 0 ? `in ${noticeMinutes} minutes at the earliest` : "at once";
  lines.push(`A node that is idle is stopped, ${when}; one that works is not.`);
  if (action === "stop-all")
    lines.push(
      `To have working nodes stopped too, by the watcher: windlass budget confirm --stack ${stack}`,
      `To do it yourself at once: windlass budget enforce --stack ${stack}`,
    );
  return lines;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
