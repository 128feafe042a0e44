import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { breakers, call } from "../../clients/resilience/index.ts";
import { publishBreakers } from "../../runner/breakers.ts";
import type { RunbookRecord } from "../../runner/runbooks/incident.ts";
import { type RunbookOptions, type RunbookResult, runRunbook } from "../../runner/runbooks/run.ts";
import { servicesUp } from "../../runner/services/up.ts";
import { makeImage } from "../../tools/images/debian/make-image.ts";
import { until } from "./backend-fixture.ts";
import { docker, PREFIX, removeEverything } from "./docker-fixture.ts";

/** One stack of real servers on which the failures are provoked, one after the other. */
const PROJECT = `${PREFIX}-runbooks`;
const run = promisify(execFile);
let folder: string;
let home: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "windlass-runbooks-"));
  home = join(folder, "home");
  const names = ["postgres", "redis", "kafka", "mlflow", "prometheus", "nginx"] as const;
  const images: Record<string, string> = {};
  for (const name of names) images[name] = await makeImage(docker, name);
  writeFileSync(join(folder, "compose.yaml"), composeFile(images));
  vi.stubEnv("RUNBOOK_OWN", "word");
  await servicesUp({ files: [folder], home });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await removeEverything();
  rmSync(folder, { recursive: true, force: true });
});

function composeFile(images: Record<string, string>): string {
  const check = (test: string) => `{ test: ${test}, interval: 1s, timeout: 20s, retries: 60 }`;
  return `
name: ${PROJECT}
services:
  db:
    image: ${images.postgres}
    environment: { POSTGRES_USER: shop, POSTGRES_HOST_AUTH_METHOD: trust, OWN: "\${RUNBOOK_OWN:?any word}" }
    command: [postgres, -c, max_connections=60, -c, fsync=off]
    volumes: ["db:/var/lib/postgresql/data"]
    healthcheck: ${check("[CMD, pg_isready, -h, 127.0.0.1, -U, shop]")}
  app:
    image: ${images.nginx}
    command: [sleep, infinity]
    init: true
    depends_on: { db: { condition: service_healthy } }
  cache:
    image: ${images.redis}
    command: [redis-server, --maxmemory, 4mb, --maxmemory-policy, noeviction]
    healthcheck: ${check("[CMD, redis-cli, ping]")}
  broker:
    image: ${images.kafka}
    environment:
      CLUSTER_ID: MkU3OEVBNTcwNTJENDM2Qg
      KAFKA_NODE_ID: 1
      KAFKA_PROCESS_ROLES: broker,controller
      KAFKA_CONTROLLER_QUORUM_VOTERS: 1@localhost:9093
      KAFKA_LISTENERS: PLAINTEXT://:9092,CONTROLLER://:9093
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://localhost:9092
      KAFKA_CONTROLLER_LISTENER_NAMES: CONTROLLER
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
    volumes: ["broker:/var/lib/kafka/data"]
    healthcheck: ${check('[CMD, bash, -c, "</dev/tcp/localhost/9092"]')}
  registry:
    image: ${images.mlflow}
    command: [mlflow, server, --host=0.0.0.0, --workers=1, "--backend-store-uri=sqlite:////mlflow/mlflow.db"]
    healthcheck: ${check("[CMD, python, -c, \"import urllib.request as r; r.urlopen('http://localhost:5000/health')\"]")}
  inference-service:
    image: ${images.mlflow}
    init: true
    command: [sh, -c, "${SERVE}"]
    depends_on: { registry: { condition: service_healthy } }
  files:
    image: ${images.nginx}
    command: [sleep, infinity]
    init: true
    volumes: ["files:/data"]
  prometheus:
    image: ${images.prometheus}
    configs: [{ source: prometheus, target: /etc/prometheus/prometheus.yml }, { source: rules, target: /etc/prometheus/rules.yml }]
configs:
  prometheus: { content: "{ global: { evaluation_interval: 1s }, rule_files: [/etc/prometheus/rules.yml] }" }
  rules: { content: "{ groups: [{ name: test, rules: [{ record: pg_up, expr: vector(0) }] }] }" }
volumes:
  db: {}
  broker: {}
  files: { driver_opts: { type: tmpfs, device: tmpfs, o: "size=2m" } }
`;
}

/** A service that says at its start which version it serves. */
const SERVE =
  'python -c \'import json; from urllib.request import urlopen as o; print(json.load(o(\\"http://registry:5000/api/2.0/mlflow/registered-models/alias?name=trader&alias=champion\\"))[\\"model_version\\"][\\"version\\"])\' > /served || true; exec sleep infinity';

const look = (runbook: string, options: Partial<RunbookOptions> = {}) =>
  runRunbook({ runbook, stack: PROJECT, home, ...options });
const recover = (runbook: string, level: number, options: Partial<RunbookOptions> = {}) =>
  look(runbook, { level, ...options });
const ids = ({ causes }: RunbookResult) => causes.map(({ id, services }) => [id, ...services]);
const outcomes = ({ steps }: RunbookResult) =>
  steps.map(({ title, outcome, detail }) => `${outcome}: ${title}${outcome === "failed" ? `: ${detail}` : ""}`);
const container = (service: string) => docker.getContainer(`${PROJECT}-${service}-1`);

async function exec(service: string, ...command: string[]): Promise<string> {
  return (await run("docker", ["exec", `${PROJECT}-${service}-1`, ...command])).stdout.trim();
}

const records = () =>
  readFileSync(join(home, "audit", "runbooks.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunbookRecord);

const MODEL = { parameters: { model: "trader" } };

test("where nothing is wrong, no runbook finds a cause, and a level does nothing", async () => {
  await mlflow("registered-models/create", { name: "trader" });
  for (const status of ["approved", "approved"]) await newVersion(status);
  await mlflow("registered-models/alias", { name: "trader", alias: "champion", version: "2" });
  for (const runbook of ["database-down", "redis-memory-full", "model-unstable"]) {
    const result = await recover(runbook, 1, runbook === "model-unstable" ? MODEL : {});
    expect([runbook, ids(result), result.steps, result.mended, result.since]).toEqual([runbook, [], [], null, null]);
    expect(result.checks.map(({ check, state, text }) => [check, state, text])).not.toContainEqual([
      expect.anything(),
      "unknown",
      expect.anything(),
    ]);
  }
});

describe("PostgreSQL is stopped", () => {
  test("the cause is found, a dry run changes nothing, level 1 starts it, and all of it is on record", async () => {
    await exec("db", "psql", "-U", "shop", "-c", "create table kept as select 7 as number");
    await container("db").stop();
    const found = await look("database-down");
    expect(ids(found)).toEqual([["stopped", "db"]]);
    expect(found.symptoms.map(({ seen }) => seen)).toEqual([true, false]);
    expect(found.checks.find(({ check }) => check === "answers")).toMatchObject({
      state: "unknown",
      text: /does not run/ as never,
    });
    const dry = await recover("database-down", 1, { dryRun: true });
    expect(outcomes(dry)).toEqual(["planned: start the database"]);
    const refused = recover("database-down", 1, { confirm: async () => false });
    await expect(refused).rejects.toMatchObject({ code: "Cancelled" });
    expect((await container("db").inspect()).State.Running).toBe(false);

    const mended = await recover("database-down", 1);
    expect([outcomes(mended), mended.mended, mended.left, mended.since]).toEqual([
      ["done: start the database"],
      true,
      [],
      null,
    ]);
    expect(await exec("db", "psql", "-U", "shop", "-Atc", "select number from kept")).toBe("7");
    const own = records().filter(({ runbook }) => runbook === "database-down");
    expect(own.map(({ event, outcome, causes }) => [event, outcome, ...causes])).toEqual([
      ["found", undefined, "stopped"],
      ["step", "begun", "stopped"],
      ["step", "done", "stopped"],
      ["gone", undefined],
    ]);
    expect(own[2]).toMatchObject({ level: 1, where: [`${PROJECT}-db-1`], actor: { pid: process.pid }, stack: PROJECT });
    expect(Date.parse(found.escalation[0]?.at ?? "") - Date.parse(found.since ?? "")).toBe(15 * 60_000);
  });

  test("connections that do nothing are ended when they are all taken, by a time that stays a word", async () => {
    // Beside them the looks of one diagnosis and the health check have a place at the same time: refused, they would tell of something else.
    const script = "for i in $(seq 54); do (sleep 600 | psql -U shop) & done; wait";
    const idle = execFile("docker", ["exec", `${PROJECT}-db-1`, "sh", "-c", script]);
    const minutes = (value: string) => ({ parameters: { "idle-minutes": value } });
    await until(async () =>
      ids(await look("database-down", minutes("0")))[0]?.[0] === "connections-taken" ? true : undefined,
    );
    expect((await recover("database-down", 1, minutes("0'; drop table kept; --"))).mended).toBe(false);
    const mended = await recover("database-down", 1, minutes("0"));
    expect([outcomes(mended), mended.mended]).toEqual([["done: end connections that do nothing"], true]);
    expect(await exec("db", "psql", "-U", "shop", "-Atc", "select number from kept")).toBe("7");
    idle.kill();
  });

  test("level 2 restarts what depends on it too, level 3 makes its container anew with the data", async () => {
    await container("db").kill();
    const started = async (service: string) => (await container(service).inspect()).State.StartedAt;
    const before = { app: await started("app"), cache: await started("cache") };
    expect((await recover("database-down", 2)).mended).toBe(true);
    expect((await started("app")) > before.app).toBe(true);
    expect(await started("cache")).toBe(before.cache);

    await container("db").stop();
    const { Id } = await container("db").inspect();
    vi.stubEnv("RUNBOOK_OWN", undefined);
    const lacking = await recover("database-down", 3);
    expect([lacking.mended, outcomes(lacking)[0]]).toEqual([false, expect.stringMatching(/^failed: .*RUNBOOK_OWN/)]);
    expect((await container("db").inspect()).Id).toBe(Id);
    vi.stubEnv("RUNBOOK_OWN", "word");
    const anew = await recover("database-down", 3);
    expect(outcomes(anew)).toEqual(["done: make the container anew", "manual: if the data are broken"]);
    expect(anew.mended).toBe(true);
    expect((await container("db").inspect()).Id).not.toBe(Id);
    expect(await exec("db", "psql", "-U", "shop", "-Atc", "select number from kept")).toBe("7");
  });
});

test("a broker is killed: level 1 starts it, and its topics are there", async () => {
  await exec("broker", "kafka-topics", "--bootstrap-server", "localhost:9092", "--create", "--topic", "orders");
  await container("broker").kill();
  expect(ids(await look("broker-down"))).toEqual([["stopped", "broker"]]);
  const mended = await recover("broker-down", 1);
  expect([outcomes(mended), mended.mended]).toEqual([["done: start the broker"], true]);
  expect(await exec("broker", "kafka-topics", "--bootstrap-server", "localhost:9092", "--list")).toContain("orders");
});

test("Redis is at maxmemory and refuses writes: level 1 evicts what expires anyway, and keeps what does not", async () => {
  await exec("cache", "redis-cli", "set", "lasting", "value");
  const fill = "seq 6000 | awk '{ printf \"set k%d %01000d ex 9999\\n\", $1, 0 }' | redis-cli | grep -m 1 OOM";
  expect(await exec("cache", "sh", "-c", fill)).toMatch(/OOM/);
  expect(await exec("cache", "redis-cli", "set", "new", "value")).toMatch(/OOM command not allowed/);
  expect(ids(await look("redis-memory-full"))).toEqual([["full", "cache"]]);
  const mended = await recover("redis-memory-full", 1);
  expect(mended.mended).toBe(true);
  expect(await exec("cache", "redis-cli", "set", "new", "value")).toBe("OK");
  expect(await exec("cache", "redis-cli", "get", "lasting")).toBe("value");
});

test("Redis hangs: that it does not answer in time is what is wrong, and level 1 restarts it", async () => {
  await container("cache").kill({ signal: "SIGSTOP" });
  const found = await look("redis-memory-full");
  expect(ids(found)).toEqual([["hung", "cache"]]);
  expect(found.checks.find(({ check }) => check === "answers")?.text).toMatch(/did not end within \d+ s/);
  expect((await recover("redis-memory-full", 1)).mended).toBe(true);
  expect(await exec("cache", "redis-cli", "ping")).toBe("PONG");
});

test("a small volume is full: level 1 removes rotated logs, and nothing else", async () => {
  const write = () => exec("files", "sh", "-c", "echo row >> /data/rows.db");
  await write();
  await exec("files", "sh", "-c", "head -c 1500000 /dev/zero > /data/app.log.1; touch -d 2026-01-01 /data/app.log.1");
  await exec("files", "sh", "-c", "head -c 9000000 /dev/zero > /data/fresh.log 2>/dev/null; true");
  await expect(exec("files", "sh", "-c", "head -c 100000 /dev/zero > /data/more")).rejects.toThrow(/No space left/);
  expect(ids(await look("disk-full"))).toEqual([["volume-full", "files"]]);
  const mended = await recover("disk-full", 1);
  expect([mended.mended, mended.steps[0]?.detail]).toEqual([true, expect.stringContaining("/data/app.log.1")]);
  await write();
  expect(await exec("files", "ls", "/data")).toBe("fresh.log\nmore\nrows.db");
  expect(await exec("files", "cat", "/data/rows.db")).toBe("row\nrow");
});

describe("a bad model version is served", () => {
  test("level 1 gives the alias to the newest good one, and the service loads it", async () => {
    await container("inference-service").restart({ t: 0 });
    await until(async () => ((await served()) === "2" ? true : undefined));
    await newVersion("failed");
    await mlflow("registered-models/alias", { name: "trader", alias: "champion", version: "3" });
    await container("inference-service").restart({ t: 0 });
    await until(async () => ((await served()) === "3" ? true : undefined));
    const found = await look("model-unstable", MODEL);
    expect(ids(found)).toEqual([["bad-version", "registry"]]);
    expect(found.checks.find(({ check }) => check === "served")?.text).toBe("version 3 is failed");
    const mended = await recover("model-unstable", 1, MODEL);
    expect(mended.mended).toBe(true);
    expect(mended.steps[0]?.detail).toContain("champion is version 2 of trader now");
    await until(async () => ((await served()) === "2" ? true : undefined));
  });

  test("a name with quotes is no part of a program", async () => {
    const odd = await look("model-unstable", { parameters: { model: "x' or name like '%\"); import os" } });
    expect(ids(odd)).toEqual([]);
  });
});

const served = () => exec("inference-service", "cat", "/served");

async function mlflow(path: string, body: object): Promise<{ model_version?: { version: string } }> {
  const script =
    "import json, sys, urllib.request as r; print(r.urlopen(r.Request('http://localhost:5000/api/2.0/mlflow/' + sys.argv[1], sys.argv[2].encode(), {'Content-Type': 'application/json'})).read().decode())";
  return JSON.parse(await exec("registry", "python", "-c", script, path, JSON.stringify(body)));
}

async function newVersion(status: string): Promise<void> {
  const tags = [{ key: "validation_status", value: status }];
  await mlflow("model-versions/create", { name: "trader", source: "s3://models/trader", tags });
}

describe("a circuit breaker is open", () => {
  test("level 1 closes it once its service is back, and not before", async () => {
    let status = 500;
    const server: Server = createServer((_, response) => response.writeHead(status).end());
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const destination = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const judge = () => ({ retry: false, failure: true });
    const ask = () =>
      call("prometheus", { destination, judge, retryDelaysMs: [] }, async () => {
        const answer = await fetch(`http://${destination}/api`);
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        return answer.status;
      });
    const published = publishBreakers(home);
    try {
      expect(ids(await look("breaker-open"))).toEqual([]);
      for (let i = 0; i < 5; i++) await expect(ask()).rejects.toThrow("status 500");
      await expect(ask()).rejects.toThrow(/failed too often/);
      expect(ids(await look("breaker-open"))).toEqual([["down"]]);
      const early = await recover("breaker-open", 1, { settleSeconds: 1 });
      expect([early.mended, early.steps[0]?.outcome]).toEqual([false, "failed"]);
      expect(early.steps[0]?.detail).toContain(`${destination} is still down: answers with status 500`);
      await expect(ask()).rejects.toThrow(/failed too often/);
      status = 200;
      expect(ids(await look("breaker-open"))).toEqual([["back"]]);
      const mended = await recover("breaker-open", 1);
      expect([mended.mended, mended.steps[0]?.detail]).toEqual([true, `prometheus ${destination}: closed`]);
      expect(await ask()).toBe(200);
    } finally {
      breakers.reset(destination);
      await published.end();
      server.close();
    }
  });
});

describe("bad input", () => {
  test.each([
    [{ services: { database: "dbb" } }, /has no service dbb; it has: app, broker, cache, db/],
    [{ services: { data: "db" } }, /there is no role data; there are: database/],
    [{ parameters: { minutes: "5" } }, /database-down has no parameter minutes; it has: idle-minutes/],
    [{ level: 4 }, /there is no level 4/],
    [{ stack: "nowhere" }, /nowhere/],
    [
      { runbook: "gpu-memory-full" },
      /no service of .* is known as a service with a GPU; say which it is: --service gpu-service=NAME/,
    ],
    [{ runbook: "model-unstable" }, /model-unstable must be told model: .*--set model=VALUE/],
    [{ host: "unix:///nowhere.sock" }, /the Docker engine at unix:\/\/\/nowhere.sock does not answer/],
  ])("%o", async (options, message) => {
    await expect(look("database-down", options)).rejects.toThrow(message);
  });
});
