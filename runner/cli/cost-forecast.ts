import type { Command } from "commander";
import { costForecast, type ForecastReport } from "../pricing/cost-forecast.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, dim, dollars, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

export function forecastCommand(): Command {
  return stackCommand("forecast")
    .description("what this month has cost so far, and will have at its end")
    .addHelpText(
      "after",
      `
So far: what the stack has been charged for since the first of the month (UTC), to the second, with what it has no more.
At the end of the month: if everything stays as it is, and if the timers end what they would end (a watcher must run).

Examples:
  $ windlass cost forecast --stack prod
  $ windlass cost forecast --json | jq .stack.endOfMonth`,
    )
    .action(async (_: CommonOptions, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const report = await withSession(({ signal }) => costForecast({ ...targetOptions(options), signal }));
      if (options.json) printJson(report);
      else print(...forecastText(report));
    });
}

/** The lines, the sums, what the timers would end, the budget, the account. */
export function forecastText({ subject, month, at, stack, account, budgetUsd }: ForecastReport): string[] {
  const { accruedUsd, endOfMonth, basis, ends, lines, gaps } = stack;
  const rows = lines.map(({ name, kind, what, accruedUsd: so, endOfMonthUsd, ended }) => [
    ended ? `${name} (ended)` : name,
    `${kind} ${what}`.trim(),
    dollars(so),
    dollars(endOfMonthUsd),
  ]);
  const least = gaps.length > 0 ? "at least " : "";
  const judged = basis === "schedule" ? "by schedule" : "by run rate: no watcher has passed on this machine lately";
  return [
    bold(`${subject}, ${month}, as of ${new Date(at).toISOString().slice(0, 16)}Z`),
    ...(rows.length > 0 ? [...table(["", "WHAT", "SO FAR", "END OF MONTH"], rows), ""] : []),
    `so far: ${least}${dollars(accruedUsd)}`,
    `end of month, if everything stays: ${least}${dollars(endOfMonth.runRateUsd)}`,
    `end of month, by the timers: ${least}${dollars(endOfMonth.scheduleUsd)}`,
    ...ends.map((end) => dim(`  ${end.act} on ${new Date(end.at).toISOString().slice(0, 16)}Z: ${end.why}`)),
    `forecast: ${least}${dollars(stack.forecastUsd)} (${judged})${budgetText(stack.forecastUsd, budgetUsd)}`,
    ...(account
      ? [`account: ${dollars(account.monthToDateUsd)} so far, ${dollars(account.forecastUsd)} if everything stays`]
      : ["account: its balance cannot be read (the token needs billing:read)"]),
    ...gaps.map((gap) => `not in it: ${gap}`),
  ];
}

function budgetText(forecastUsd: number, budgetUsd: number | null): string {
  if (budgetUsd === null) return "; there is no budget (windlass:maxMonthlySpendUsd)";
  return `, ${Math.round((forecastUsd / budgetUsd) * 100)} % of the budget of ${dollars(budgetUsd)}`;
}
