import type { Command } from "commander";
import { type HealthHistory, type PastAlert, type PastResult, withHistory } from "../health/history.ts";
import { pointInTime } from "../services/logs.ts";
import { resolveTarget } from "../target.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, print, printJson, table } from "./output.ts";

interface HistoryFlags extends CommonOptions {
  since: string;
  all?: boolean;
}

export function historyCommand(): Command {
  return stackCommand("history")
    .description("how it was: changes of status, availability, and what people were told")
    .argument("[service...]", "only these (default: all)")
    .option("--since <time>", "from when on: 10m, 24h, 7d, or 2026-01-02T03:04:05Z", "24h")
    .option("--all", "every result, not only changes of status")
    .addHelpText(
      "after",
      `
Results are kept for 30 days, or for as long as the health file says (history: 90d), in .windlass/health on this machine.

Examples:
  $ windlass health history
  $ windlass health history shop db --since 7d
  $ windlass health history --all --json | jq '.results[] | select(.status != "healthy")'`,
    )
    .action(run);
}

async function run(services: string[], flags: HistoryFlags): Promise<void> {
  const since = Math.round(pointInTime("--since", flags.since, Date.now()) * 1000);
  const query = { since, ...(services.length > 0 ? { services } : {}) };
  const shown: Shown = await withHistory(resolveTarget(targetOptions(flags)).home, (history) => ({
    availability: history.availability(query),
    results: history.results({ ...query, changes: !flags.all }),
    alerts: history.alerts(query),
  }));
  if (flags.json) printJson({ since: new Date(since).toISOString(), ...shown });
  else if (shown.availability.length === 0) print("nothing was looked at in that time");
  else show(shown, flags.all === true);
}

interface Shown {
  availability: ReturnType<HealthHistory["availability"]>;
  results: PastResult[];
  alerts: PastAlert[];
}

function show({ availability, results, alerts }: Shown, all: boolean): void {
  const shares = availability.map((one) => [one.service, `${one.percent} %`, String(one.checks), `${one.worst_ms} ms`]);
  print(...table(["SERVICE", "AVAILABLE", "LOOKS", "SLOWEST"], shares), "");
  print(bold(all ? "Results" : "Changes"));
  const rows = results.map(({ at, service, status, response_time_ms: ms, failed, reason }) => [
    ...[`${at.slice(0, 19)}Z`, service, status, `${ms} ms`, failed.join(", ") + (reason ? `: ${reason}` : "")],
  ]);
  print(...table(["AT", "SERVICE", "STATUS", "ANSWERED", "FAILED"], rows));
  if (alerts.length === 0) return;
  const told = alerts.map(({ at, service, rule, news, severity, reason }) => [
    `${at.slice(0, 19)}Z`,
    service,
    rule,
    `${news} (${severity})`,
    reason,
  ]);
  print("", bold("Alerts"), ...table(["AT", "SERVICE", "RULE", "NEWS", "REASON"], told));
}
