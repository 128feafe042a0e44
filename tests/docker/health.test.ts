import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { load } from "../../catalog/services/testing/load.ts";
import { healthResultSchema } from "../../domain/health/result.ts";
import { parseTarget, type TargetSettings } from "../../domain/health/target.ts";
import { checkTargets } from "../../runner/health/check.ts";
import { type HealthLook, lookAtHealth } from "../../runner/health/look.ts";
import { watchHealth } from "../../runner/health/watch.ts";
import { servicesPs } from "../../runner/services/ps.ts";
import { servicesUp } from "../../runner/services/up.ts";
import { monitoringFile } from "../../tools/catalog/monitoring.ts";
import { makeImage } from "../../tools/images/debian/make-image.ts";
import { freePort } from "../../tools/test/free-port.ts";
import { type Receivers, receivers } from "../engine/receivers.ts";
import { docker, PREFIX, removeEverything } from "./docker-fixture.ts";

const PROJECT = `${PREFIX}-health`;
const PASSWORD = "s3cret-of-the-store";
let home: string;
let folder: string;
let inbox: Receivers;
let metricsPort: number;
const ports: Record<string, number> = {};

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "windlass-health-"));
  folder = mkdtempSync(join(tmpdir(), "windlass-health-"));
  inbox = await receivers();
  const [postgres, redis, prometheus] = [
    await makeImage(docker, "postgres"),
    await makeImage(docker, "redis"),
    await makeImage(docker, "prometheus"),
  ];
  metricsPort = await freePort();
  const { configs } = load("trading").project;
  const alerts = configs?.["prometheus-alerts"]?.content ?? "";
  const scrape = (configs?.prometheus?.content ?? "").replaceAll("15s", "1s").replace(":9105", `:${metricsPort}`);
  writeFileSync(
    join(folder, "compose.yaml"),
    `
name: ${PROJECT}
services:
  db:
    image: ${postgres}
    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: ${PASSWORD}, POSTGRES_DB: shop }
    # One that the engine chooses changes with each start.
    ports: ["127.0.0.1:${await freePort()}:5432"]
    restart: unless-stopped
    healthcheck: { test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "shop"], interval: 1s, retries: 30 }
  cache:
    image: ${redis}
    command: [redis-server, --maxmemory, 4mb, --maxmemory-policy, noeviction]
    ports: ["127.0.0.1::6379"]
    healthcheck: { test: ["CMD", "redis-cli", "ping"], interval: 1s, retries: 30 }
  prometheus:
    image: ${prometheus}
    ports: ["127.0.0.1::9090"]
    configs:
      - { source: prometheus, target: /etc/prometheus/prometheus.yml }
      - { source: prometheus-alerts, target: /etc/prometheus/alerts.yaml }
    extra_hosts: ["host.docker.internal:host-gateway"]
  once: { image: "${redis}", entrypoint: ["true"], restart: "no" }
configs: ${JSON.stringify({ prometheus: { content: scrape }, "prometheus-alerts": { content: alerts } }).replaceAll("$", "$$$$")}
`,
  );
  await servicesUp({ files: [folder], home });
  const { services } = await servicesPs({ files: [PROJECT], home });
  for (const { name, ports: own } of services) if (own[0]?.published) ports[name] = own[0].published;
});
afterAll(async () => {
  await inbox?.close();
  await removeEverything();
  for (const one of [home, folder]) rmSync(one, { recursive: true, force: true });
});

const at = (service: string) => `127.0.0.1:${ports[service]}`;
const container = (service: string) => docker.getContainer(`${PROJECT}-${service}-1`);

async function check(address: string, settings: TargetSettings = {}) {
  const checked = await checkTargets([parseTarget(address, "it", { timeoutMs: 60_000, ...settings })], { home });
  const results = checked.map(({ result }) => healthResultSchema.parse(result));
  expect(JSON.stringify(results)).not.toContain(PASSWORD);
  return results;
}

describe("a real PostgreSQL", () => {
  test("answers SELECT 1, and says how many connections are taken", async () => {
    const [result] = await check(`postgres://shop:${PASSWORD}@${at("db")}/shop`);
    expect(result).toMatchObject({
      ...{ status: "healthy", endpoint: `postgres://${at("db")}/shop` },
      checks: { accepts_connections: true, select_1: true, connections_ok: true },
    });
    expect(result?.metrics.connections_percent).toBeGreaterThan(0);
  });

  test("is well without a user where it refuses the login, and not with a wrong password", async () => {
    expect(await check(`postgres://${at("db")}`)).toMatchObject([
      { status: "healthy", checks: { accepts_connections: true } },
    ]);
    expect(await check(`postgres://shop:wrong@${at("db")}/shop`)).toMatchObject([
      {
        status: "unhealthy",
        checks: { accepts_connections: true, logged_in: false },
        reason: expect.stringContaining("password"),
      },
    ]);
  });
});

describe("a real Redis", () => {
  const address = () => `redis://${at("cache")}`;
  const redis = async (...command: string[]) => {
    const exec = await container("cache").exec({ Cmd: ["redis-cli", ...command], AttachStdout: true });
    const stream = await exec.start({});
    await new Promise((done) => stream.on("end", done).resume());
  };

  test("answers PING, and says how long queues are", async () => {
    await redis("RPUSH", "orders", "1", "2", "3");
    await redis("RPUSH", "bull:mails:wait", "1", "2");
    await redis("ZADD", "bull:mails:prioritized", "1", "3");
    await redis("XADD", "events", "*", "a", "1");
    const depth = async (settings: TargetSettings) => (await check(address(), settings))[0];
    expect(await depth({ queue: "orders", most: 3 })).toMatchObject({ status: "healthy", metrics: { queue_depth: 3 } });
    expect(await depth({ queue: "orders", most: 2 })).toMatchObject({
      ...{ status: "degraded", checks: { pong: true, queue_ok: false }, reason: "3 entries wait, more than 2" },
    });
    expect(await depth({ bullmq: "mails" })).toMatchObject({ status: "healthy", metrics: { queue_depth: 3 } });
    expect(await depth({ queue: "events" })).toMatchObject({ metrics: { queue_depth: 1 } });
    expect(await depth({ queue: "none yet" })).toMatchObject({ status: "healthy", metrics: { queue_depth: 0 } });
  });

  test("whose memory is full, and which may evict nothing, is degraded", async () => {
    expect((await check(address()))[0]).toMatchObject({ status: "healthy", checks: { memory_ok: true } });
    await redis("EVAL", "for i = 1, 4000 do redis.call('SET', 'k' .. i, string.rep('x', 1024)) end", "0");
    const [full] = await check(address());
    expect(full).toMatchObject({ status: "degraded", checks: { pong: true, memory_ok: false } });
    expect(full?.metrics.memory_percent).toBeGreaterThan(95);
    await redis("FLUSHALL");
    expect((await check(address()))[0]).toMatchObject({ status: "healthy" });
  });
});

describe("a real Prometheus with the files of the catalog", () => {
  test("is ready, and says what does not answer", async () => {
    const seen = async () => (await check(`prometheus+http://${at("prometheus")}`))[0];
    await vi.waitFor(async () => expect((await seen())?.metrics.targets_down).toBe(9), PATIENTLY);
    expect(await seen()).toMatchObject({
      ...{ status: "degraded", checks: { ready: true, query_ok: true, targets_up: false } },
      ...{ metrics: { targets_up: 1 }, reason: expect.stringMatching(/^down: .+ and 4 more$/) },
    });
  });

  test("has an answer to every panel of the dashboards, and its rules fire", async () => {
    const hot = {
      cpu_percent: 97,
      memory_percent: 40,
      gpu_util_percent: 99,
      gpu_temperature_c: 91,
      disk_used_gb: 95,
      disk_total_gb: 100,
    };
    const machine = createServer((_, response) => void response.end(JSON.stringify({ metrics: hot })));
    await once(machine.listen(0, "127.0.0.1"), "listening");
    const { port } = machine.address() as AddressInfo;
    const file = join(folder, "watched.yaml");
    writeFileSync(
      file,
      `targets:
  machine: http://127.0.0.1:${port}/
  db: postgres://shop:${PASSWORD}@${at("db")}/shop
  cache: { address: "redis://${at("cache")}", queue: orders }
  gone: tcp://127.0.0.1:1
alerts: [{ name: down, when: unhealthy }]
`,
    );
    const stop = new AbortController();
    const channels = { slackUrl: inbox.slackUrl, emailFrom: "a@example.com", emailTo: [] };
    const listen = { host: "0.0.0.0", port: metricsPort };
    const watching = watchHealth({ home, file, everySeconds: 1, listen, alerting: { channels }, signal: stop.signal });
    try {
      await vi.waitFor(async () => {
        for (const expr of expressions()) expect(await query(expr), expr).not.toEqual([]);
      }, PATIENTLY);
      const rules = async () => {
        const { groups } = (await prometheus("rules")) as {
          groups: { rules: { name: string; state: string; health: string }[] }[];
        };
        return groups.flatMap((group) => group.rules);
      };
      await vi.waitFor(async () => {
        const states = Object.fromEntries((await rules()).map(({ name, state }) => [name, state]));
        const soon = expect.stringMatching(/^(pending|firing)$/);
        expect(states).toEqual({
          ...{ ServiceUnhealthy: soon, HighCpu: soon, LowDiskSpace: "firing", HotGpu: soon, TargetDown: soon },
          ...{ CircuitBreakerOpen: "inactive", NobodyLooks: "inactive" },
        });
      }, PATIENTLY);
      for (const { name, health } of await rules()) expect(health, name).toBe("ok");
    } finally {
      stop.abort();
      await watching;
      machine.close();
    }
    inbox.slack.length = 0;
  });
});

const PATIENTLY = { timeout: 120_000, interval: 1000 };

async function prometheus(path: string): Promise<unknown> {
  const response = await fetch(`http://${at("prometheus")}/api/v1/${path}`);
  const { status, data } = (await response.json()) as { status: string; data: unknown };
  expect(status, path).toBe("success");
  return data;
}

async function query(expression: string): Promise<unknown[]> {
  const { result } = (await prometheus(`query?query=${encodeURIComponent(expression)}`)) as { result: unknown[] };
  return result;
}

function expressions(): string[] {
  const files = ["health", "calls", "machines"].map((name) => JSON.parse(monitoringFile(`dashboards/${name}.json`)));
  return (files as { panels: { targets: { expr: string }[] }[] }[]).flatMap(({ panels }) =>
    panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  );
}

describe("a stack of services", () => {
  test("is healthy as its containers are, by their own checks; what has ended well is done", async () => {
    const results = await check(`services:${PROJECT}`);
    const seen = results.map(({ service, status, checks }) => [service, status, checks]);
    expect(seen).toEqual([
      ["it/cache", "healthy", { running: true, healthy: true }],
      ["it/db", "healthy", { running: true, healthy: true }],
      ["it/once", "healthy", { completed: true }],
      ["it/prometheus", "healthy", { running: true }],
    ]);
    expect(await check(`services:${PROJECT}/db`)).toMatchObject([{ service: "it", status: "healthy" }]);
    expect(await check("services:no-such-stack")).toMatchObject([
      { status: "unhealthy", reason: "no-such-stack has no container" },
    ]);
  });

  test("a database that stops is told at the real webhook once, and again when it is back", async () => {
    const file = join(folder, "health.yaml");
    const rule = "{ name: down, when: unhealthy }";
    writeFileSync(
      file,
      `targets:
  shop: { address: "services:${PROJECT}", timeout: 60s }
  db: { address: "postgres://shop:\${DB_PASSWORD}@${at("db")}/shop", timeout: 60s }
alerts: [${rule}]
`,
    );
    vi.stubEnv("DB_PASSWORD", PASSWORD);
    const channels = { slackUrl: inbox.slackUrl, emailFrom: "a@example.com", emailTo: [] };
    const look = (): Promise<HealthLook> => lookAtHealth({ home, file }, { channels });
    expect((await look()).alerts).toEqual([]);
    await container("db").stop();
    const down = await look();
    expect(down.results.filter(({ status }) => status === "unhealthy").map(({ service }) => service)).toEqual([
      "shop/db",
      "db",
    ]);
    await look();
    expect(inbox.slack).toHaveLength(1);
    expect(inbox.slack[0]).toMatch(/shop\/db: down: it is unhealthy: running: Exited \(\d+\)/);
    expect(inbox.slack[0]).toMatch(/\ndb: down: it is unhealthy: accepts_connections: |\nwarning: db: down/);
    await container("db").start();
    await vi.waitFor(
      async () => expect((await look()).results.every(({ status }) => status !== "unhealthy")).toBe(true),
      PATIENTLY,
    );
    expect(inbox.slack.slice(1).join("\n")).toMatch(/resolved after .*: db: down/);
    expect(inbox.slack.join("\n")).not.toContain(PASSWORD);
  });

  test("a container that somebody removed is missing", async () => {
    await container("once").remove({ force: true });
    expect((await check(`services:${PROJECT}`)).find(({ service }) => service === "it/once")).toMatchObject({
      ...{ status: "unhealthy", checks: { running: false }, reason: "it has no container" },
    });
  });
});
