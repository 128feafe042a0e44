import { userInfo } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { UserError } from "../../domain/errors.ts";
import { OWN_ROOT } from "../own-root.ts";
import { resolveTarget } from "../target.ts";
import type { PassResult } from "../watch/result.ts";
import { cronLine, systemdUnit } from "../watch/unit.ts";
import { WATCH_SECONDS, watch } from "../watch/watch.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

interface WatchFlags extends CommonOptions {
  node?: string;
  once?: boolean;
  every: string;
  metrics?: string;
  printUnit?: boolean | string;
}

export default function command(): Command {
  return stackCommand("watch")
    .option("-n, --node <name>", "the node (default: the one of the config)")
    .option("--once", "one pass: for cron and CI")
    .option("--dry-run", "look and decide, change nothing")
    .option("--every <seconds>", "seconds between two passes", String(WATCH_SECONDS))
    .option("--metrics <file.prom>", "keep calls and circuit breakers there, for node_exporter's textfile collector")
    .option("--print-unit [kind]", "print a systemd unit, or a line of cron (systemd, cron), and end")
    .addHelpText(
      "after",
      `
Stops an idle node after windlass:autoShutdownHours, any node after windlass:maxLifetimeHours, archives a stopped one after
windlass:expireStoppedDays; each announced before (Slack, mail). Whatever is not known counts as activity. Every decision is in
.windlass/audit/. Two watchers of a stack do not act twice. With --json: one document with --once, else one line for each pass.

Examples:
  $ windlass watch --stack prod
  $ windlass watch --once --json
  $ windlass watch --once --dry-run         what it would do now
  $ windlass watch --print-unit >/etc/systemd/system/windlass-watch-prod.service`,
    )
    .action(run);
}

async function run(flags: WatchFlags): Promise<void> {
  if (flags.printUnit !== undefined) return printUnit(flags);
  const everySeconds = Number(flags.every);
  if (!(everySeconds >= 1))
    throw usage(`--every ${flags.every} is not a number of seconds`, "use 1 or more, for example --every 60");
  const last = await withSession((session) =>
    watch({
      ...targetOptions(flags),
      ...session,
      ...(flags.node ? { node: flags.node } : {}),
      ...(flags.metrics === undefined ? {} : { metricsFile: flags.metrics }),
      ...{ once: flags.once === true, dryRun: flags.dryRun === true, everySeconds },
      onPass: (result) => show(result, flags),
    }),
  );
  // 4 = partly done: what did not work is in the result.
  if (flags.once && last.outcome !== "skipped" && last.errors.length > 0) process.exitCode = 4;
}

function show(result: PassResult, flags: WatchFlags): void {
  if (flags.json && flags.once) printJson(result);
  else if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else print(...lines(result));
}

const DEEDS = { notice: "announced", withdraw: "announcement taken back", stop: "stopped", expire: "expired" } as const;

function lines(result: PassResult): string[] {
  const { at, node, phase, decision, holder } = result;
  const head = `${at.slice(0, 19)}Z  ${node}`;
  if (result.outcome === "skipped") return [`${head}: skipped, ${holder} is watching`];
  const lines = [`${head} (${phase ?? "not reached"}): ${decision ? deed(decision) : "nothing decided"}`];
  for (const { reason } of result.warnings) lines.push(`  warning: ${reason}`);
  for (const one of result.budgets ?? []) if (one.news.length > 0 || one.exhausted) lines.push(`  ${budget(one)}`);
  const { retention, sweep } = result;
  if (retention && retention.items > 0)
    lines.push(
      `  windlass gc would remove ${retention.items} things, $${retention.monthlySavedUsd.toFixed(2)} a month`,
    );
  if (sweep && sweep.orphans > 0)
    lines.push(`  windlass sweep finds ${sweep.orphans} orphans, $${sweep.orphansDailyUsd.toFixed(2)} a day`);
  for (const { phase, severity, service, rule, reason } of result.health?.alerts ?? [])
    lines.push(`  alert ${phase} (${severity}): ${service}: ${rule}: ${reason}`);
  for (const { part, reason } of result.errors) lines.push(`  ${part} failed: ${reason}`);
  return lines;
}

function budget({ reason, outcome, dueAt }: NonNullable<PassResult["budgets"]>[number]): string {
  const due = dueAt === undefined ? "" : ` (due ${new Date(dueAt).toISOString().slice(0, 16)}Z)`;
  const came =
    outcome === undefined ? "" : outcome === "done" ? "; the node was stopped" : "; the node could not be stopped";
  return `budget: ${reason}${due}${came}`;
}

function deed({ act, outcome, reason, dueAt }: NonNullable<PassResult["decision"]>): string {
  const due = dueAt === undefined ? "" : ` (due ${new Date(dueAt).toISOString().slice(0, 16)}Z)`;
  if (act === "none" || act === "warn") return `${reason}${due}`;
  const word =
    outcome === "done"
      ? DEEDS[act]
      : outcome === "planned"
        ? `would ${act}`
        : `${act} ${outcome === "failed" ? "failed" : "put off"}`;
  return `${word}: ${reason}${due}`;
}

function printUnit(flags: WatchFlags): void {
  const target = resolveTarget(targetOptions(flags));
  const unit = {
    program: join(OWN_ROOT, "windlass"),
    root: target.root,
    stack: target.stack,
    user: userInfo().username,
  };
  const kind = flags.printUnit === true ? "systemd" : flags.printUnit;
  if (kind !== "systemd" && kind !== "cron") throw usage(`--print-unit ${kind} is not known`, "use systemd or cron");
  const text = kind === "systemd" ? systemdUnit(unit) : cronLine(unit);
  if (flags.json) printJson({ kind, text });
  else process.stdout.write(text);
}

function usage(reason: string, suggestion: string): UserError {
  return new UserError("UsageError", { reason, suggestion }, { exitCode: 2 });
}
