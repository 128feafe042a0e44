import type { Command } from "commander";
import { spendText } from "../../domain/budget.ts";
import { confirmBudget, type EnforceOptions, enforceBudget } from "../budget-enforce.ts";
import { type BudgetReport, budgetReport } from "../budget-report.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, changingCommand, stackCommand, targetOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  const budget = stackCommand("budget").enablePositionalOptions().addHelpText("after", HELP).action(show);
  budget.addCommand(
    changingCommand("enforce")
      .description("do now what windlass:budgetAction says of a budget that is used up")
      .addHelpText("after", "\nExamples:\n  $ windlass budget enforce --dry-run\n  $ windlass budget enforce --yes")
      .action(enforce),
  );
  budget.addCommand(
    changingCommand("confirm")
      .description("let the watcher stop the node though it works, once (windlass:budgetAction stop-all)")
      .addHelpText("after", "\nExamples:\n  $ windlass budget confirm --stack prod --yes")
      .action(confirm),
  );
  return budget;
}

const HELP = `
What the stack and the account have spent in this calendar month (UTC), against windlass:maxMonthlySpendUsd and windlass:maxAccountSpendUsd. The
watcher tells when windlass:budgetThresholds are reached (default 50, 80, 100 percent), and at 100 percent windlass:budgetAction is done:
  alert       nothing more
  refuse      whatever raises the bill is refused (the default)
  stop-idle   and a node that is idle is stopped
  stop-all    and any node is, once somebody confirms it

Examples:
  $ windlass budget --stack prod
  $ windlass budget --json | jq '.budgets[].percent'
  $ windlass budget enforce             what the action says, now
  $ windlass budget confirm             let the watcher stop a node that works`;

async function show(flags: CommonOptions): Promise<void> {
  const report = await budgetReport(targetOptions(flags));
  if (flags.json) printJson(report);
  else print(...lines(report));
}

function lines({ stack, month, budgets, gaps }: BudgetReport): string[] {
  if (budgets.length === 0)
    return [`stack ${stack} has no budget; to set one: pulumi config set windlass:maxMonthlySpendUsd 500`];
  const text = [`${month}, stack ${stack}:`];
  for (const one of budgets) {
    text.push(`  ${spendText(one)}`);
    if (one.forecastUsd !== null) text.push(`    forecast for the end of the month: $${one.forecastUsd.toFixed(2)}`);
    const told = one.told.length > 0 ? one.told.map((percent) => `${percent} %`).join(", ") : "of nothing yet";
    text.push(`    told ${told}, of ${one.thresholds.join(", ")} %; at 100 %: ${one.action}`);
    if (one.confirmedAt) text.push(`    stopping working nodes was confirmed at ${one.confirmedAt}`);
  }
  if (gaps.length > 0) text.push("  at least, without:", ...gaps.map((gap) => `    ${gap}`));
  return text;
}

async function enforce(flags: CommonOptions): Promise<void> {
  const result = await withSession((session) => enforceBudget({ ...session, ...asked(flags) }));
  if (flags.json) return printJson(result);
  const { node, outcome, reason, stop } = result;
  const words = {
    within: "no budget is used up",
    none: "nothing was stopped",
    planned: `${node} would be stopped`,
    stopped: `${node} is stopped, and its bill has ended`,
  };
  print(`${words[outcome]}: ${reason}`);
  for (const { name, monthlyUsd } of stop?.stillBilled ?? [])
    print(`  stays: ${name}, $${monthlyUsd.toFixed(2)} per month`);
}

async function confirm(flags: CommonOptions): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const result = await withSession((session) => confirmBudget({ ...session, ...asked(flags) }));
  if (flags.json) return printJson(result);
  const { node, month, dryRun } = result;
  print(`${node} ${dryRun ? "would be" : "will be"} stopped by the watcher's next pass, for the budget of ${month}.`);
}

/** Nobody is asked with `--yes`, or where nothing will be changed. */
function asked(flags: CommonOptions): EnforceOptions {
  const silent = flags.yes === true || flags.dryRun === true;
  return {
    ...{ ...targetOptions(flags), dryRun: flags.dryRun === true },
    ...(silent ? {} : { confirm: (question: string) => ask(question, "--yes") }),
  };
}
