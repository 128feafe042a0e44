import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { HEALTH_TIMEOUT_MS } from "../../domain/health/target.ts";
import type { HealthLook } from "./look.ts";
import { lookAtHealth } from "./look.ts";
import { listenAddress } from "./server.ts";
import { healthSettings } from "./settings.ts";
import { watchHealth } from "./watch.ts";

let home: string;
let file: string;
const state = { status: 200 };
const channels = { emailFrom: "a@example.com", emailTo: [] };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "windlass-health-"));
  file = join(home, "health.yaml");
  state.status = 200;
  return () => rmSync(home, { recursive: true, force: true });
});

async function shop(): Promise<string> {
  const server = createServer((_, response) => void response.writeHead(state.status).end());
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test("looks again and again, serves what it saw, and survives a file that is broken meanwhile", {
  timeout: 60_000,
}, async () => {
  const url = await shop();
  const good = `every: 1s\ntargets: { shop: "${url}" }\nalerts: [{ name: down, when: unhealthy }]\n`;
  writeFileSync(file, good);
  const stop = new AbortController();
  const looks: HealthLook[] = [];
  const listening = Promise.withResolvers<string>();
  const metricsFile = join(home, "health.prom");
  const watching = watchHealth({
    ...{ home, file, metricsFile, alerting: { channels }, signal: stop.signal, listen: { host: "127.0.0.1", port: 0 } },
    ...{ onLook: (look) => looks.push(look), onListening: listening.resolve },
  });
  const own = await listening.promise;
  await expect.poll(() => looks).not.toEqual([]);
  const health = await fetch(`${own}/health`);
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({
    results: [{ service: "shop", status: "healthy", circuit_breakers: [] }],
    alerts: [],
  });

  state.status = 500;
  await expect.poll(() => looks.at(-1)?.alerts).toMatchObject([{ phase: "firing" }]);
  expect((await fetch(`${own}/health`)).status).toBe(503);
  const metrics = await (await fetch(`${own}/metrics`)).text();
  for (const line of [
    'windlass_health_status{service="shop",status="unhealthy"} 1',
    'windlass_alert_state{alert="down",service="shop",severity="warning",state="firing"} 1',
  ]) {
    expect(metrics).toContain(line);
    await expect.poll(() => readFileSync(metricsFile, "utf8")).toContain(line);
  }
  expect(metrics).toContain("env_error_rate 0\n");
  expect((await fetch(`${own}/elsewhere`)).status).toBe(404);
  expect((await fetch(`${own}/metrics`, { method: "POST" })).status).toBe(405);

  writeFileSync(file, "targets: { shop: nowhere }\n");
  await expect.poll(() => looks.at(-1)?.errors[0]).toContain("health.yaml:1: targets.shop:");
  expect(looks.at(-1)?.results).toMatchObject([{ service: "shop" }]);
  writeFileSync(file, good);
  await expect.poll(() => looks.at(-1)?.errors).toEqual([]);
  stop.abort();
  expect(await watching).toBe(looks.at(-1));
  await expect(fetch(`${own}/health`)).rejects.toThrow();
});

test("ends at once, also while it waits for an answer", async () => {
  const server = createServer(() => undefined);
  await once(server.listen(0, "127.0.0.1"), "listening");
  writeFileSync(file, `targets: { slow: "http://127.0.0.1:${(server.address() as AddressInfo).port}/" }\n`);
  const stop = new AbortController();
  const watching = watchHealth({ home, file, alerting: { channels }, signal: stop.signal });
  await once(server, "request");
  const told = performance.now();
  stop.abort(new Error("told to end"));
  await expect(watching).rejects.toThrow("told to end");
  expect(performance.now() - told).toBeLessThan(HEALTH_TIMEOUT_MS - 1000);
  server.closeAllConnections();
  server.close();
});

test("a state folder that cannot be written keeps no result back", async () => {
  writeFileSync(file, `targets: { shop: "${await shop()}" }\n`);
  const notes: unknown[] = [];
  writeFileSync(join(home, "health"), "a file where the folder belongs");
  const look = await lookAtHealth({ home, file, onEvent: (event) => notes.push(event) }, { channels });
  expect(look.results).toMatchObject([{ service: "shop", status: "healthy" }]);
  expect(look.errors).toEqual([expect.stringContaining("the history in")]);
  expect(notes).toMatchObject([{ kind: "note", level: "warning" }]);
});

describe("what is looked at", () => {
  const settings = (options: { file?: string; targets?: string[] } = {}) =>
    healthSettings({ root: home, environment: {}, ...options });

  test("is every node without a file, else what the file says, else what is named", () => {
    expect(settings().source).toBeUndefined();
    expect(settings()).toMatchObject({ targets: [{ kind: "node", address: "node:*" }] });
    writeFileSync(file, "targets: { shop: http://shop/, db: tcp://db:5432 }\n");
    expect(settings().targets.map(({ name }) => name)).toEqual(["shop", "db"]);
    const named = settings({ targets: ["db", "redis://cache"] }).targets;
    expect(named.map(({ name, kind }) => [name, kind])).toEqual([
      ["db", "tcp"],
      ["redis://cache", "redis"],
    ]);
  });

  test("is refused where it is neither in the file nor an address, or the file is not there", () => {
    writeFileSync(file, "targets: { shop: http://shop/ }\n");
    expect(() => settings({ targets: ["shap"] })).toThrow("there is no target shap in");
    expect(() => settings({ targets: ["shap"] })).toThrow("there are: shop");
    expect(() => settings({ targets: ["htp://shop"] })).toThrow("did you mean http:?");
    expect(() => settings({ file: join(home, "none.yaml") })).toThrow("none.yaml cannot be read");
  });
});

test.each([
  ["9105", "127.0.0.1", 9105],
  ["0.0.0.0:9105", "0.0.0.0", 9105],
  ["[::1]:9105", "::1", 9105],
])("--listen %s", (text, host, port) => {
  expect(listenAddress(text)).toEqual({ host, port });
});

test.each(["", "port", "1:2:x", "99999", "0.0.0.0:"])("--listen %j is refused", (text) => {
  expect(() => listenAddress(text)).toThrow("is no address");
});
