import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { Breakers, call } from "../clients/resilience/index.ts";
import { circuitBreakerSchema } from "../domain/health/result.ts";
import { publishBreakers, readBreakers, requestReset } from "./breakers.ts";

const judge = () => ({ retry: false, failure: true });
const newHome = () => mkdtempSync(join(tmpdir(), "windlass-breakers-"));

async function failing(registry: Breakers, times: number): Promise<void> {
  const options = { destination: "there:1", judge, breakers: registry, retryDelaysMs: [] };
  for (let count = 0; count < times; count++)
    await call("s3", options, () => Promise.reject(new Error("gone"))).catch(() => undefined);
}

/** A process that asks a cloud again and again, as a watcher does, and shows its breakers. */
const ASKER = `
import { digitalOcean } from "${import.meta.resolve("../clients/digitalocean/index.ts")}";
import { publishBreakers } from "${import.meta.resolve("./breakers.ts")}";
const [home, url] = process.argv.slice(1);
const shown = publishBreakers(home, { metricsFile: home + "/windlass.prom" });
const api = digitalOcean({ token: "x", url, retryDelaysMs: [] });
for (;;) {
  await api.account().catch(() => undefined);
  shown.update();
  await new Promise((again) => setTimeout(again, 20));
}
`;

test("another process's circuit is seen, is closed by hand, and is gone with its process", {
  timeout: 60_000,
}, async () => {
  let well = false;
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    if (well) response.end('{"account":{"status":"active"}}');
    else response.writeHead(503).end('{"id":"down","message":"no service"}');
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const destination = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const home = newHome();
  const child = spawn(process.execPath, ["--input-type=module", "-e", ASKER, home, `http://${destination}`]);
  onTestFinished(() => {
    child.kill("SIGKILL");
    server.close();
  });
  const other = () => readBreakers(home, new Breakers());
  const seen = { timeout: 30_000, interval: 20 };

  await expect.poll(() => other()[0]?.state, seen).toBe("open");
  const [open] = other();
  expect(circuitBreakerSchema.parse(open)).toEqual(open);
  expect(open).toMatchObject({ service: "digitalocean", destination, failures: 5, pid: child.pid });
  expect(open?.last_failure).toContain("no service");
  await expect.poll(() => other()[0]?.counts.refused, seen).toBeGreaterThan(3);
  expect(asked).toBe(5);
  const metrics = () => readFileSync(join(home, "windlass.prom"), "utf8");
  await expect.poll(metrics, seen).toContain(`destination="${destination}",state="open"} 1`);

  well = true;
  expect(() => requestReset(home, "nowhere:1")).toThrow(`there is no circuit breaker nowhere:1`);
  expect(requestReset(home, destination)).toMatchObject([{ pid: child.pid }]);
  await expect.poll(() => other()[0]?.state, seen).toBe("closed");
  await expect.poll(() => other()[0]?.counts.succeeded, seen).toBeGreaterThan(2);

  // A wish is about the circuit of its time, not about the next one.
  well = false;
  await expect.poll(() => other()[0]?.state, seen).toBe("open");
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(other()[0]?.state).toBe("open");

  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  expect(other()).toEqual([]);
  expect(readdirSync(join(home, "breakers")).filter((name) => /^\d/.test(name))).toEqual([]);
});

test("what is shown is taken away at the end; the metrics stay", async () => {
  const home = newHome();
  const registry = new Breakers();
  const metricsFile = join(home, "w.prom");
  const shown = publishBreakers(home, { registry, metricsFile });
  await failing(registry, 5);
  await shown.end();
  expect(existsSync(join(home, "breakers", `${process.pid}.json`))).toBe(false);
  expect(readFileSync(metricsFile, "utf8")).toContain('state="open"} 1');
  expect(readBreakers(home, registry)).toMatchObject([{ state: "open", pid: process.pid }]);
});

test("an open circuit whose minute is over is half-open, though nobody wrote since", async () => {
  const registry = new Breakers();
  await failing(registry, 5);
  const { openedAt = 0, probeAt = 0 } = registry.list()[0] ?? {};
  expect(probeAt - openedAt).toBe(60_000);
  vi.useFakeTimers({ now: probeAt, toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  expect(readBreakers(newHome(), registry)).toMatchObject([{ state: "half-open" }]);
});

test("what a killed process was writing is taken away; what a living one writes is left alone", async () => {
  const home = newHome();
  const child = spawn(process.execPath, ["-e", ""]);
  const dead = child.pid;
  await new Promise((resolve) => child.once("exit", resolve));
  const names = [dead, process.ppid].flatMap((pid) => [`${pid}.json`, `${pid}.json.${pid}.next`]);
  mkdirSync(join(home, "breakers"));
  for (const name of names) writeFileSync(join(home, "breakers", name), "[]");
  expect(readBreakers(home, new Breakers())).toEqual([]);
  expect(readdirSync(join(home, "breakers")).sort()).toEqual(names.slice(2).sort());
});

test("a damaged file of another process is no breaker, and no failure", () => {
  const home = newHome();
  mkdirSync(join(home, "breakers"));
  writeFileSync(join(home, "breakers", `${process.ppid}.json`), '[{"serv');
  expect(readBreakers(home, new Breakers())).toEqual([]);
});

test.each([
  ["metrics.txt", "does not end in .prom"],
  ["/no/such/folder/w.prom", "the folder of --metrics /no/such/folder/w.prom is not there"],
])("a metrics file %s is refused", (metricsFile, reason) => {
  expect(() => publishBreakers(newHome(), { metricsFile })).toThrow(reason);
});
