import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type HealthResult, NO_METRICS } from "../../domain/health/result.ts";
import { HealthHistory } from "./history.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-21T00:00:00Z");
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "windlass-history-"));
  return () => rmSync(home, { recursive: true, force: true });
});

function opened(): HealthHistory {
  const history = new HealthHistory(home);
  onTestFinished(() => history.close());
  return history;
}

const result = (hour: number, service: string, status: HealthResult["status"]): HealthResult => ({
  ...{
    service,
    status,
    endpoint: "tcp://it:1",
    response_time_ms: hour + 1,
    checks: { tcp_open: status !== "unhealthy" },
  },
  metrics: { ...NO_METRICS, queue_depth: hour },
  last_checked: new Date(START + hour * HOUR).toISOString(),
  ...(status === "unhealthy" ? { reason: "refused" } : {}),
});

test("tells changes of status, availability, and everything", () => {
  const history = opened();
  const web = ["healthy", "healthy", "unhealthy", "unhealthy", "degraded", "healthy", "healthy", "healthy"] as const;
  for (const [hour, status] of web.entries())
    history.add([result(hour, "web", status), result(hour, "db", "healthy")], 30 * 24 * HOUR, START + hour * HOUR);
  const changes = history.results({ since: START, services: ["web"], changes: true });
  expect(changes.map(({ at, status }) => [at.slice(11, 13), status])).toEqual([
    ["00", "healthy"],
    ["02", "unhealthy"],
    ["04", "degraded"],
    ["05", "healthy"],
  ]);
  expect(changes[1]).toEqual({
    ...{ at: "2026-11-21T02:00:00.000Z", service: "web", status: "unhealthy", response_time_ms: 3 },
    ...{ failed: ["tcp_open"], reason: "refused", metrics: { queue_depth: 2 } },
  });
  expect(history.availability({ since: START })).toEqual([
    { service: "db", checks: 8, percent: 100, worst_ms: 8 },
    { service: "web", checks: 8, percent: 75, worst_ms: 8 },
  ]);
  expect(history.results({ since: START + 6 * HOUR })).toHaveLength(4);
});

test("forgets what is older than it is to be kept", () => {
  const history = opened();
  for (let hour = 0; hour < 10; hour++) history.add([result(hour, "web", "healthy")], 3 * HOUR, START + hour * HOUR);
  expect(history.results({ since: 0 }).map(({ at }) => at.slice(11, 13))).toEqual(["06", "07", "08", "09"]);
});

test("processes that write at the same time lose nothing, and one that is killed leaves no damage", {
  timeout: 60_000,
}, async () => {
  const program = `
    import { HealthHistory } from ${JSON.stringify(import.meta.resolve("./history.ts"))};
    const [home, name, count] = process.argv.slice(1);
    for (let at = 1; at <= Number(count); at++) {
      const history = new HealthHistory(home);
      const result = { service: name, status: "healthy", response_time_ms: 1, checks: {}, metrics: {}, last_checked: new Date(at).toISOString() };
      history.add([result], Infinity, at);
      if (at === 1) console.log("first");
    }`;
  const start = (name: string, count: number) =>
    spawn(process.execPath, ["--input-type=module", "-e", program, home, name, String(count)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  const endless = start("killed", 1_000_000);
  const [event] = await Promise.race([once(endless.stdout, "data"), once(endless, "close")]);
  expect(String(event)).toBe("first\n");
  const writers = ["a", "b"].map((name) => start(name, 100));
  const ended = await Promise.all(writers.map(async (child) => (await once(child, "close"))[0]));
  endless.kill("SIGKILL");
  await once(endless, "close");
  expect(ended).toEqual([0, 0]);
  const history = opened();
  expect(history.results({ since: 0, services: ["a"] })).toHaveLength(100);
  expect(history.results({ since: 0, services: ["b"] })).toHaveLength(100);
  expect(history.results({ since: 0, services: ["killed"] }).length).toBeGreaterThan(0);
});
