import { beforeEach, describe, expect, test } from "vitest";
import { type Api, client, temporaryFolder, testCloud } from "../cloud/test-cloud.ts";

const RULES = [{ hostname: "api.example.com", service: "http://web:80" }, { service: "http_status:404" }];

let api: Api;
let control: Api;
let url: string;
let account: string;
beforeEach(async () => {
  const started = await testCloud();
  url = `${started.cloud.url}/client/v4`;
  api = client(url, started.cloud.token);
  control = started.control;
  account = (await api.ok("GET", "/accounts")).result[0].id;
});

const failures = async (method: string, path: string, body?: unknown) => {
  const answer = await api(method, path, body);
  expect(answer.body).toMatchObject({ success: false, messages: [], result: null });
  const [first] = answer.body.errors;
  return { status: answer.status, code: first.error_chain?.[0].code ?? first.code };
};

async function zone(name = "example.com"): Promise<string> {
  return (await api.ok("POST", "/zones", { name, account: { id: account } })).result.id;
}

async function tunnel(body: object = {}): Promise<any> {
  const path = `/accounts/${account}/cfd_tunnel`;
  return (await api.ok("POST", path, { name: "nas", config_src: "cloudflare", ...body })).result;
}

test("who asks without a token, with none of its form or with a wrong one is told so", async () => {
  const ask = async (authorization?: string, path = "/zones") => {
    const response = await fetch(url + path, { headers: authorization ? { authorization } : {} });
    const { errors } = (await response.json()) as { errors: { code: number }[] };
    return [response.status, errors[0]?.code];
  };
  expect(await ask()).toEqual([400, 9106]);
  expect(await ask("Bearer short")).toEqual([400, 6003]);
  const wrong = `Bearer ${"x".repeat(40)}`;
  expect(await ask(wrong)).toEqual([403, 9109]);
  expect(await ask(wrong, `/accounts/${account}/cfd_tunnel`)).toEqual([403, 10000]);
  expect(await ask(wrong, "/user/tokens/verify")).toEqual([401, 1000]);
});

test("lists come in pages with their total", async () => {
  for (const name of ["a.com", "b.com", "c.com"]) await zone(name);
  const { result, result_info } = await api.ok("GET", "/zones?per_page=2&page=2");
  expect(result.map(({ name }: { name: string }) => name)).toEqual(["c.com"]);
  expect(result_info).toEqual({ page: 2, per_page: 2, count: 1, total_count: 3, total_pages: 2 });
  expect((await api.ok("GET", "/zones?name=b.com")).result).toHaveLength(1);
  expect(await failures("POST", "/zones", { name: "b.com" })).toEqual({ status: 400, code: 1061 });
  expect(await failures("GET", `/zones/${"0".repeat(32)}`)).toEqual({ status: 404, code: 1001 });
  expect(await failures("GET", "/zones/nonsense")).toEqual({ status: 400, code: 7003 });
});

describe("a tunnel", () => {
  test("has a token of account, id and secret, which a new secret changes", async () => {
    const { id, token } = await tunnel();
    const path = `/accounts/${account}/cfd_tunnel/${id}`;
    const read = async () => Buffer.from((await api.ok("GET", `${path}/token`)).result, "base64").toString();
    expect(JSON.parse(await read())).toMatchObject({ a: account, t: id });
    expect(Buffer.from(token, "base64").toString()).toBe(await read());
    const secret = Buffer.alloc(32, 7).toString("base64");
    await api.ok("PATCH", path, { tunnel_secret: secret });
    expect(JSON.parse(await read()).s).toBe(secret);
    expect(await failures("PATCH", path, { tunnel_secret: "c2hvcnQ=" })).toMatchObject({ status: 400 });
  });

  test("has its name alone, until it is deleted; then it is still told of, with the time", async () => {
    const { id } = await tunnel();
    const path = `/accounts/${account}/cfd_tunnel`;
    expect(await failures("POST", path, { name: "nas" })).toEqual({ status: 409, code: 1013 });
    await api.ok("DELETE", `${path}/${id}`);
    expect((await api.ok("GET", `${path}/${id}`)).result.deleted_at).toMatch(/^\d{4}-/);
    expect((await api.ok("GET", `${path}?is_deleted=false`)).result).toEqual([]);
    expect(await failures("GET", `${path}/${id}/token`)).toMatchObject({ status: 404 });
    await tunnel();
  });

  test("is not deleted while a connector is connected", async () => {
    const { id } = await tunnel();
    const path = `/accounts/${account}/cfd_tunnel/${id}`;
    await control.ok("PUT", `/tunnels/${id}/connections`, { count: 4 });
    expect((await api.ok("GET", path)).result.status).toBe("healthy");
    expect((await api.ok("GET", `${path}/connections`)).result[0].conns).toHaveLength(4);
    expect(await failures("DELETE", path)).toEqual({ status: 400, code: 1022 });
    await api.ok("DELETE", `${path}/connections`);
    await api.ok("DELETE", path);
  });

  test.each([
    ["no rule", []],
    ["no catch-all at the end", [RULES[0]]],
    ["a catch-all before the end", [{ service: "http://web:80" }, ...RULES]],
    ["a wildcard in the middle", [{ hostname: "a.*.example.com", service: "http://web:80" }, RULES[1]]],
    ["a port in a hostname", [{ hostname: "a.example.com:80", service: "http://web:80" }, RULES[1]]],
    ["a service without a scheme", [{ hostname: "a.example.com", service: "web:80" }, RULES[1]]],
    ["a service with a path", [{ hostname: "a.example.com", service: "http://web:80/x" }, RULES[1]]],
    ["a status that is none", [{ service: "http_status:1404" }]],
  ])("refuses rules with %s", async (_what, ingress) => {
    const { id } = await tunnel();
    const path = `/accounts/${account}/cfd_tunnel/${id}/configurations`;
    expect(await failures("PUT", path, { config: { ingress } })).toEqual({ status: 400, code: 1056 });
    expect((await api.ok("GET", path)).result).toMatchObject({ version: 0, config: null });
  });

  test("counts the versions of its rules", async () => {
    const { id } = await tunnel();
    const path = `/accounts/${account}/cfd_tunnel/${id}/configurations`;
    for (const version of [1, 2])
      expect((await api.ok("PUT", path, { config: { ingress: RULES } })).result.version).toBe(version);
  });
});

describe("a DNS record", () => {
  const record = { type: "CNAME", name: "api", content: "x.cfargotunnel.com", ttl: 1, proxied: true };

  test("gets the zone's name, and is changed in place", async () => {
    const path = `/zones/${await zone()}/dns_records`;
    const { id, name } = (await api.ok("POST", path, record)).result;
    expect(name).toBe("api.example.com");
    await api.ok("PATCH", `${path}/${id}`, { proxied: false });
    expect((await api.ok("GET", `${path}/${id}`)).result).toMatchObject({ proxied: false, content: record.content });
    expect((await api.ok("GET", `${path}?name=api.example.com&type=CNAME`)).result).toHaveLength(1);
    await api.ok("DELETE", `${path}/${id}`);
    expect(await failures("DELETE", `${path}/${id}`)).toEqual({ status: 404, code: 81044 });
  });

  test.each([
    ["the same again", record, 81058],
    ["another CNAME of that name", { ...record, content: "y.example.com" }, 81053],
    ["an address of that name", { ...record, type: "A", content: "192.0.2.1" }, 81054],
    ["an address that is none", { ...record, name: "b", type: "A", content: "here" }, 9005],
    ["an alias of nothing", { ...record, name: "b", content: "not a name" }, 9007],
    ["a TTL that is too short", { ...record, name: "b", ttl: 5 }, 9021],
    ["no name", { ...record, name: "" }, 9000],
  ])("is refused: %s", async (_what, body, code) => {
    const path = `/zones/${await zone()}/dns_records`;
    await api.ok("POST", path, record);
    expect(await failures("POST", path, body)).toEqual({ status: 400, code });
  });
});

test("faults of the local cloud strike here too, in this API's words", async () => {
  await control.ok("POST", "/faults", { kind: "status", path: "/zones$", status: 429, retryAfter: 3 });
  const { status, body, headers } = await api("GET", "/zones");
  expect([status, body.errors[0].code, headers.get("retry-after")]).toEqual([429, 971, "3"]);
  expect((await api("GET", "/zones")).status).toBe(200);
  await control.ok("POST", "/faults", { kind: "drop-after-commit", method: "POST", path: "/zones$" });
  await expect(api("POST", "/zones", { name: "lost.com" })).rejects.toThrow();
  expect((await api.ok("GET", "/zones?name=lost.com")).result).toHaveLength(1);
});

test("what it holds outlives the process, and a reset removes it", async () => {
  const dataDir = temporaryFolder();
  const first = await testCloud({ dataDir });
  const before = client(`${first.cloud.url}/client/v4`, first.cloud.token);
  await before.ok("POST", "/zones", { name: "kept.com" });
  const own = (await before.ok("GET", "/accounts")).result[0].id;
  await first.cloud.close();
  const second = await testCloud({ dataDir });
  const after = client(`${second.cloud.url}/client/v4`, second.cloud.token);
  expect((await after.ok("GET", "/zones")).result).toMatchObject([{ name: "kept.com", account: { id: own } }]);
  await second.cloud.reset();
  expect((await after.ok("GET", "/zones")).result).toEqual([]);
});
