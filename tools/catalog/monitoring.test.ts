import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { load } from "../../catalog/services/testing/load.ts";
import { environmentMetrics } from "../../clients/resilience/environment-metrics.ts";
import { breakerMetrics } from "../../clients/resilience/metrics.ts";
import { HEALTH_LIMITS, HEALTH_METRICS, type HealthResult } from "../../domain/health/result.ts";
import { healthMetrics } from "../../runner/health/metrics.ts";
import { MONITORED, monitoredStack, monitoringFile } from "./monitoring.ts";

/**
 * Metrics that Prometheus makes of every scrape (its documentation, "Jobs and instances"), and of those that it exports itself the ones in use here;
 * a test with a real Prometheus asks for all of them.
 */
const PROMETHEUS = [
  ...["up", "scrape_duration_seconds"],
  ...["prometheus_tsdb_head_series", "prometheus_tsdb_head_samples_appended_total"],
];

interface Panel {
  id: number;
  title: string;
  datasource: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { refId: string; expr: string }[];
}
interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
}
interface Rules {
  groups: { rules: { alert: string; expr: string; for?: string }[] }[];
}

const FILES = ["health", "calls", "machines"];
const dashboard = (name: string) => JSON.parse(monitoringFile(`dashboards/${name}.json`)) as Dashboard;
const rules = (parse(monitoringFile("alerts.yaml")) as Rules).groups.flatMap((group) => group.rules);

/** Every name that Windlass exports, from the text that it really writes. */
async function exported(): Promise<Set<string>> {
  const result: HealthResult = {
    ...{ service: "s", status: "healthy", endpoint: "e", response_time_ms: 1, checks: { c: true } },
    metrics: Object.fromEntries(HEALTH_METRICS.map((name) => [name, 1])) as HealthResult["metrics"],
    last_checked: "2026-11-21T10:00:00Z",
  };
  const alert = { rule: "r", service: "s", severity: "warning", phase: "firing", since: "", reason: "" } as const;
  const counts = { succeeded: 1, failed: 1, refused: 1, retried: 1, opened: 1 };
  const breaker = { service: "s3", destination: "d", state: "open", failures: 5, counts } as const;
  const environment = { queueDepth: 1, gpuWaits: [2], errorRate: 0.5 };
  const text =
    (await healthMetrics([result], [alert])) +
    (await breakerMetrics([breaker as never])) +
    (await environmentMetrics(environment));
  return new Set(text.split("\n").flatMap((line) => /^([a-z_]+)[{ ]/.exec(line)?.[1] ?? []));
}

/** Names of metrics in an expression: words that are no functions, labels or operators of PromQL. */
function metricsIn(expression: string): string[] {
  const bare = expression.replaceAll(/\{[^}]*\}|\[[^\]]*\]|\b(by|without)\s*\([^)]*\)/g, " ");
  const words = [...bare.matchAll(/[a-z_:][\w:]*(?!\s*\()\b/g)].map(([word]) => word);
  return words.filter(
    (word) => !["or", "and", "unless", "by", "sum", "count", "rate", "increase", "time", "vector"].includes(word),
  );
}

test.each(Object.keys(MONITORED))(
  "%s has the files of monitoring as they are now: node tools/catalog/monitoring.ts",
  (stack) => {
    const { is, should } = monitoredStack(stack);
    expect(is).toBe(should);
  },
);

test.each(Object.entries(MONITORED))(
  "%s hands every file over whole, where the service looks for it",
  (stack, files) => {
    const { configs, services } = load(stack).project;
    const uses = Object.values(services).flatMap((service) => service.configs ?? []);
    for (const [name, source] of Object.entries(files)) {
      const content = configs?.[name]?.content ?? "";
      // The model that is printed keeps the dollar doubled, for whoever reads it again.
      const text = content.replaceAll("$$", "$");
      const same = source.endsWith(".json") ? JSON.parse(text) : parse(text);
      expect(same).toEqual(parse(monitoringFile(source)));
      expect(uses.find((use) => use.source === name)?.target).toMatch(/^\/etc\/(prometheus|grafana)\//);
    }
    const scraped = parse(configs?.prometheus?.content ?? "") as { rule_files: string[] };
    expect(scraped.rule_files).toEqual([uses.find((use) => use.source === "prometheus-alerts")?.target]);
  },
);

describe.each(FILES)("the dashboard %s", (name) => {
  const { panels, uid } = dashboard(name);

  test("asks for metrics that there are", async () => {
    const known = new Set([...(await exported()), ...PROMETHEUS]);
    for (const { title, targets } of panels)
      for (const { expr } of targets) {
        expect(metricsIn(expr).length, title).toBeGreaterThan(0);
        for (const metric of metricsIn(expr)) expect(known.has(metric), `${title}: ${metric}`).toBe(true);
      }
  });

  test("has panels with names of their own, side by side, on the provisioned source", () => {
    const { datasources } = parse(monitoringFile("datasources.yaml")) as { datasources: { uid: string }[] };
    expect(uid).toBe(`windlass-${name}`);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
    for (const { datasource } of panels) expect(datasource.uid).toBe(datasources[0]?.uid);
  });
});

test("the rules ask for metrics that there are, with the limits of windlass health", async () => {
  const known = new Set([...(await exported()), ...PROMETHEUS]);
  for (const { alert, expr } of rules)
    for (const metric of metricsIn(expr)) expect(known.has(metric), `${alert}: ${metric}`).toBe(true);
  const limitOf = (alert: string) =>
    Number(/> (\d+)$/.exec(rules.find((rule) => rule.alert === alert)?.expr ?? "")?.[1]);
  expect(limitOf("HighCpu")).toBe(HEALTH_LIMITS.cpuPercent);
  expect(limitOf("LowDiskSpace")).toBe(HEALTH_LIMITS.diskPercent);
  expect(limitOf("HotGpu")).toBe(HEALTH_LIMITS.gpuTemperatureC);
});
