import type { Decision } from "./lifecycle-decision.ts";
import { HOURS_PER_MONTH, usd } from "./units.ts";

/** How a node's measured time was spent, as far as anybody looked. */
export interface Usage {
  /** Hours that samples cover. */
  coveredHours: number;
  /** Hours of these in which no GPU had work. */
  idleHours: number;
}

/** What stopping saves, from what was measured; nothing is taken to go on until the end of the month. */
export interface Saving {
  /** The droplet, US dollars per hour. */
  hourlyUsd: number;
  /** What is billed in its place while it is stopped (snapshot), US dollars per hour; volumes are billed either way. */
  storageHourlyUsd: number;
  /** The difference: what each stopped hour saves. */
  savedPerHourUsd: number;
  /** Measured idle hours of a day; absent where nothing was measured. */
  idleHoursPerDay?: number;
  /** What a day like the measured ones saves; absent where nothing was measured. */
  perDayUsd?: number;
  /** Hours that the measurement covers. */
  measuredHours: number;
}

/** Shortest measurement that says something about days. */
const SHORTEST_MEASURE_HOURS = 24;

/** Computes the saving. Amounts in US dollars; `storageMonthlyUsd` per month of 730 hours. */
export function saving(price: { hourlyUsd: number; storageMonthlyUsd: number }, usage: Usage): Saving {
  const storageHourlyUsd = price.storageMonthlyUsd / HOURS_PER_MONTH;
  const savedPerHourUsd = price.hourlyUsd - storageHourlyUsd;
  const measured = usage.coveredHours > 0;
  const idleHoursPerDay = measured ? 24 * Math.min(1, usage.idleHours / usage.coveredHours) : 0;
  // The storage is paid in the hours of work too: a snapshot stays as long as the node is not resumed, and is kept a while afterwards.
  const perDayUsd = price.hourlyUsd * idleHoursPerDay - storageHourlyUsd * 24;
  return {
    hourlyUsd: price.hourlyUsd,
    storageHourlyUsd,
    savedPerHourUsd,
    ...(measured ? { idleHoursPerDay, perDayUsd: usd(perDayUsd) } : {}),
    measuredHours: usage.coveredHours,
  };
}

/** The saving in words. */
export function savingText(of: Saving): string {
  const { hourlyUsd, storageHourlyUsd, savedPerHourUsd, idleHoursPerDay, perDayUsd, measuredHours } = of;
  const rate = `Each stopped hour saves ${money(savedPerHourUsd)}: the droplet's ${money(hourlyUsd)} less ${money(storageHourlyUsd)} for what is stored.`;
  if (idleHoursPerDay === undefined || perDayUsd === undefined)
    return `${rate} Its idle time was not measured, so nothing is said of days.`;
  const base = `It was idle for ${rounded(idleHoursPerDay)} of 24 hours, as measured over the last ${rounded(measuredHours)} h`;
  if (measuredHours < SHORTEST_MEASURE_HOURS) return `${rate} ${base}: too short to say what a day saves.`;
  if (perDayUsd <= 0) return `${rate} ${base}: stopping it in those hours would save nothing.`;
  return `${rate} ${base}; stopped in those hours, a day like these saves ${money(perDayUsd)}.`;
}

/** The notice of a decision, before the deed (`before`) or after it. */
export function noticeText(
  decision: Decision,
  node: string,
  when: "before" | "after",
  known: { saving?: Saving; stillBilled?: readonly { name: string; monthlyUsd: number }[] } = {},
): { title: string; text: string } {
  const due = decision.dueAt === undefined ? "" : ` at ${new Date(decision.dueAt).toISOString().slice(0, 16)}Z`;
  const lines = [`Reason: ${decision.reason}.`];
  if (known.saving) lines.push(savingText(known.saving));
  for (const { name, monthlyUsd } of known.stillBilled ?? [])
    lines.push(`Still billed: ${name}, ${money(monthlyUsd)} a month.`);
  if (when === "before" && (decision.act === "notice" || decision.act === "none"))
    lines.push(`To keep it: windlass node hold ${node} --for 8h --why "..."`);
  if (when === "after" && decision.act === "stop") lines.push(`To have it back: windlass node resume ${node}`);
  return { title: `${node}: ${titleOf(decision, when)}${when === "before" ? due : ""}`, text: lines.join("\n") };
}

function titleOf({ act, topic, reason }: Decision, when: "before" | "after"): string {
  if (act === "warn") return reason.split(":")[0] ?? reason;
  if (act === "withdraw") return topic === "expire" ? "its volume will not be deleted" : "it will not be stopped";
  const expiry = topic === "expire";
  if (when === "before") return expiry ? "its volume will be archived and deleted" : "it will be stopped";
  return expiry ? "its volume was archived and deleted" : "it was stopped, and its bill has ended";
}

function money(amount: number): string {
  return `$${amount !== 0 && Math.abs(amount) < 0.01 ? amount.toFixed(4) : amount.toFixed(2)}`;
}

function rounded(hours: number): string {
  return String(Math.round(hours * 10) / 10);
}
