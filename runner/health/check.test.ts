import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { createServer as tcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { healthResultSchema } from "../../domain/health/result.ts";
import { HEALTH_TIMEOUT_MS, parseTarget, type TargetSettings } from "../../domain/health/target.ts";
import { checkTargets } from "./check.ts";

/** A real server on loopback; answers with host and port. */
async function listening(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", () => ready()));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function web(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => server.closeAllConnections());
  return listening(server);
}

async function check(address: string, settings: TargetSettings = {}) {
  const [checked] = await checkTargets([parseTarget(address, "it", settings)]);
  const result = healthResultSchema.parse(checked?.result);
  expect(JSON.stringify(result)).not.toContain("s3cret");
  return result;
}

const answers =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    void response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));

test("a URL that answers with 200 is healthy, any other status not", async () => {
  const well = await web(answers(200, "ok"));
  expect(await check(`http://${well}/health`)).toMatchObject({
    ...{ service: "it", status: "healthy", endpoint: `http://${well}/health`, checks: { http_200: true } },
  });
  expect(await check(`http://${well}/health`, { contains: "ready" })).toMatchObject({
    ...{ status: "unhealthy", checks: { http_200: true, text_found: false } },
  });
  const ill = await web(answers(503, "down"));
  expect(await check(`http://${ill}/`)).toMatchObject({ status: "unhealthy", reason: "status 503" });
  expect(await check(`http://${ill}/`, { status: 503 })).toMatchObject({
    status: "healthy",
    checks: { http_503: true },
  });
});

test("a URL is asked as it is written, and its query is in no result", async () => {
  const asked: string[] = [];
  const host = await web((request, response) => {
    asked.push(request.url ?? "");
    response.end();
  });
  expect((await check(`http://${host}/health/?deep=1&key=s3cret`)).endpoint).toBe(`http://${host}/health/`);
  expect(asked).toEqual(["/health/?deep=1&key=s3cret"]);
});

test("what a service tells of itself is taken over", async () => {
  const own = {
    status: "degraded",
    checks: { model_loaded: true, memory_ok: false, cache: "x" },
    metrics: { cpu_percent: 35, other: 1 },
  };
  expect(await check(`http://${await web(answers(200, own))}/health`)).toMatchObject({
    ...{ status: "degraded", checks: { http_200: true, model_loaded: true, memory_ok: false, reports_ok: false } },
    ...{ metrics: { cpu_percent: 35, memory_percent: null }, reason: "it says that it is degraded" },
  });
});

test("user and password go along, and are in no result", async () => {
  const host = await web((request, response) => {
    const right = request.headers.authorization === `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
    response.writeHead(right ? 200 : 401).end();
  });
  expect(await check(`http://me:s3cret@${host}/`)).toMatchObject({ status: "healthy", endpoint: `http://${host}/` });
  expect(await check(`http://me:s3cret2@${host}/`)).toMatchObject({ status: "unhealthy", reason: "status 401" });
});

test("what does not answer in time is unhealthy then, and not later", async () => {
  const host = await web(() => undefined);
  const result = await check(`http://${host}/`, { timeoutMs: 200 });
  expect(result).toMatchObject({ status: "unhealthy", checks: { http_200: false }, reason: "no answer within 0.2 s" });
  expect(result.response_time_ms).toBeGreaterThanOrEqual(199);
  expect(result.response_time_ms).toBeLessThan(HEALTH_TIMEOUT_MS);
});

test("what takes the connection and stays silent is left, so that the process can end", {
  timeout: 60_000,
}, async () => {
  const host = await listening(tcpServer());
  const folder = mkdtempSync(join(tmpdir(), "windlass-silent-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const engine = tcpServer();
  await new Promise<void>((ready) => engine.listen(join(folder, "docker.sock"), ready));
  onTestFinished(() => void engine.close());
  const program = `
    import { checkTargets } from ${JSON.stringify(import.meta.resolve("./check.ts"))};
    import { parseTarget } from ${JSON.stringify(import.meta.resolve("../../domain/health/target.ts"))};
    const targets = process.argv.slice(1).map((address) => parseTarget(address, undefined, { timeoutMs: 500 }));
    console.log(JSON.stringify((await checkTargets(targets)).map(({ result }) => result.reason)));`;
  const addresses = [`postgres://me:s3cret@${host}/db`, `redis://${host}`, `http://${host}/`, "services:nothing"];
  const env = { ...process.env, DOCKER_HOST: `unix://${folder}/docker.sock`, WINDLASS_HOME: folder };
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...addresses], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  const since = performance.now();
  expect(JSON.parse(String(said))).toEqual(addresses.map(() => "no answer within 0.5 s"));
  expect((await once(child, "close"))[0]).toBe(0);
  expect(performance.now() - since).toBeLessThan(10_000);
});

test("a port is open, or closed", async () => {
  const host = await listening(tcpServer((socket) => socket.destroy()));
  expect(await check(`tcp://${host}`)).toMatchObject({ status: "healthy", checks: { tcp_open: true } });
  expect(await check("tcp://127.0.0.1:1")).toMatchObject({
    ...{ status: "unhealthy", checks: { tcp_open: false }, reason: expect.stringContaining("ECONNREFUSED") },
  });
});

test.each([
  "postgres://me:s3cret@127.0.0.1:1/db",
  "redis://:s3cret@127.0.0.1:1",
  "http://me:s3cret@127.0.0.1:9/",
  "langfuse+http://pk:s3cret@127.0.0.1:9",
])("%s, where nobody is, is unhealthy with a reason", async (address) => {
  expect(await check(address)).toMatchObject({ status: "unhealthy", reason: expect.stringMatching(/./) });
});

test("Langfuse: the API, the keys, and whether traces come", async () => {
  let traces: unknown[] = [{ id: "t" }];
  const asked: string[] = [];
  const host = await web((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === "/api/public/health")
      return answers(200, { status: "OK", version: "3.1.0" })(request, response);
    const right = request.headers.authorization === `Basic ${Buffer.from("pk-lf-1:s3cret").toString("base64")}`;
    answers(right ? 200 : 401, { data: traces })(request, response);
  });
  expect(await check(`langfuse+http://${host}`)).toMatchObject({ status: "healthy", checks: { api_ok: true } });
  expect(asked).toEqual(["/api/public/health"]);
  const mine = `langfuse+http://pk-lf-1:s3cret@${host}`;
  expect(await check(mine, { freshMs: 3_600_000 })).toMatchObject({
    ...{ status: "healthy", checks: { api_ok: true, keys_ok: true, traces_fresh: true } },
  });
  expect(asked.at(-1)).toMatch(/traces\?limit=1&fromTimestamp=\d{4}-/);
  traces = [];
  expect(await check(mine, { freshMs: 3_600_000 })).toMatchObject({
    ...{ status: "degraded", checks: { traces_fresh: false }, reason: "no trace has come for 60 min" },
  });
  expect(await check(`langfuse+http://pk-lf-2:s3cret@${host}`)).toMatchObject({
    ...{ status: "unhealthy", checks: { api_ok: true, keys_ok: false } },
  });
});

test("one target that hangs keeps no other from its result", async () => {
  const silent = await web(() => undefined);
  const well = await web(answers(200, "ok"));
  const targets = [
    parseTarget(`http://${silent}/`, "a", { timeoutMs: 300 }),
    ...Array.from({ length: 40 }, (_, index) => parseTarget(`http://${well}/`, `b${index}`)),
  ];
  const results = await checkTargets(targets);
  expect(results.map(({ result }) => result.service)).toEqual(targets.map(({ name }) => name));
  expect(results.filter(({ result }) => result.status === "healthy")).toHaveLength(40);
});
