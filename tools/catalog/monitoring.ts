/**
 * `node tools/catalog/monitoring.ts` puts the files of catalog/services/monitoring into the Compose files that run Prometheus and Grafana: a file of
 * the catalog needs no other, so that it works by its name, on any engine, and for `docker compose` alike.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const SERVICES = resolve(import.meta.dirname, "../../catalog/services");
const BEGIN = "  # What catalog/services/monitoring has, by: node tools/catalog/monitoring.ts";
const END = "  # End of monitoring.";

const ALERTS = { "prometheus-alerts": "alerts.yaml" };
const GRAFANA = {
  "grafana-datasources": "datasources.yaml",
  "grafana-dashboards": "dashboards.yaml",
  "grafana-health": "dashboards/health.json",
  "grafana-calls": "dashboards/calls.json",
  "grafana-machines": "dashboards/machines.json",
};

/** Files of monitoring by the name of their config, for each stack that has Prometheus. */
export const MONITORED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "agent-tools": ALERTS,
  trading: { ...ALERTS, ...GRAFANA },
};

/** A file of catalog/services/monitoring. */
export function monitoringFile(name: string): string {
  return readFileSync(resolve(SERVICES, "monitoring", name), "utf8");
}

/** The Compose file of a stack as it is, and as it has to be. */
export function monitoredStack(stack: string): { file: string; is: string; should: string } {
  const file = resolve(SERVICES, `${stack}.yaml`);
  const is = readFileSync(file, "utf8");
  const [before, after] = [is.indexOf(BEGIN), is.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${file} must have the lines "${BEGIN}" and "${END}"`);
  const configs = Object.entries(MONITORED[stack] ?? {}).map(([name, source]) => config(name, source));
  return { file, is, should: `${is.slice(0, before)}${BEGIN}\n${configs.join("")}${is.slice(after)}` };
}

/** A dollar is doubled, because Compose takes one for a variable; a dashboard is one line, which Grafana does not mind. */
function config(name: string, source: string): string {
  const text = monitoringFile(source);
  const short = source.endsWith(".json") ? `${JSON.stringify(JSON.parse(text))}\n` : text;
  const lines = short.replaceAll("$", "$$$$").trimEnd().split("\n");
  return `  ${name}:\n    content: |\n${lines.map((line) => (line === "" ? "\n" : `      ${line}\n`)).join("")}`;
}

if (process.argv[1] === import.meta.filename)
  for (const stack of Object.keys(MONITORED)) {
    const { file, should } = monitoredStack(stack);
    writeFileSync(file, should);
  }
