import { describe, expect, test } from "vitest";
import { CPU, client, PUBLIC_KEY, testCloud } from "./test-cloud.ts";

describe("errors", () => {
  test("without the right token everything is 401", async () => {
    const { cloud } = await testCloud();
    for (const token of [undefined, "wrong"]) {
      const answer = await client(`${cloud.url}/v2`, token)("GET", "/account");
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ id: "unauthorized", message: "Unable to authenticate you" });
    }
  });

  test("say what, with the id of the request in body and header", async () => {
    const { api } = await testCloud();
    const answer = await api("GET", "/droplets/1");
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({
      id: "not_found",
      message: "The resource you were accessing could not be found.",
      request_id: answer.headers.get("x-request-id"),
    });
    expect((await api("GET", "/no/such/path")).body.id).toBe("not_found");
    expect((await api("GET", "/droplets/abc")).status).toBe(404);
  });

  test("a body that is no JSON object is 400", async () => {
    const { api } = await testCloud();
    for (const body of ["{", "[1]", '"text"'])
      expect(await api("POST", "/droplets", body)).toMatchObject({ status: 400, body: { id: "bad_request" } });
  });

  test("a key that comes twice counts once, the last one", async () => {
    const { api } = await testCloud();
    const body =
      '{"name":"first","region":"tor1","size_gigabytes":1,"filesystem_type":"ext4","filesystem_type":"xfs","name":"data"}';
    const { volume } = await api.ok("POST", "/volumes", body);
    expect(volume).toMatchObject({ name: "data", filesystem_type: "xfs" });
  });

  test("a DELETE may say that it has JSON and have none", async () => {
    const { api } = await testCloud();
    await api.ok("POST", "/tags", { name: "web" });
    expect((await api("DELETE", "/tags/web", "", { "content-type": "application/json" })).status).toBe(204);
  });
});

describe("pages", () => {
  test("links only where they lead somewhere, the filter kept, the total always", async () => {
    const { api, cloud } = await testCloud();
    for (let n = 0; n < 5; n++) await api.ok("POST", "/volumes", { name: `v-${n}`, region: "tor1", size_gigabytes: 1 });
    const names = (body: { volumes: { name: string }[] }) => body.volumes.map((volume) => volume.name);

    const all = await api.ok("GET", "/volumes");
    expect(all).toMatchObject({ links: {}, meta: { total: 5 } });
    expect(names(all)).toEqual(["v-0", "v-1", "v-2", "v-3", "v-4"]);

    const first = await api.ok("GET", "/volumes?region=tor1&per_page=2");
    expect(names(first)).toEqual(["v-0", "v-1"]);
    const link = (page: number) => `${cloud.url}/v2/volumes?region=tor1&per_page=2&page=${page}`;
    expect(first.links).toEqual({ pages: { next: link(2), last: link(3) } });

    const last = await api.ok("GET", "/volumes?region=tor1&per_page=2&page=3");
    expect(names(last)).toEqual(["v-4"]);
    expect(last.links).toEqual({ pages: { first: link(1), prev: link(2) } });
    expect(names(await api.ok("GET", "/volumes?page=9"))).toEqual([]);
  });

  test("20 to a page unless asked, 200 at most", async () => {
    const { api } = await testCloud({ limits: { droplets: 1000 } });
    for (let n = 0; n < 21; n++) {
      const names = Array.from({ length: 10 }, (_, i) => `d-${n}-${i}`);
      await api.ok("POST", "/droplets", { ...CPU, name: undefined, names });
    }
    expect((await api.ok("GET", "/droplets")).droplets).toHaveLength(20);
    expect((await api.ok("GET", "/droplets?per_page=500")).droplets).toHaveLength(200);
  });
});

describe("rate limit", () => {
  test("every answer says what is left; over 250 in a minute is 429 with the seconds to wait", async () => {
    const { api } = await testCloud({ rateLimit: true });
    const started = performance.now();
    const first = await api("GET", "/account");
    expect(first.headers.get("ratelimit-limit")).toBe("5000");
    expect(first.headers.get("ratelimit-remaining")).toBe("4999");
    expect(Number(first.headers.get("ratelimit-reset"))).toBeGreaterThan(Date.now() / 1000 + 3500);
    await Promise.all(Array.from({ length: 249 }, () => api("GET", "/account")));
    const refused = await api("GET", "/account");
    expect(refused).toMatchObject({
      status: 429,
      body: { id: "too_many_requests", message: "API rate limit exceeded." },
    });
    const seconds = (performance.now() - started) / 1000;
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(Math.floor(60 - seconds));
    expect(refused.headers.get("ratelimit-remaining")).toBe("4749");
  });

  test("the key list may be read 10 times in a minute", async () => {
    const { api } = await testCloud({ rateLimit: true });
    const { ssh_key } = await api.ok("POST", "/account/keys", { name: "k", public_key: PUBLIC_KEY });
    for (let n = 0; n < 10; n++) await api.ok("GET", "/account/keys");
    expect((await api("GET", "/account/keys")).status).toBe(429);
    expect((await api("GET", `/account/keys/${ssh_key.id}`)).status).toBe(200);
  });
});

test("an answer that was given before is not given again after a change", async () => {
  const { api } = await testCloud();
  expect((await api.ok("GET", "/tags")).meta.total).toBe(0);
  await api.ok("POST", "/tags", { name: "web" });
  expect((await api.ok("GET", "/tags")).meta.total).toBe(1);
});
