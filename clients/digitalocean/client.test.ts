import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { breakers } from "../resilience/index.ts";
import { ApiError, digitalOcean } from "./index.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that counts calls, and a client of it that does not wait between tries. */
async function clientOf(answer: Answer, options: { timeoutSeconds?: number; signal?: AbortSignal } = {}) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    answer(request, response, calls.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = digitalOcean({ token: "dop_v1_abcdef", url: `http://${host}`, retryDelaysMs: [1, 1, 1], ...options });
  return { calls, api, counts: () => breakers.list().find(({ destination }) => destination === host)?.counts };
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

test("a list is read page by page", async () => {
  const { api, calls } = await clientOf((request, response) => {
    const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("page"));
    json(response, 200, { sizes: [{ slug: `s${page}` }], links: page < 3 ? { pages: { next: "more" } } : {} });
  });
  expect((await api.sizes()).map((size) => size.slug)).toEqual(["s1", "s2", "s3"]);
  expect(calls).toHaveLength(3);
});

test("GPU droplets, which the plain list leaves out, are in the list", async () => {
  const { api } = await clientOf((request, response) => {
    const gpu = request.url?.includes("type=gpus");
    json(response, 200, {
      droplets: gpu ? [{ id: 2, name: "gpu", tags: ["a"] }] : [{ id: 1, name: "web", tags: ["b"] }],
    });
  });
  expect((await api.droplets()).map((d) => d.name).sort()).toEqual(["gpu", "web"]);
  expect((await api.droplets({ tag: "a" })).map((d) => d.name)).toEqual(["gpu"]);
});

test("a GET is tried four times on 500, and the last answer is the error", async () => {
  const { api, calls } = await clientOf((_request, response) =>
    json(response, 500, { id: "server_error", message: "oops" }),
  );
  await expect(api.account()).rejects.toMatchObject({ status: 500, id: "server_error" });
  expect(calls).toHaveLength(4);
});

test("a DELETE goes on after a lost answer", async () => {
  const { api, calls } = await clientOf((request, response, count) => {
    if (count === 1) request.socket.destroy();
    else response.writeHead(204).end();
  });
  await api.deleteDroplet(7);
  expect(calls).toEqual(["DELETE /v2/droplets/7", "DELETE /v2/droplets/7"]);
});

test("429 waits as long as retry-after asks, but not for many minutes", async () => {
  const { api, calls } = await clientOf((_request, response, count) => {
    if (count === 1) json(response, 429, { id: "too_many_requests", message: "slow" }, { "retry-after": "0.2" });
    else json(response, 200, { account: { status: "active" } });
  });
  const started = performance.now();
  expect((await api.account()).status).toBe("active");
  expect(performance.now() - started).toBeGreaterThan(190);
  expect(calls).toHaveLength(2);

  const hourly = await clientOf((_request, response) =>
    json(response, 429, { id: "too_many_requests", message: "slow" }, { "retry-after": "1800" }),
  );
  await expect(hourly.api.account()).rejects.toMatchObject({ status: 429, retryAfter: 1800 });
  expect(hourly.calls).toHaveLength(1);
});

test("an unreachable host is named, the token never", async () => {
  const api = digitalOcean({ token: "dop_v1_abcdef", url: "http://127.0.0.1:9", retryDelaysMs: [] });
  const error = await api.account().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  expect(String(error)).toContain("cannot reach 127.0.0.1:9");
  expect(JSON.stringify(error) + String(error)).not.toContain("abcdef");
});

test("a server that does not answer in time is an error, an aborted call is not retried", async () => {
  const slow = await clientOf(() => {}, { timeoutSeconds: 0.05 });
  await expect(slow.api.account()).rejects.toThrow("no answer from");
  // Not by what the server saw: a try may be over before it got there.
  expect(slow.counts()).toMatchObject({ failed: 1, retried: 3 });

  const stop = new AbortController();
  const stopped = await clientOf(() => stop.abort(new Error("stopped")), { signal: stop.signal });
  await expect(stopped.api.account()).rejects.toThrow("stopped");
  expect(stopped.calls).toHaveLength(1);
});

test("an API that is down is left alone, with an error of the usual kind; one that refuses is not", async () => {
  const down = await clientOf((_request, response) => json(response, 503, { id: "unavailable", message: "down" }));
  for (let count = 0; count < 5; count++) await expect(down.api.account()).rejects.toMatchObject({ status: 503 });
  expect(down.calls).toHaveLength(20);
  const error = await down.api.deleteDroplet(7).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 0, id: "circuit_open", operation: "DELETE /v2/droplets/7" });
  expect(String(error)).toMatch(/failed too often and is not asked again for \d+ s .last: GET .v2.account: down/);
  expect(down.calls).toHaveLength(20);

  const strict = await clientOf((_request, response) => json(response, 404, { id: "not_found", message: "none" }));
  for (let count = 0; count < 9; count++) await expect(strict.api.droplet(7)).rejects.toMatchObject({ status: 404 });
});

test("an answer that is no JSON says so", async () => {
  const { api } = await clientOf((_request, response) => void response.end("<html>"));
  await expect(api.account()).rejects.toMatchObject({ id: "not_json" });
});
