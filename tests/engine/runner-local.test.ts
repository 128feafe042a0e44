import { afterAll, beforeAll, expect, test } from "vitest";
import { api } from "./harness.ts";
import { type RunnerProject, runnerProject } from "./runner-project.ts";

let project: RunnerProject;
beforeAll(async () => {
  project = runnerProject();
  await project.json(["local", "start", "--clock", "driven"]);
});
afterAll(() => project.remove());

/** A GPU droplet of the cloud, made by hand. */
async function droplet(): Promise<number> {
  const body = { name: "gpu", region: "tor1", size: "gpu-h100x1-80gb", image: "gpu-h100x1-base" };
  return (await api(project.cloud(), "POST", "/v2/droplets", body)).droplet.id;
}

test("start again answers with the one that runs; another backend is refused", async () => {
  const first = await project.json(["local", "start"]);
  expect(first).toEqual(await project.json(["local", "start"]));
  const { error, details } = await project.json(["local", "start", "--backend", "docker"], 1);
  expect(error).toBe("LocalCloudFailed");
  expect(details.suggestion).toContain("windlass local stop");
});

test("the clock is driven and the bill follows it", async () => {
  const id = await droplet();
  const before = await project.json(["local", "clock"]);
  await project.json(["local", "clock", "advance", "3600"]);
  const after = await project.json(["local", "clock"]);
  expect(Date.parse(after.now) - Date.parse(before.now)).toBeGreaterThanOrEqual(3_600_000);
  const { total, resources } = await project.json(["local", "bill"]);
  const line = resources.find((one: { id: string | number }) => String(one.id) === String(id));
  expect(line.amount).toBeCloseTo(line.hourly, 1);
  expect(total).toBeGreaterThanOrEqual(line.amount);
});

test("the load of a GPU is set and shown", async () => {
  const id = String(await droplet());
  await project.json(["local", "gpu", id, "--set", "utilization=97", "temperatureC=71"]);
  expect(JSON.stringify(await project.json(["local", "gpu", id]))).toMatch(/"utilization":97.*"temperatureC":71/);
});

test("faults are listed and cleared", async () => {
  const rules = await project.json(["local", "fault", "status", "--set", "status=503", "path=^/v2/regions$"]);
  expect(rules).toMatchObject([{ kind: "status", status: 503, path: "^/v2/regions$" }]);
  await expect(api(project.cloud(), "GET", "/v2/regions")).rejects.toThrow("503");
  expect(await project.json(["local", "fault", "--clear"])).toEqual([]);
  await api(project.cloud(), "GET", "/v2/regions");
});

test("stop keeps what it holds, reset does not, and asks first", async () => {
  await project.json(["local", "stop"]);
  expect(await project.json(["local", "status"])).toEqual({ running: false });
  expect((await project.json(["local", "bill"], 1)).error).toBe("LocalCloudFailed");
  await project.json(["local", "start"]);
  expect((await project.json(["local", "status"])).objects.droplets).toBe(2);
  expect((await project.windlass("local", "reset")).code).toBe(2);
  await project.json(["local", "reset", "--yes"]);
  expect((await project.json(["local", "status"])).objects.droplets).toBe(0);
});
