import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createOnce, type OnceOptions } from "../rest/once.ts";
import { connectApi } from "./api.ts";
import { operationTag } from "./tags.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const closers: (() => void)[] = [];
beforeEach(() => void vi.stubEnv("WINDLASS_RETRY_SCALE", "0.001"));
afterEach(() => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0)) close();
});

/** A server that counts its calls, and the API client at it. */
async function apiOf(answer: Answer, signal = new AbortController().signal) {
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
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { calls, endpoint, api: connectApi({ endpoint, token: "dop_v1_x" }, signal) };
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

test("an error says the request, the status, the request's id and the API's words", async () => {
  const { api } = await apiOf((_request, response) =>
    json(response, 422, {
      id: "unprocessable_entity",
      message: "Size is not available in this region.",
      request_id: "r-1",
    }),
  );
  await expect(api.post("/v2/droplets?x=1", {})).rejects.toThrow(
    'POST /v2/droplets: 422 (request "r-1") Size is not available in this region.',
  );
});

test("the other shape of errors is read too", async () => {
  const { api } = await apiOf((_request, response) =>
    json(response, 400, { error: "bad", messages: ["tag is wrong"] }),
  );
  await expect(api.get("/v2/tags/x")).rejects.toThrow("GET /v2/tags/x: 400 tag is wrong");
});

test("too many requests are waited out as long as the API says, for a POST too", async () => {
  const { api, calls } = await apiOf((_request, response, count) =>
    count < 3 ? json(response, 429, { message: "slow" }, { "retry-after": "0.01" }) : json(response, 200, { ok: 1 }),
  );
  expect(await api.post("/v2/droplets", {})).toEqual({ ok: 1 });
  expect(calls).toHaveLength(3);
});

test("a GET, PUT or DELETE without a clear answer is tried four times, a POST once", async () => {
  for (const [method, tries] of [
    ["get", 4],
    ["put", 4],
    ["remove", 4],
    ["postAgain", 4],
    ["post", 1],
  ] as const) {
    const { api, calls } = await apiOf((_request, response) => json(response, 503, { message: "busy" }));
    await expect(api[method]("/v2/x", {})).rejects.toThrow("503 busy");
    expect([method, calls.length]).toEqual([method, tries]);
  }
});

test("a connection that is cut is a lost answer; one that was never made is not", async () => {
  const { api, endpoint, calls } = await apiOf((request) => request.socket.destroy());
  await expect(api.post("/v2/droplets", {})).rejects.toMatchObject({ unclear: true, unsent: false });
  expect(calls).toHaveLength(1);
  for (const close of closers.splice(0)) close();
  await expect(api.post("/v2/droplets", {})).rejects.toThrow(`${endpoint} cannot be reached (ECONNREFUSED)`);
});

test("lists are read to their last page", async () => {
  const { api, calls } = await apiOf((request, response) => {
    const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("page"));
    json(response, 200, { vpcs: [page], links: page < 3 ? { pages: { next: "y" } } : {} });
  });
  expect(await api.list("/v2/vpcs?a=b", "vpcs")).toEqual([1, 2, 3]);
  expect(calls[0]).toBe("GET /v2/vpcs?a=b&page=1&per_page=200");
});

test("a cancel ends a GET, but lets a change finish", async () => {
  const stop = new AbortController();
  const { api } = await apiOf((request, response) => {
    stop.abort(new Error("cancelled"));
    if (request.method === "POST") setTimeout(() => json(response, 202, { made: 1 }), 20);
  }, stop.signal);
  expect(await api.post("/v2/droplets", {})).toEqual({ made: 1 });
  await expect(api.get("/v2/droplets")).rejects.toThrow("cancelled");
});

/** A create against an API that is played by functions. */
async function once(of: Partial<OnceOptions> & { lists: { id: string; size?: number }[][] }) {
  const lists = [...of.lists];
  const removed: string[] = [];
  const lines: string[] = [];
  const making = vi.fn(of.make ?? (async () => ({ id: "new" })));
  const options: OnceOptions = {
    what: 'droplet "web"',
    candidates: async () => (lists.length > 1 ? lists.shift() : lists[0]) as { id: string }[],
    differs: (one) => (one.size === 2 ? "size is 2, not 1" : undefined),
    remove: async (one) => void removed.push(one.id),
    recorded: () => false,
    marked: true,
    log: { info() {}, warning: (line) => void lines.push(line), status() {} },
    signal: new AbortController().signal,
    ...of,
    make: making,
  };
  const result = await createOnce(options).catch((error) => error);
  return { result, removed, lines, made: making.mock.calls.length };
}

/** Fails as the client does when no answer came. */
async function lost() {
  const { api } = await apiOf((request) => request.socket.destroy());
  return api.post("/v2/droplets", {});
}

test("what an interrupted update has made is used instead of a second one", async () => {
  const { result, made, lines } = await once({ lists: [[{ id: "left" }]] });
  expect([result.id, made]).toEqual(["left", 0]);
  expect(lines[0]).toContain("an interrupted update had made it");
});

test("it is not used when it is not what is asked for now, and not deleted either", async () => {
  const { result, made, removed } = await once({ lists: [[{ id: "left", size: 2 }]] });
  expect(result.message).toMatch(/^droplet "web" exists \(id left\).*size is 2, not 1\); import it, or delete it$/);
  expect([made, removed]).toEqual([0, []]);
});

test("what the state has is not taken for something left over", async () => {
  const { result } = await once({ lists: [[{ id: "old" }]], recorded: (one) => one.id === "old" });
  expect(result.id).toBe("new");
});

test("an object without a mark that was there before is never used", async () => {
  const { result } = await once({ lists: [[{ id: "foreign" }]], marked: false });
  expect(result.id).toBe("new");
});

test("after a lost answer the object is looked for and used; others of this create are deleted", async () => {
  const { result, made, removed } = await once({ make: lost, lists: [[], [], [{ id: "a" }, { id: "b" }]] });
  expect([result.id, made, removed]).toEqual(["a", 1, ["b"]]);
});

test("after a lost answer without an object it is made again, three times at most", async () => {
  let calls = 0;
  const second = await once({ make: () => (++calls === 1 ? lost() : Promise.resolve({ id: "second" })), lists: [[]] });
  expect([second.result.id, second.made]).toEqual(["second", 2]);
  const never = await once({ make: lost, lists: [[]] });
  expect([never.result.message, never.made]).toEqual([expect.stringContaining("the answer was lost"), 3]);
});

test("a name that is taken after a lost answer is this create's own, one that was taken before is not", async () => {
  const taken = await apiOf((_request, response) => json(response, 409, { message: "name is taken" }));
  let calls = 0;
  const make = () => (++calls === 1 ? lost() : taken.api.post("/v2/vpcs", {}));
  const own = await once({ make, marked: false, lists: [[], [], [], [], [{ id: "late" }]] });
  expect(own.result.id).toBe("late");
  const foreign = await once({
    make: () => taken.api.post("/v2/vpcs", {}),
    marked: false,
    lists: [[{ id: "foreign" }]],
  });
  expect(foreign.result.message).toContain("409 name is taken");
});

test("the mark of a create depends on the resource and the name", () => {
  expect(operationTag("urn:a", "web")).toMatch(/^windlass-urn:[0-9a-f]{16}$/);
  expect(operationTag("urn:a", "web")).not.toBe(operationTag("urn:a", "web2"));
});
