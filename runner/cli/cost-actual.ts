import type { Command } from "commander";
import { type ActualReport, actualCost } from "../pricing/actual.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, dim, dollars, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

export function actualCommand(): Command {
  return stackCommand("actual")
    .description("what was billed, beside what was estimated, with the reasons of each difference")
    .option("--month <month>", "a month as in 2026-11 (default: the running one)")
    .addHelpText(
      "after",
      `
Reads the invoice of the month (of the running one its preview) and the daily billing insights; the token needs billing:read.
PER MONTH is the estimate for 730 hours, EXPECTED what it comes to for the time that a thing was there.

Examples:
  $ windlass cost actual --stack prod
  $ windlass cost actual --month 2026-10 --json | jq .notOurs`,
    )
    .action(async (_: CommonOptions, command: Command) => {
      const { month, ...options } = command.optsWithGlobals<CommonOptions & { month?: string }>();
      const report = await withSession(({ signal }) =>
        actualCost({ ...targetOptions(options), signal, ...(month ? { month } : {}) }),
      );
      if (options.json) printJson(report);
      else print(...actualText(report));
    });
}

/** The table with its reasons, the sums, the rest of the account. */
export function actualText(report: ActualReport): string[] {
  const { stack, month, billedUntil, resources, expectedUsd, billedUsd, notOurs, accountUsd, daily, gaps } = report;
  const rows = resources.map(
    ({ name, kind, what, monthlyUsd, expectedUsd: expected, billedUsd: billed, differenceUsd }) => [
      name,
      `${kind} ${what}`.trim(),
      optional(monthlyUsd),
      optional(expected),
      dollars(billed),
      differenceUsd === null ? "?" : signed(differenceUsd),
    ],
  );
  const head = ["", "WHAT", "PER MONTH", "EXPECTED", "BILLED", "DIFFERENCE"];
  const reasons = resources.flatMap(({ name, reasons: found }) =>
    found.map(({ code, usd, text }) => dim(`  ${name}: ${code}${usd === 0 ? "" : ` ${signed(usd)}`}: ${text}`)),
  );
  return [
    bold(`stack ${stack}, ${month}, billed until ${billedUntil.slice(0, 16)}Z`),
    ...(rows.length > 0 ? [...table(head, rows), ...reasons, ""] : []),
    `billed: ${dollars(billedUsd)}; expected: ${dollars(expectedUsd)} (${signed(billedUsd - expectedUsd)})`,
    `account: ${dollars(accountUsd)}, of which ${dollars(notOurs.totalUsd)} not of this stack`,
    ...notOurs.lines.map(({ product, description, usd }) => dim(`  ${product}: ${description}: ${dollars(usd)}`)),
    ...(daily && daily.length > 0
      ? [`by day: ${daily.map(({ date, usd }) => `${date.slice(8)} ${dollars(usd)}`).join(", ")}`]
      : []),
    ...gaps.map((gap) => `not in the estimate: ${gap}`),
  ];
}

function optional(amount: number | null): string {
  return amount === null ? "" : dollars(amount);
}

function signed(amount: number): string {
  const cents = Math.round(amount * 100);
  return cents === 0 ? "$0.00" : `${cents > 0 ? "+" : "-"}${dollars(Math.abs(amount))}`;
}
