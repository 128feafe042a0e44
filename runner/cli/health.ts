import type { Command } from "commander";
import type { CircuitBreakerResult } from "../../domain/health/result.ts";
import { requestReset } from "../breakers.ts";
import { healthError, nodesHealth } from "../health/nodes.ts";
import { resolveTarget } from "../target.ts";
import { printError } from "./errors.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return stackCommand("health")
    .argument("[node]", "only this node")
    .option("--reset-breaker <name>", "close a circuit breaker of the running watchers by hand, and look at no node")
    .addHelpText(
      "after",
      `
Exit code 1 when a node is unhealthy. With --json a Health Check Result, or a list of them when the stack has several nodes.
Circuit breakers that are not closed are shown too: a service that failed five times within a minute is not asked for a minute.

Examples:
  $ windlass health
  $ windlass health --json | jq .metrics.gpu_util_percent
  $ windlass health --reset-breaker api.digitalocean.com`,
    )
    .action(async (node: string | undefined, options: CommonOptions & { resetBreaker?: string }) => {
      if (options.resetBreaker !== undefined) return reset(options.resetBreaker, options);
      const results = await withSession(({ signal, onEvent }) =>
        nodesHealth({ ...targetOptions(options), signal, onEvent, ...(node ? { node } : {}) }),
      );
      const unhealthy = results.find(({ status }) => status === "unhealthy");
      if (unhealthy) process.exitCode = 1;
      if (options.json) return printJson(results.length === 1 ? results[0] : results);
      const rows = results.map(({ service, status, response_time_ms: ms, metrics: m, checks }) => [
        ...[
          service,
          status,
          `${ms} ms`,
          percent(m.gpu_util_percent),
          percent(m.cpu_percent),
          percent(m.memory_percent),
        ],
        m.disk_used_gb === null ? "?" : `${m.disk_used_gb} of ${m.disk_total_gb} GiB`,
        Object.entries(checks)
          .flatMap(([name, ok]) => (ok ? [] : [name]))
          .join(", "),
      ]);
      print(...table(["NODE", "STATUS", "ANSWERED", "GPU", "CPU", "MEMORY", "DISK", "FAILED"], rows));
      for (const breaker of results[0]?.circuit_breakers ?? []) if (breaker.state !== "closed") print(line(breaker));
      if (unhealthy) printError(healthError(unhealthy), false);
    });
}

function reset(name: string, options: CommonOptions): void {
  const meant = requestReset(resolveTarget(targetOptions(options)).home, name);
  if (options.json) printJson(meant);
  else for (const { service, destination, pid } of meant) print(`${service} ${destination}: process ${pid} closes it`);
}

function line({ service, destination, state, probe_at, last_failure, pid }: CircuitBreakerResult): string {
  const until = state === "open" ? ` until ${probe_at?.slice(0, 19)}Z` : "";
  return `circuit breaker ${service} ${destination} is ${state}${until} in process ${pid}: ${last_failure}`;
}

function percent(value: number | null): string {
  return value === null ? "?" : `${value} %`;
}
