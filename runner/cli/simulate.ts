import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { UserError } from "../../domain/errors.ts";
import type { Spread, Totals } from "../../domain/simulation/month.ts";
import { plotMonth } from "../../domain/simulation/plot.ts";
import { type Alternative, type SimulateResult, simulate } from "../simulate.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface SimulateFlags extends CommonOptions {
  nodes?: number;
  days?: number;
  seed?: number;
  idleHours?: number | "off";
  idlePercent?: number;
  noticeMinutes?: number;
  strategy?: string;
  size?: string;
  price?: number;
  compare?: number[];
  svg?: string;
}

export default function command(): Command {
  return stackCommand("simulate")
    .option("--nodes <count>", "nodes of the fleet (default: 1000)", number("nodes"))
    .option("--days <days>", "length (default: a month of 730 hours)", number("days"))
    .option("--seed <number>", "another seed is another month (default: 1)", number("seed"))
    .option("--idle-hours <hours>", "stop after so many idle hours, or off (default: 24)", (text) =>
      text === "off" ? text : number("idle-hours")(text),
    )
    .option("--idle-percent <percent>", "a GPU below this is idle (default: 5)", number("idle-percent"))
    .option("--notice-minutes <minutes>", "from the announcement to the stop (default: 15)", number("notice-minutes"))
    .option("--strategy <way>", "auto (the cheaper, with a golden image), snapshot or golden (default: auto)")
    .option("--size <slug>", "droplet size, for its price (default: gpu-h100x1-80gb)")
    .option("--price <dollars>", "US dollars per hour, in place of a size's", number("price"))
    .option("--compare <hours>", "the same month with these idle hours, too: 1,2,6,24", (text) =>
      text.split(",").map(number("compare")),
    )
    .option("--svg <file>", "write a picture of the month")
    .addHelpText(
      "after",
      `
Lives through a month of a fleet with made-up load, minute by minute, by the rules of windlass watch, and says what it costs with and
without them. With --stack the timers, the strategy and the size are that stack's where no option says otherwise. Asks no cloud and changes
nothing. docs/simulation.md says what the load is like and what is not known.

Examples:
  $ windlass simulate                                    1,000 nodes with the timers of a fresh stack
  $ windlass simulate --compare 1,2,6,24,72              which timer is worth how many dollars and how much waiting
  $ windlass simulate --stack prod                       with the timers of that stack
  $ windlass simulate --nodes 20 --size gpu-l40sx1-48gb --idle-hours 2
  $ windlass simulate --svg month.svg --json | jq .savedUsd`,
    )
    .action(async (flags: SimulateFlags) => {
      const { svg, json, stack, cloud, cwd, ...options } = flags;
      const target = targetOptions(stack === undefined ? {} : flags);
      const result = await withSession((session) => simulate({ ...options, ...target, ...session }));
      if (svg !== undefined) writePicture(svg, result);
      if (json) printJson(result);
      else show(result);
      if (svg !== undefined && !json) print("", `picture: ${svg}`);
    });
}

function number(option: string): (text: string) => number {
  return (text) => {
    if (/^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
    throw new UserError("UsageError", { reason: `--${option} ${text}: it must be a number`, option }, { exitCode: 2 });
  };
}

function writePicture(file: string, result: SimulateResult): void {
  const { fleet, price, month, timers } = result;
  const title = `${fleet.nodes} nodes at $${price.hourlyUsd} an hour, ${Math.round(fleet.hours)} hours, made-up load (seed ${fleet.seed})`;
  const own = { what: `Windlass, ${ruleName(result)}`, usd: month.total.usd, own: true };
  const others = [...result.others, ...timers.filter(({ what }) => what !== `stop after ${month.rule.idleHours} h`)];
  const bars = [...others, own].sort((a, b) => b.usd - a.usd);
  try {
    writeFileSync(file, plotMonth(month, title, bars));
  } catch (error) {
    throw new UserError("UsageError", { reason: `--svg ${file}: ${(error as Error).message}` }, { exitCode: 2 });
  }
}

function ruleName({ month }: SimulateResult): string {
  return month.rule.idleHours === "off" ? "no stops" : `${month.rule.idleHours} h`;
}

function show(result: SimulateResult): void {
  const { fleet, price, month, savedUsd, timers, others } = result;
  const { rule, total } = month;
  const share = total.neverStoppedUsd > 0 ? (100 * savedUsd) / total.neverStoppedUsd : 0;
  print(
    bold(`${fleet.nodes} nodes, ${Math.round(fleet.hours)} hours, made-up load (seed ${fleet.seed})`),
    `$${price.hourlyUsd} an hour${price.size ? ` (${price.size}; ${price.source})` : ""}; stop after ${rule.idleHours} h below ${rule.idlePercent} %, announced ${rule.noticeMinutes} min before, strategy ${rule.strategy}`,
    "",
    ...table(
      ["LOAD", "NODES", "AT WORK", "NEVER STOPPED", "WINDLASS", "STOPS", "FALSE", "DETECTED (p95)", "RESUME (p95)"],
      [
        ...month.patterns.map((row) => patternRow(row.pattern, row, fleet.hours)),
        patternRow("all", total, fleet.hours),
      ],
    ),
    "",
    bold(`saved: ${dollars(savedUsd)} of ${dollars(total.neverStoppedUsd)} (${share.toFixed(0)} %)`),
    `false stops: ${total.falseStops} of ${total.stops}; ${total.unseenWork} more stops had work in their window that no sample showed`,
    `waiting for resumes: ${Math.round(total.waitHours)} h over all nodes, ${spread(total.wait)} each`,
  );
  const head = ["RULE", "DOLLARS", "STOPS", "FALSE", "UNSEEN", "DETECTED (p95)", "WAITING", ""];
  if (timers.length > 0) print("", ...table(head, timers.map(alternativeRow)));
  print("", ...table(head, others.map(alternativeRow)), "", "volumes cost the same either way and are not in it");
}

function patternRow(name: string, totals: Totals, hours: number): string[] {
  const { nodes, workHours, neverStoppedUsd, usd, stops, falseStops, delay, wait } = totals;
  return [
    name,
    String(nodes),
    `${((100 * workHours) / (nodes * hours)).toFixed(0)} %`,
    dollars(neverStoppedUsd),
    dollars(usd),
    String(stops),
    String(falseStops),
    spread(delay),
    spread(wait),
  ];
}

function alternativeRow(row: Alternative): string[] {
  const stops = row.stops > 0;
  return [
    row.what,
    dollars(row.usd),
    String(row.stops),
    stops ? String(row.falseStops) : "",
    stops ? String(row.unseenWork) : "",
    stops ? spread(row.delay) : "",
    stops ? `${Math.round(row.waitHours)} h` : "",
    row.note ?? "",
  ];
}

function dollars(amount: number): string {
  return `$${Math.round(amount).toLocaleString("en-US")}`;
}

/** Median and 95th percentile of minutes, in the unit that reads best. */
function spread({ count, median, p95 }: Spread): string {
  if (count === 0) return "-";
  const long = median >= 90;
  const shown = (minutes: number): string => (long ? (minutes / 60).toFixed(1) : minutes.toFixed(0));
  return `${shown(median)} ${long ? "h" : "min"} (${shown(p95)})`;
}
