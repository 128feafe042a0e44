import type { Command } from "commander";
import { type CostAdvice, costAdvice } from "../pricing/advice.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, dim, dollars, print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

export function adviceCommand(): Command {
  return stackCommand("advice")
    .description("what would cost less, from what the node measured of itself")
    .option("--days <days>", "days to look back, 1 to 30", "14")
    .addHelpText(
      "after",
      `
GPUs, their memory and idle hours come from the node's own readings, CPU and memory from DigitalOcean's agent. Less than 72 hours of
readings, or readings with holes, give no advice. Nothing is changed.

Examples:
  $ windlass cost advice --stack prod
  $ windlass cost advice --days 30 --json | jq '.advice[0]'`,
    )
    .action(async (_: CommonOptions, command: Command) => {
      const { days, ...options } = command.optsWithGlobals<CommonOptions & { days: string }>();
      const report = await withSession((session) =>
        costAdvice({ ...targetOptions(options), ...session, days: Number(days) }),
      );
      if (options.json) printJson(report);
      else print(...adviceText(report));
    });
}

/** Each advice with its saving, its reason and what would have to be true. */
export function adviceText({ node, size, measured, advice, notes }: CostAdvice): string[] {
  const { windowHours, coverage } = measured;
  const base = `measured: ${Math.round(windowHours * coverage)} h, ${Math.round(coverage * 100)} % of the last ${Math.round(windowHours)} h`;
  const found = advice.flatMap(({ setting, from, to, savingUsd, why, assumes }) => [
    `${bold(`${setting}: ${from} -> ${to}`)} saves ${dollars(savingUsd)} per month`,
    `  ${why}`,
    ...assumes.map((assumption) => dim(`  if: ${assumption}`)),
  ]);
  const nothing = notes.length > 0 ? "no advice" : "no advice: it is used as it should be";
  return [
    bold(`${node} (${size})`),
    base,
    ...(found.length > 0 ? found : [nothing]),
    ...notes.map((note) => `note: ${note}`),
  ];
}
