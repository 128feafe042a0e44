import { expect, test } from "vitest";
import type { DropletSpec, GpuLoad } from "../backend.ts";
import { createNoneBackend } from "../backends/none.ts";
import { CPU, GPU, PUBLIC_KEY, testCloud } from "../test-cloud.ts";

test("health needs no token", async () => {
  const { control } = await testCloud();
  expect(await control.ok("GET", "/health")).toMatchObject({
    status: "ok",
    backend: "none",
    now: "2026-03-01T00:00:00.000Z",
    pid: process.pid,
  });
  expect((await control("GET", "/nothing")).status).toBe(404);
});

test("a driven clock moves only when it is told to, and then everything due has happened", async () => {
  const { control, api } = await testCloud({ actionScale: 1 });
  const { droplet } = await api.ok("POST", "/droplets", CPU);
  expect(await control.ok("GET", "/clock")).toEqual({ mode: "driven", now: "2026-03-01T00:00:00.000Z", scale: 1 });
  expect(await control.ok("POST", "/clock/advance", { seconds: 3600 })).toMatchObject({
    now: "2026-03-01T01:00:00.000Z",
  });
  expect((await api.ok("GET", `/droplets/${droplet.id}`)).droplet.status).toBe("active");
  expect((await api.ok("GET", "/actions")).actions[0].completed_at).toBe("2026-03-01T00:01:00Z");
  expect((await control("POST", "/clock/advance", { seconds: -1 })).status).toBe(422);
});

test("actions that are due in one step end in the order of their times", async () => {
  const { control, api } = await testCloud({ actionScale: 1 });
  await api.ok("POST", "/droplets", GPU);
  await control.ok("POST", "/clock/advance", { seconds: 1 });
  await api.ok("POST", "/droplets", CPU);
  await control.ok("POST", "/clock/advance", { seconds: 1000 });
  const { actions } = await api.ok("GET", "/actions");
  expect(actions.map((a: { completed_at: string }) => a.completed_at)).toEqual([
    "2026-03-01T00:01:01Z",
    "2026-03-01T00:03:00Z",
  ]);
});

test("a scaled clock runs ahead, and can be set", async () => {
  const { control, api } = await testCloud({ actionScale: 1, clock: { mode: "scaled", scale: 1000 } });
  const { droplet } = await api.ok("POST", "/droplets", GPU);
  await expect.poll(async () => (await api.ok("GET", `/droplets/${droplet.id}`)).droplet.status).toBe("active");
  const set = await control.ok("PUT", "/clock", { mode: "driven", now: "2030-01-01T00:00:00Z" });
  expect(set).toEqual({ mode: "driven", now: "2030-01-01T00:00:00.000Z", scale: 1 });
  expect((await control("PUT", "/clock", { mode: "backwards" })).status).toBe(422);
  await control.ok("PUT", "/clock", { mode: "real" });
  expect((await control("POST", "/clock/advance", { seconds: 1 })).status).toBe(409);
});

test("the GPUs of a droplet show the load that was set, one for all or one each", async () => {
  const set = new Map<number, GpuLoad[]>();
  const { control, api } = await testCloud({
    createBackend: (store) => ({ ...createNoneBackend(store), setGpu: async (id, gpus) => void set.set(id, gpus) }),
  });
  const { id } = (await api.ok("POST", "/droplets", { ...GPU, size: "gpu-h100x8-640gb", region: "nyc1" })).droplet;
  expect((await control.ok("GET", `/gpu/${id}`)).gpus).toHaveLength(8);
  const { gpus } = await control.ok("PUT", `/gpu/${id}`, { gpus: { utilization: 97, memoryUsedMiB: 61_000 } });
  expect(gpus[7]).toEqual({ utilization: 97, memoryUsedMiB: 61_000, temperatureC: 31, powerW: 71 });
  expect(set.get(id)).toEqual(gpus);
  expect((await control.ok("GET", `/gpu/${id}`)).gpus).toEqual(gpus);
  expect((await control("PUT", `/gpu/${id}`, { gpus: [{ utilization: 1 }] })).status).toBe(422);
  const { droplet } = await api.ok("POST", "/droplets", CPU);
  expect((await control("GET", `/gpu/${droplet.id}`)).body.message).toMatch(/has no GPU/);
  expect((await control("GET", "/gpu/1")).status).toBe(404);
});

test("objects are those of the API, GPU droplets with them, however many", async () => {
  const { control, api } = await testCloud({ limits: { droplets: 300 } });
  for (let n = 0; n < 21; n++)
    await api.ok("POST", "/droplets", {
      ...CPU,
      name: undefined,
      names: Array.from({ length: 10 }, (_, i) => `d${n}-${i}`),
    });
  await api.ok("POST", "/droplets", { ...GPU, tags: ["mine"] });
  await api.ok("POST", "/account/keys", { name: "k", public_key: PUBLIC_KEY });
  const objects = await control.ok("GET", "/objects");
  expect(objects.droplets).toHaveLength(211);
  expect(objects.droplets.at(-1)).toMatchObject({ name: "gpu-1", tags: ["mine"] });
  expect(
    Object.fromEntries(Object.entries(objects).map(([kind, list]) => [kind, (list as unknown[]).length])),
  ).toMatchObject({
    volumes: 0,
    vpcs: 1,
    firewalls: 0,
    reserved_ips: 0,
    ssh_keys: 1,
    snapshots: 0,
    tags: 1,
  });
});

test("requests are listed after a given one", async () => {
  const { control, api } = await testCloud();
  await api("GET", "/account");
  const [first] = await control.ok("GET", "/requests");
  expect(first).toMatchObject({ method: "GET", path: "/v2/account", status: 200 });
  await api("GET", "/droplets?type=gpus");
  await api("GET", "/droplets/1");
  const after = await control.ok("GET", `/requests?after=${first.id}`);
  expect(after.map((r: { path: string; status: number }) => [r.path, r.status])).toEqual([
    ["/v2/droplets?type=gpus", 200],
    ["/v2/droplets/1", 404],
  ]);
});

test("a reset leaves nothing: objects, faults, machines, the clock where it started; ids are not given again", async () => {
  let resets = 0;
  const { control, api, cloud } = await testCloud({
    actionScale: 1,
    createBackend: (store) => ({ ...createNoneBackend(store), reset: async () => void resets++ }),
  });
  const before = (await api.ok("POST", "/droplets", CPU)).droplet.id;
  await control.ok("POST", "/faults", { kind: "status", status: 500, times: 0, path: "never" });
  await control.ok("PUT", "/limits", { droplets: 99 });
  await cloud.advance(10);
  await control.ok("POST", "/reset");
  expect(resets).toBe(1);
  expect(await control.ok("GET", "/clock")).toMatchObject({ now: "2026-03-01T00:00:00.000Z" });
  expect(await control.ok("GET", "/faults")).toEqual([]);
  expect(await control.ok("GET", "/limits")).toMatchObject({ droplets: 25 });
  expect((await control.ok("GET", "/bill")).resources).toEqual([]);
  expect(Object.values(await control.ok("GET", "/objects")).flat()).toEqual([]);
  expect((await api.ok("GET", "/projects")).meta.total).toBe(1);
  const { droplet } = await api.ok("POST", "/droplets", CPU);
  expect(droplet.id).toBeGreaterThan(before);
  await cloud.advance(60);
  expect((await api.ok("GET", `/droplets/${droplet.id}`)).droplet.status).toBe("active");
});

test("a machine is given everything it is made of, and an ssh-down fault with it", async () => {
  const specs: DropletSpec[] = [];
  const { api, control } = await testCloud({
    createBackend: (store) => {
      const none = createNoneBackend(store);
      return {
        ...none,
        ensureDroplet: async (spec) => {
          specs.push(spec);
          return none.ensureDroplet(spec);
        },
      };
    },
  });
  const { ssh_key } = await api.ok("POST", "/account/keys", { name: "k", public_key: PUBLIC_KEY });
  await control.ok("POST", "/faults", { kind: "ssh-down" });
  const { droplet } = await api.ok("POST", "/droplets", { ...GPU, ssh_keys: [ssh_key.id], user_data: "#cloud-config" });
  expect(specs).toEqual([
    {
      id: droplet.id,
      name: "gpu-1",
      sizeSlug: "gpu-h100x1-80gb",
      vcpus: 20,
      memoryMiB: 245_760,
      diskGiB: 720,
      gpu: { model: "nvidia_h100", count: 1, memoryMiB: 81_920 },
      image: { slug: "gpu-h100x1-base", gpu: true, docker: true },
      region: "tor1",
      userData: "#cloud-config",
      authorizedKeys: [PUBLIC_KEY],
      vpcId: droplet.vpc_uuid,
      vpcRange: "10.100.0.0/20",
      sshDown: true,
    },
  ]);
});

test("metrics are answered as Prometheus does, from the machine's reading", async () => {
  const reading = {
    cpuPercent: 25,
    memoryUsedMiB: 1024,
    memoryTotalMiB: 4096,
    diskUsedGiB: 5,
    diskTotalGiB: 25,
    load1: 0.5,
    netRxBytes: 1e6,
    netTxBytes: 2e6,
  };
  const { api, cloud } = await testCloud({
    createBackend: (store) => ({ ...createNoneBackend(store), metrics: async () => reading }),
  });
  const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
  await cloud.advance(600);
  const start = Date.parse("2026-03-01T00:00:00Z") / 1000;
  const ask = async (name: string, more = "") =>
    (await api.ok("GET", `/monitoring/metrics/droplet/${name}?host_id=${id}&start=${start}&end=${start + 300}${more}`))
      .data.result;
  expect(await ask("memory_free")).toEqual([
    { metric: { host_id: String(id) }, values: [0, 120, 240].map((age) => [start + age, String(3072 * 2 ** 20)]) },
  ]);
  const cpu = await ask("cpu");
  expect(cpu.find((s: { metric: { mode: string } }) => s.metric.mode === "user").values.at(-1)).toEqual([
    start + 240,
    "60",
  ]);
  expect((await ask("filesystem_size"))[0].metric.mountpoint).toBe("/");
  expect((await ask("bandwidth", "&interface=public&direction=inbound"))[0].metric.direction).toBe("inbound");
  expect((await api("GET", "/monitoring/metrics/droplet/gpu_utilization")).status).toBe(404);
  expect((await api("GET", "/monitoring/metrics/droplet/cpu")).status).toBe(400);
});
