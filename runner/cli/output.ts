import { styleText } from "node:util";
import type { CostEstimate } from "../cost.ts";
import type { Changes } from "../engine/events.ts";

/** One JSON document on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

export function bold(text: string): string {
  return styleText("bold", text, { stream: process.stdout });
}

export function dim(text: string): string {
  return styleText("dim", text, { stream: process.stdout });
}

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [dim(line(head)), ...rows.map(line)];
}

/** `$1,234.50`. */
export function dollars(amount: number): string {
  return `$${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function changesLine(changes: Changes): string {
  const words: [keyof Changes, string][] = [
    ["create", "to make"],
    ["import", "to adopt"],
    ["update", "to change"],
    ["replace", "to replace"],
    ["delete", "to remove"],
    ["same", "as they are"],
  ];
  return words.flatMap(([key, word]) => (changes[key] ? [`${changes[key]} ${word}`] : [])).join(", ") || "nothing";
}

/** `$0.00 -> $2524.70 per month (+$2524.70)`, and what is not in it. */
export function costLine(cost: CostEstimate): string {
  const unpriced = cost.unpriced.length > 0 ? `; not priced: ${cost.unpriced.join(", ")}` : "";
  const now = `$${cost.hourly.toFixed(2)} per hour, $${cost.monthly.toFixed(2)} per month of 730 h`;
  if (cost.diffMonthly === 0) return `cost: ${now}${unpriced}`;
  const sign = cost.diffMonthly > 0 ? "+" : "-";
  const change = `$${cost.previousMonthly.toFixed(2)} -> $${cost.monthly.toFixed(2)} per month (${sign}$${Math.abs(cost.diffMonthly).toFixed(2)})`;
  return `cost: ${change}, $${cost.hourly.toFixed(2)} per hour${unpriced}`;
}
