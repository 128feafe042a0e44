import type { CostNode } from "../../domain/cost/compare.ts";
import type { UsageLine } from "../../domain/cost/estimate.ts";
import type { CostReport } from "../pricing/report.ts";
import { bold, dim, dollars, table } from "./output.ts";
import { kindOf } from "./reporter.ts";

/** The tree by component, what depends on usage, the total, the coverage, the age of the prices. */
export function text(report: CostReport): string[] {
  const rows = report.tree.flatMap((node) => treeRows(node, 0));
  const lines = rows.length > 0 ? [...table(["", "WHAT", "PER HOUR", "PER MONTH", "CHANGE"], rows), ""] : [];
  const usage = usageLines(report);
  return [
    bold(report.subject),
    ...lines,
    ...(usage.length > 0 ? ["depends on usage:", ...usage.map((line) => `  ${line}`), ""] : []),
    totalLine(report),
    coverageLine(report),
    ...report.reasons.map(({ name, type, reason }) => dim(`  not priced: ${kindOf(type)} ${name}: ${reason}`)),
    ...(report.pricesAsOf ? [dim(`prices of ${report.pricesAsOf} and later; a month is 730 h`)] : []),
    ...report.warnings.map((warning) => `warning: ${warning}`),
  ];
}

/** The same for a pull request: the total first, the table folded in. */
export function markdown(report: CostReport): string[] {
  const rows = report.tree.flatMap((node) => treeRows(node, 0));
  const cells = rows.map(
    (row) => `| ${row.map((cell) => escaped(cell).replaceAll("  ", "&nbsp;&nbsp;")).join(" | ")} |`,
  );
  const usage = usageLines(report);
  return [
    `### Cost of ${escaped(report.subject)}`,
    "",
    `**${totalLine(report)}**`,
    "",
    `${coverageLine(report)}${report.pricesAsOf ? ` Prices of ${report.pricesAsOf} and later.` : ""}`,
    ...(rows.length > 0
      ? [
          "",
          "<details><summary>Resources</summary>",
          "",
          "| | What | Per hour | Per month | Change |",
          "|---|---|--:|--:|--:|",
          ...cells,
          "",
          "</details>",
        ]
      : []),
    ...(usage.length > 0 ? ["", "Depends on usage:", ...usage.map((line) => `- ${escaped(line)}`)] : []),
    ...(report.reasons.length > 0
      ? [
          "",
          "Not priced:",
          ...report.reasons.map(({ name, type, reason }) => `- ${escaped(`${kindOf(type)} ${name}: ${reason}`)}`),
        ]
      : []),
    ...(report.warnings.length > 0 ? ["", ...report.warnings.map((warning) => `> :warning: ${escaped(warning)}`)] : []),
  ];
}

function treeRows(node: CostNode, depth: number): string[][] {
  const difference = node.monthly - node.previousMonthly;
  const priced = node.unpriced === undefined;
  const row = [
    `${"  ".repeat(depth)}${node.change === "=" ? " " : node.change} ${node.name}`,
    node.children.length > 0 && node.what === ""
      ? ""
      : priced
        ? `${kindOf(node.type)} ${node.what}`
        : kindOf(node.type),
    priced && node.change !== "-" ? hourly(node.hourly) : "",
    priced ? (node.change === "-" ? dollars(0) : dollars(node.monthly)) : "not priced",
    difference === 0 ? "" : signed(difference),
  ];
  const parts = node.parts.map(({ what, monthly }) => ["  ".repeat(depth + 2), what, "", dollars(monthly), ""]);
  return [row, ...parts, ...node.children.flatMap((child) => treeRows(child, depth + 1))];
}

function usageLines({ tree, transfer }: CostReport): string[] {
  const items = tree.flatMap(all).flatMap(({ name, usage }) => usage.map((line) => `${name}: ${usageText(line)}`));
  if (!transfer) return items;
  const { includedGiB, usdPerGiB, outboundGiB, monthly } = transfer;
  const said = outboundGiB === undefined ? "" : `; ${outboundGiB} GiB said: ${dollars(monthly ?? 0)}`;
  return [
    ...items,
    `outbound transfer of all droplets: ${includedGiB} GiB a month come with them, then $${usdPerGiB} per GiB${said}`,
  ];
}

function usageText({ what, unitUsd, per, included, quantity, monthly, key }: UsageLine): string {
  const price = unitUsd === null ? `no price per ${per} is known` : `$${unit(unitUsd)} per ${per}`;
  const free = included ? `, ${included} come with it` : "";
  const said =
    quantity === undefined
      ? ` (${key})`
      : `; ${quantity} said: ${monthly === undefined ? "no price" : dollars(monthly)}`;
  return `${what}: ${price}${free}${said}`;
}

/** `$0.00 -> $12.00 per month (+$12.00), $0.02 per hour`, with the percentage where there was something before. */
export function totalLine({ previousMonthly, monthly, diffMonthly, hourly: hour, unpriced }: CostReport): string {
  const atLeast = unpriced.length > 0 ? "at least " : "";
  if (diffMonthly === 0) return `total: ${atLeast}${dollars(monthly)} per month, ${dollars(hour)} per hour`;
  const percent =
    previousMonthly > 0 ? `, ${diffMonthly > 0 ? "+" : ""}${Math.round((diffMonthly / previousMonthly) * 100)} %` : "";
  const change = `${dollars(previousMonthly)} -> ${dollars(monthly)} per month (${signed(diffMonthly)}${percent})`;
  return `total: ${atLeast}${change}, ${dollars(hour)} per hour`;
}

/** How much of the stack the total stands for. */
export function coverageLine({ coverage, unpriced }: CostReport): string {
  const { resources, priced, free, usage } = coverage;
  if (resources === 0) return "0 resources: there is nothing to price";
  const parts = [
    ...(priced > 0 ? [`${priced} priced`] : []),
    ...(free > 0 ? [`${free} free`] : []),
    ...(usage > 0 ? [`${usage} ${usage === 1 ? "depends" : "depend"} on usage`] : []),
    ...(unpriced.length > 0 ? [`${unpriced.length} not priced: ${unpriced.join(", ")}`] : []),
  ];
  return `${resources} ${resources === 1 ? "resource" : "resources"}: ${parts.join(", ")}`;
}

function all(node: CostNode): CostNode[] {
  return [node, ...node.children.flatMap(all)];
}

/** Small droplets cost less than a cent an hour. */
function hourly(amount: number): string {
  return amount > 0 && amount < 1 ? `$${amount.toFixed(4)}` : dollars(amount);
}

function signed(amount: number): string {
  return `${amount > 0 ? "+" : "-"}${dollars(Math.abs(amount))}`;
}

function unit(amount: number): string {
  return amount < 0.001 ? amount.toPrecision(3) : String(amount);
}

/** Names are the program's: they must not turn into Markdown. */
function escaped(value: string): string {
  return value.replaceAll(/[\\|*_`<>[\]]/g, (mark) => `\\${mark}`);
}
