import { describe, expect, test } from "vitest";
import { CPU, GPU, temporaryFolder, testCloud } from "./test-cloud.ts";

const CREATE = { method: "POST", path: "^/v2/droplets$" };

test("a status before the change: nothing has happened, and the next try goes through", async () => {
  const { api, control } = await testCloud();
  await control.ok("POST", "/faults", { ...CREATE, kind: "status", status: 429, retryAfter: 7 });
  const refused = await api("POST", "/droplets", CPU);
  expect(refused).toMatchObject({ status: 429, body: { id: "too_many_requests" } });
  expect(refused.headers.get("retry-after")).toBe("7");
  expect((await api.ok("GET", "/droplets")).meta.total).toBe(0);
  expect((await api("POST", "/droplets", CPU)).status).toBe(202);
});

test("a status after the change: the droplet is there all the same", async () => {
  const { api, control } = await testCloud();
  await control.ok("POST", "/faults", { ...CREATE, kind: "status-after-commit", status: 500 });
  expect(await api("POST", "/droplets", CPU)).toMatchObject({ status: 500, body: { id: "server_error" } });
  expect((await api.ok("GET", "/droplets")).droplets).toMatchObject([{ name: "web-1", status: "active" }]);
});

test("a cut connection, before and after the change", async () => {
  const { api, control } = await testCloud();
  await control.ok("POST", "/faults", { ...CREATE, kind: "drop" });
  await expect(api("POST", "/droplets", CPU)).rejects.toThrow("fetch failed");
  expect((await api.ok("GET", "/droplets")).meta.total).toBe(0);
  await control.ok("POST", "/faults", { ...CREATE, kind: "drop-after-commit" });
  await expect(api("POST", "/droplets", CPU)).rejects.toThrow("fetch failed");
  expect((await api.ok("GET", "/droplets")).meta.total).toBe(1);
  const requests = await control.ok("GET", "/requests");
  expect(
    requests.filter((r: { method: string }) => r.method === "POST").map((r: { status: number }) => r.status),
  ).toEqual([0, 0]);
});

test("a delay is of the machine's time", async () => {
  const { api, control } = await testCloud();
  await control.ok("POST", "/faults", { path: "/account$", kind: "delay", seconds: 0.2 });
  const before = performance.now();
  await api.ok("GET", "/account");
  expect(performance.now() - before).toBeGreaterThan(195);
});

test("no capacity for a size in a region", async () => {
  const { api, control } = await testCloud();
  await control.ok("POST", "/faults", { kind: "capacity", size: GPU.size, region: "tor1", times: 0 });
  for (let n = 0; n < 2; n++)
    expect(await api("POST", "/droplets", GPU)).toMatchObject({
      status: 422,
      body: { message: expect.stringMatching(/not currently available/) },
    });
  expect((await api("POST", "/droplets", { ...GPU, region: "nyc2" })).status).toBe(202);
  expect((await api("POST", "/droplets", CPU)).status).toBe(202);
  const [rule] = await control.ok("GET", "/faults");
  expect(rule.hits).toBe(2);
  await control.ok("DELETE", `/faults/${rule.id}`);
  expect((await api("POST", "/droplets", GPU)).status).toBe(202);
});

test("a stuck action holds its droplet until the rules are deleted", async () => {
  const { api, control, cloud } = await testCloud();
  await control.ok("POST", "/faults", { kind: "stuck-action", actionType: "create" });
  const { droplet, links } = await api.ok("POST", "/droplets", CPU);
  await cloud.advance(86_400);
  expect((await api.ok("GET", `/droplets/${droplet.id}`)).droplet).toMatchObject({ status: "new", locked: true });
  expect((await api.ok("GET", `/actions/${links.actions[0].id}`)).action.status).toBe("in-progress");
  await control.ok("DELETE", "/faults");
  await expect.poll(async () => (await api.ok("GET", `/droplets/${droplet.id}`)).droplet.status).toBe("active");
});

test("an errored action has an end, changes nothing, and frees its droplet", async () => {
  const { api, control } = await testCloud();
  const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
  const { volume } = await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 1 });
  await control.ok("POST", "/faults", { kind: "errored-action", actionType: "attach_volume" });
  const attach = () => api.ok("POST", `/volumes/${volume.id}/actions`, { type: "attach", droplet_id: id });
  const first = (await attach()).action;
  expect((await api.ok("GET", `/actions/${first.id}`)).action).toMatchObject({
    status: "errored",
    completed_at: START_TIME,
  });
  expect((await api.ok("GET", `/volumes/${volume.id}`)).volume.droplet_ids).toEqual([]);
  await attach();
  expect((await api.ok("GET", `/volumes/${volume.id}`)).volume.droplet_ids).toEqual([id]);
});
const START_TIME = "2026-03-01T00:00:00Z";

describe("rules", () => {
  test("that make no sense are refused with what would", async () => {
    const { control } = await testCloud();
    const message = async (rule: object) => (await control("POST", "/faults", rule)).body.message;
    expect(await message({ kind: "earthquake" })).toMatch(/^kind: unknown "earthquake"; one of status, /);
    expect(await message({ kind: "status" })).toMatch(/^status: a number is needed/);
    expect(await message({ kind: "drop", path: "(" })).toMatch(/regular expression/i);
  });

  test("strike as often as they say, and by chance where they say so", async () => {
    const { api, control } = await testCloud();
    await control.ok("POST", "/faults", { kind: "status", status: 503, times: 2 });
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await api("GET", "/account")).status);
    expect(statuses).toEqual([503, 503, 200]);
    await control.ok("POST", "/faults", { kind: "status", status: 503, times: 0, probability: 0 });
    expect((await api("GET", "/account")).status).toBe(200);
  });

  test("outlive the process", async () => {
    const dataDir = temporaryFolder();
    const first = await testCloud({ dataDir });
    await first.control.ok("POST", "/faults", { kind: "stuck-action" });
    await first.control.ok("POST", "/faults", { kind: "status", status: 500, path: "/account$", times: 2 });
    await first.api("GET", "/account");
    const { droplet } = await first.api.ok("POST", "/droplets", CPU);
    await first.cloud.close();
    const second = await testCloud({ dataDir, token: "local_again" });
    expect((await second.api("GET", "/account")).status).toBe(500);
    expect((await second.api("GET", "/account")).status).toBe(200);
    expect((await second.api.ok("GET", `/droplets/${droplet.id}`)).droplet.status).toBe("new");
  });
});
