import { type Command, InvalidArgumentError } from "commander";
import { UserError } from "../../domain/errors.ts";
import type { CircuitBreakerResult, HealthResult } from "../../domain/health/result.ts";
import { requestReset } from "../breakers.ts";
import { healthError } from "../health/error.ts";
import { type Alerting, type HealthLook, type HealthOptions, lookAtHealth } from "../health/look.ts";
import { listenAddress } from "../health/server.ts";
import { watchHealth } from "../health/watch.ts";
import { noticeChannels } from "../notices.ts";
import { stackConfig } from "../prepare.ts";
import type { OnEvent } from "../progress.ts";
import { resolveTarget } from "../target.ts";
import { printError } from "./errors.ts";
import { historyCommand } from "./health-history.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface HealthFlags extends CommonOptions {
  target?: string[];
  file?: string;
  notify?: boolean;
  watch?: boolean;
  every?: number;
  listen?: string;
  metrics?: string;
  resetBreaker?: string;
}

export default function command(): Command {
  return stackCommand("health")
    .enablePositionalOptions()
    .argument("[node]", "only this node")
    .option("-t, --target <address>", "only this: a name in the health file, or an address (repeatable)", collect)
    .option(
      "-f, --file <health.yaml>",
      "what is asked, and when people are told (default: health.yaml beside Pulumi.yaml)",
    )
    .option("--notify", "judge by the alert rules, and tell people by Slack and mail what is new: for cron")
    .option("-w, --watch", "look again and again until Ctrl-C, and tell people")
    .option("--every <seconds>", "seconds between two looks (default: the health file's, else 60)", seconds)
    .option("--listen <address>", "with --watch: serve /metrics and /health there; a port, or HOST:PORT")
    .option("--metrics <file.prom>", "with --watch: keep the metrics there, for node_exporter's textfile collector")
    .option("--reset-breaker <name>", "close a circuit breaker of the running watchers by hand, and look at nothing")
    .addHelpText("after", HELP)
    .addCommand(historyCommand())
    .action(run);
}

const HELP = `
Looks at the targets of the health file, else at every node of the stack over ssh. Addresses: https://HOST/PATH, tcp://HOST:PORT,
postgres://USER:PASSWORD@HOST/DATABASE, redis://HOST, langfuse+https://HOST, prometheus+http://HOST:9090, services:PROJECT,
services:PROJECT/SERVICE, node:NAME, node:*, droplet:NAME. Results are kept for windlass health history.

Exit code 1 when something is unhealthy. With --json a Health Check Result, or a list of them when there are several; with --watch one line
for each look. Circuit breakers that are not closed are shown too: a service that failed five times within a minute is not asked for a minute.

Examples:
  $ windlass health
  $ windlass health --json | jq .metrics.gpu_util_percent
  $ windlass health --target services:trading --target https://shop.example.com/health
  $ windlass health --watch --listen 9105 --file health.yaml
  $ windlass health history --since 24h
  $ windlass health --reset-breaker api.digitalocean.com`;

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function seconds(text: string): number {
  const value = Number(text);
  if (value >= 1) return value;
  throw new InvalidArgumentError("give a number of seconds, 1 or more");
}

function alone(flag: string): UserError {
  const suggestion = "give --watch too";
  return new UserError("UsageError", { reason: `--${flag} goes with --watch`, suggestion }, { exitCode: 2 });
}

async function run(node: string | undefined, flags: HealthFlags): Promise<void> {
  if (flags.resetBreaker !== undefined) return reset(flags.resetBreaker, flags);
  const options: HealthOptions = {
    ...targetOptions(flags),
    ...(node === undefined ? {} : { node }),
    ...(flags.target ? { targets: flags.target } : {}),
    ...(flags.file === undefined ? {} : { file: flags.file }),
  };
  if (flags.watch) return watch(options, flags);
  for (const name of ["every", "listen", "metrics"] as const) if (flags[name] !== undefined) throw alone(name);
  const look = await withSession(async ({ signal, onEvent }) => {
    const alerting = flags.notify ? await alertingOf(flags, onEvent) : undefined;
    return lookAtHealth({ ...options, signal, onEvent }, alerting);
  });
  const unhealthy = look.results.find(({ status }) => status === "unhealthy");
  if (unhealthy) process.exitCode = 1;
  if (flags.json) return printJson(look.results.length === 1 ? look.results[0] : look.results);
  show(look);
  const breakers = look.results[0]?.circuit_breakers ?? [];
  for (const breaker of breakers) if (breaker.state !== "closed") print(breakerLine(breaker));
  if (unhealthy) printError(healthError(unhealthy), false);
}

async function watch(options: HealthOptions, flags: HealthFlags): Promise<void> {
  const { every, listen, metrics } = flags;
  await withSession(async ({ signal, onEvent }) =>
    watchHealth({
      ...{ ...options, alerting: await alertingOf(flags, onEvent), signal, onEvent },
      ...(every === undefined ? {} : { everySeconds: every }),
      ...(listen === undefined ? {} : { listen: listenAddress(listen) }),
      ...(metrics === undefined ? {} : { metricsFile: metrics }),
      onListening: (url) => onEvent({ kind: "note", level: "info", text: `${url}/metrics and ${url}/health` }),
      onLook: (look) => {
        if (flags.json) process.stdout.write(`${JSON.stringify(look)}\n`);
        else show(look, look.at.slice(0, 19));
      },
    }),
  );
}

async function alertingOf(flags: HealthFlags, onEvent: OnEvent): Promise<Alerting> {
  const target = resolveTarget(targetOptions(flags));
  const channels = await noticeChannels(target, stackConfig(target));
  const { slackUrl, smtpUrl, emailTo } = channels;
  if (slackUrl === undefined && (smtpUrl === undefined || emailTo.length === 0)) {
    const text = "neither Slack nor mail is set (WINDLASS_SLACK_WEBHOOK_URL, windlass:smtpUrl with windlass:emailTo)";
    onEvent({ kind: "note", level: "warning", text: `${text}: alerts are shown and kept, and sent to nobody` });
  }
  return { channels };
}

function show({ results, alerts }: HealthLook, at?: string): void {
  if (at !== undefined) print(`${at}Z`);
  const head = ["SERVICE", "STATUS", "ANSWERED", "GPU", "CPU", "MEMORY", "DISK", "FAILED"];
  print(...table(head, results.map(row)));
  for (const { rule, service, severity, phase, reason } of alerts)
    print(`${phase} (${severity}): ${service}: ${rule}: ${reason}`);
}

function row({ service, status, response_time_ms: ms, metrics: m, checks, reason }: HealthResult): string[] {
  const failed = Object.entries(checks).flatMap(([name, ok]) => (ok ? [] : [name]));
  return [
    ...[service, status, `${ms} ms`, percent(m.gpu_util_percent), percent(m.cpu_percent), percent(m.memory_percent)],
    m.disk_used_gb === null ? "-" : `${m.disk_used_gb} of ${m.disk_total_gb} GiB`,
    failed.join(", ") + (reason ? `: ${reason}` : ""),
  ];
}

function reset(name: string, flags: CommonOptions): void {
  const meant = requestReset(resolveTarget(targetOptions(flags)).home, name);
  if (flags.json) printJson(meant);
  else for (const { service, destination, pid } of meant) print(`${service} ${destination}: process ${pid} closes it`);
}

function breakerLine({ service, destination, state, probe_at, last_failure, pid }: CircuitBreakerResult): string {
  const until = state === "open" ? ` until ${probe_at?.slice(0, 19)}Z` : "";
  return `circuit breaker ${service} ${destination} is ${state}${until} in process ${pid}: ${last_failure}`;
}

function percent(value: number | null): string {
  return value === null ? "-" : `${value} %`;
}
