import type { Command } from "commander";
import { health, healthError } from "../health.ts";
import { printError } from "./errors.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return stackCommand("health")
    .argument("[node]", "only this node")
    .addHelpText(
      "after",
      `
Exit code 1 when a node is unhealthy. With --json a Health Check Result, or a list of them when the stack has several nodes.

Examples:
  $ windlass health
  $ windlass health --json | jq .metrics.gpu_util_percent`,
    )
    .action(async (node: string | undefined, options: CommonOptions) => {
      const results = await withSession(({ signal, onEvent }) =>
        health({ ...targetOptions(options), signal, onEvent, ...(node ? { node } : {}) }),
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
      if (unhealthy) printError(healthError(unhealthy), false);
    });
}

function percent(value: number | null): string {
  return value === null ? "?" : `${value} %`;
}
