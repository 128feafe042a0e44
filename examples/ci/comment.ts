import type { Plan, UpResult } from "../../runner/index.ts";

/** What a reviewer sees under a pull request: what changes, what it costs, what the rules say. Markdown. */
export function planComment(plan: Plan): string {
  const { changes, cost, policy, steps } = plan;
  const counts = Object.entries(changes).filter(([action, count]) => action !== "same" && count > 0);
  const lines = [
    `### windlass: \`${plan.stack}\``,
    counts.length === 0
      ? "No change."
      : `**${counts.map(([action, count]) => `${count} to ${action}`).join(", ")}** (${changes.same ?? 0} stay the same)`,
    "",
    `Cost: **${dollars(cost.monthly)} a month** (${signed(cost.diffMonthly)}), ${dollars(cost.hourly)} an hour while all of it runs.`,
  ];
  if (cost.unpriced.length > 0) lines.push(`Not counted, no price known: ${cost.unpriced.join(", ")}.`);
  for (const { policy: name, message, fix } of policy.violations)
    lines.push("", `:no_entry: **${name}**: ${message}. ${fix}`);
  if (steps.length > 0) {
    lines.push("", "| | resource | what changes |", "|---|---|---|");
    for (const { action, name, type, changed } of steps) {
      lines.push(`| ${action} | ${name} (${type.split(":").at(-1)}) | ${(changed ?? []).join(", ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The same for an update that has been made. */
export function resultComment(result: UpResult): string {
  const nodes = result.nodes.map((node) => `- \`${JSON.stringify(node)}\``);
  return [
    `### windlass: \`${result.stack}\` is updated`,
    `Cost: **${dollars(result.cost.monthly)} a month** while all of it runs.`,
    ...nodes,
    "",
  ].join("\n");
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

function signed(amount: number): string {
  return amount === 0 ? "no difference" : `${amount > 0 ? "+" : "-"}${dollars(Math.abs(amount))}`;
}
