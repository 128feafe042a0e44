import { describe, expect, test } from "vitest";
import { CPU, GPU, PUBLIC_KEY, testCloud } from "../test-cloud.ts";

const pending = { status: 422, body: { id: "unprocessable_entity", message: "Droplet already has a pending event." } };

describe("creation", () => {
  test("is answered with a new droplet and its action, and becomes active with addresses", async () => {
    const { api, cloud } = await testCloud({ actionScale: 1 });
    const created = await api("POST", "/droplets", { ...CPU, tags: ["web"] });
    expect(created.status).toBe(202);
    const { droplet, links } = created.body;
    expect(droplet).toMatchObject({ status: "new", locked: true, created_at: "2026-03-01T00:00:00Z", tags: ["web"] });
    expect(links.actions).toEqual([
      { id: links.actions[0].id, rel: "create", href: `${cloud.url}/v2/actions/${links.actions[0].id}` },
    ]);
    await cloud.advance(59);
    expect((await api.ok("GET", `/droplets/${droplet.id}`)).droplet.status).toBe("new");
    expect((await api.ok("GET", `/actions/${links.actions[0].id}`)).action).toMatchObject({
      status: "in-progress",
      completed_at: null,
      resource_id: droplet.id,
      resource_type: "droplet",
      region_slug: "tor1",
    });
    await cloud.advance(2);
    const now = (await api.ok("GET", `/droplets/${droplet.id}`)).droplet;
    expect(now).toMatchObject({ status: "active", locked: false });
    expect(now.networks.v4.map((net: { type: string }) => net.type)).toEqual(["private", "public"]);
    expect((await api.ok("GET", `/actions/${links.actions[0].id}`)).action).toMatchObject({
      status: "completed",
      completed_at: "2026-03-01T00:01:00Z",
    });
  });

  test("at scale 0 the answer still says new, and the next question is answered with active", async () => {
    const { api } = await testCloud();
    const { droplet } = await api.ok("POST", "/droplets", GPU);
    expect(droplet.status).toBe("new");
    expect((await api.ok("GET", `/droplets/${droplet.id}`)).droplet.status).toBe("active");
  });

  test("makes up to ten at once, each with an address of its own", async () => {
    const { api } = await testCloud();
    const names = Array.from({ length: 10 }, (_, n) => `web-${n}`);
    const { droplets, links } = await api.ok("POST", "/droplets", { ...CPU, name: undefined, names });
    expect(droplets.map((d: { name: string }) => d.name)).toEqual(names);
    expect(links.actions).toHaveLength(10);
    const all = (await api.ok("GET", "/droplets")).droplets;
    const addresses = all.flatMap((d: { networks: { v4: { ip_address: string }[] } }) =>
      d.networks.v4.map((n) => n.ip_address),
    );
    expect(new Set(addresses).size).toBe(20);
    expect((await api("POST", "/droplets", { ...CPU, name: undefined, names: [...names, "x"] })).status).toBe(422);
  });

  const key = 123;
  test.each([
    [{ size: "g-8vcpu-64gb-intel-h100x1" }, "You specified an invalid size for Droplet creation."],
    [{ region: "mars1" }, "You specified an invalid region for Droplet creation."],
    [{ region: "sfo1" }, "Region is not available"],
    [{ size: "gpu-h100x1-80gb", region: "sgp1" }, "Size is not available in this region."],
    [{ image: "no-such-image" }, "You specified an invalid image for Droplet creation."],
    [{ ssh_keys: [key] }, "123 are invalid key identifiers for Droplet creation."],
    [{ name: "under_score" }, "Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"],
    [{ volumes: ["nope"] }, "Volume nope does not exist."],
    [{ user_data: "x".repeat(65_537) }, "User data is too long (maximum is 64 KiB)"],
  ])("refuses %o", async (change, message) => {
    const { api } = await testCloud();
    const refused = await api("POST", "/droplets", { ...CPU, ...change });
    expect(refused).toMatchObject({ status: 422, body: { id: "unprocessable_entity", message } });
    expect((await api.ok("GET", "/actions")).meta.total).toBe(0);
  });

  test("takes keys by id and by fingerprint, a VPC of the same region, and volumes", async () => {
    const { api } = await testCloud();
    const { ssh_key } = await api.ok("POST", "/account/keys", { name: "k", public_key: PUBLIC_KEY });
    const { vpc } = await api.ok("POST", "/vpcs", { name: "net", region: "tor1", ip_range: "10.7.0.0/24" });
    const { volume } = await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 10 });
    const other = (await api.ok("POST", "/volumes", { name: "other", region: "tor1", size_gigabytes: 10 })).volume;
    const volumes = [volume.id, { id: other.id }];
    const body = { ...CPU, ssh_keys: [ssh_key.id, ssh_key.fingerprint], vpc_uuid: vpc.id, volumes };
    const { id } = (await api.ok("POST", "/droplets", body)).droplet;
    const { droplet } = await api.ok("GET", `/droplets/${id}`);
    expect(droplet).toMatchObject({ vpc_uuid: vpc.id, volume_ids: [volume.id, other.id] });
    expect(droplet.networks.v4[0]).toMatchObject({
      ip_address: "10.7.0.2",
      netmask: "255.255.255.0",
      gateway: "10.7.0.1",
    });
    expect((await api("POST", "/droplets", { ...CPU, region: "nyc3", vpc_uuid: vpc.id })).status).toBe(422);
    expect((await api("POST", "/droplets", { ...CPU, vpc_uuid: "nope" })).status).toBe(404);
    expect((await api("POST", "/droplets", { ...CPU, volumes: [volume.id] })).body.message).toMatch(/already attached/);
  });

  test("stops at the account's limit", async () => {
    const { api, control } = await testCloud({ limits: { droplets: 2 } });
    expect((await api.ok("GET", "/account")).account.droplet_limit).toBe(2);
    await api.ok("POST", "/droplets", CPU);
    const two = await api("POST", "/droplets", { ...CPU, name: undefined, names: ["a", "b"] });
    expect(two).toMatchObject({
      status: 422,
      body: { message: "creating this/these droplet(s) will exceed your droplet limit" },
    });
    await control.ok("PUT", "/limits", { droplets: 3 });
    expect((await api("POST", "/droplets", { ...CPU, name: undefined, names: ["a", "b"] })).status).toBe(202);
  });
});

test("a refused request leaves nothing of what it had begun", async () => {
  const { api, control } = await testCloud({ limits: { droplets: 0 } });
  expect((await api("POST", "/droplets", { ...CPU, tags: ["fresh"] })).status).toBe(422);
  expect((await api.ok("GET", "/tags")).tags).toEqual([]);
  expect((await api.ok("GET", "/vpcs")).vpcs).toEqual([]);
  expect((await control.ok("GET", "/bill")).resources).toEqual([]);
});

describe("lists", () => {
  test("leave GPU droplets out, with and without a tag, unless asked for GPUs alone", async () => {
    const { api } = await testCloud();
    await api.ok("POST", "/droplets", { ...CPU, tags: ["mine"] });
    await api.ok("POST", "/droplets", { ...GPU, tags: ["mine"] });
    const names = async (query: string) =>
      (await api.ok("GET", `/droplets${query}`)).droplets.map((d: { name: string }) => d.name);
    expect(await names("")).toEqual(["web-1"]);
    expect(await names("?type=droplets")).toEqual(["web-1"]);
    expect(await names("?tag_name=mine")).toEqual(["web-1"]);
    expect(await names("?type=gpus")).toEqual(["gpu-1"]);
    expect(await names("?name=web-1")).toEqual(["web-1"]);
    expect(await names("?tag_name=other")).toEqual([]);
    expect((await api("GET", "/droplets?type=gpus&tag_name=mine")).status).toBe(400);
  });
});

describe("actions", () => {
  test("only one runs at a time on a droplet", async () => {
    const { api, cloud } = await testCloud({ actionScale: 1 });
    const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
    const { volume } = await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 1 });
    const attach = () => api("POST", `/volumes/${volume.id}/actions`, { type: "attach", droplet_id: id });
    expect(await api("POST", `/droplets/${id}/actions`, { type: "reboot" })).toMatchObject(pending);
    expect(await attach()).toMatchObject(pending);
    expect(await api("DELETE", `/droplets/${id}`)).toMatchObject(pending);
    expect(await api("POST", "/reserved_ips", { droplet_id: id })).toMatchObject(pending);
    await cloud.advance(60);
    expect((await attach()).status).toBe(202);
    expect(await api("POST", `/droplets/${id}/actions`, { type: "reboot" })).toMatchObject(pending);
    await cloud.advance(5);
    expect((await api("POST", `/droplets/${id}/actions`, { type: "reboot" })).status).toBe(201);
  });

  test("power off, resize with or without the disk, power on", async () => {
    const { api } = await testCloud();
    const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
    const act = (body: object) => api("POST", `/droplets/${id}/actions`, body);
    const droplet = async () => (await api.ok("GET", `/droplets/${id}`)).droplet;
    expect((await act({ type: "resize", size: "s-2vcpu-4gb" })).body.message).toBe(
      "Droplet is currently on. Please power it off to run this event.",
    );
    expect((await act({ type: "power_on" })).body.message).toBe("Droplet is already powered on.");
    await act({ type: "power_off" });
    expect((await droplet()).status).toBe("off");
    expect((await act({ type: "power_off" })).body.message).toBe("Droplet is already powered off.");
    await act({ type: "resize", size: "s-2vcpu-4gb" });
    expect(await droplet()).toMatchObject({ size_slug: "s-2vcpu-4gb", vcpus: 2, disk: 25, status: "off" });
    await act({ type: "resize", size: "s-4vcpu-8gb", disk: true });
    expect(await droplet()).toMatchObject({ size_slug: "s-4vcpu-8gb", disk: 160 });
    expect((await act({ type: "resize", size: "s-1vcpu-1gb" })).body.message).toMatch(/smaller disk/);
    await act({ type: "power_on" });
    expect((await droplet()).status).toBe("active");
    expect((await act({ type: "fly" })).status).toBe(422);
  });

  test("a snapshot carries the time at which its action started, and outlives the droplet", async () => {
    const { api, cloud } = await testCloud({ actionScale: 1 });
    const { id } = (await api.ok("POST", "/droplets", GPU)).droplet;
    await cloud.advance(180);
    const { action } = await api.ok("POST", `/droplets/${id}/actions`, { type: "snapshot", name: "before" });
    await cloud.advance(3600);
    const { snapshots } = await api.ok("GET", `/droplets/${id}/snapshots`);
    expect(snapshots).toMatchObject([
      { name: "before", created_at: action.started_at, regions: ["tor1"], min_disk_size: 720 },
    ]);
    expect((await api.ok("GET", `/droplets/${id}`)).droplet.snapshot_ids).toEqual([snapshots[0].id]);
    const ended = (await api.ok("GET", `/droplets/${id}/actions/${action.id}`)).action;
    expect(Date.parse(ended.completed_at) - Date.parse(ended.started_at)).toBe(Math.floor(18.47 * 60) * 1000);
    await api("DELETE", `/droplets/${id}`);
    await cloud.advance(10);
    const again = await api.ok("POST", "/droplets", { ...GPU, image: snapshots[0].id });
    expect(again.droplet.image).toMatchObject({ id: snapshots[0].id, slug: null, type: "snapshot" });
  });

  test("by tag, on every droplet with it", async () => {
    const { api } = await testCloud();
    for (const name of ["a", "b"]) await api.ok("POST", "/droplets", { ...CPU, name, tags: ["web"] });
    await api.ok("POST", "/droplets", { ...CPU, name: "c" });
    const { actions } = await api.ok("POST", "/droplets/actions?tag_name=web", { type: "power_off" });
    expect(actions).toHaveLength(2);
    const { droplets } = await api.ok("GET", "/droplets");
    expect(droplets.map((d: { status: string }) => d.status)).toEqual(["off", "off", "active"]);
  });

  test("rename, rebuild, backups and IPv6 change what they say", async () => {
    const { api } = await testCloud();
    const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
    const act = (body: object) => api.ok("POST", `/droplets/${id}/actions`, body);
    await act({ type: "rename", name: "web-2" });
    await act({ type: "rebuild", image: "ubuntu-24-04-x64" });
    await act({ type: "enable_backups" });
    await act({ type: "enable_ipv6" });
    const { droplet } = await api.ok("GET", `/droplets/${id}`);
    expect(droplet).toMatchObject({ name: "web-2", image: { slug: "ubuntu-24-04-x64" } });
    expect(droplet.features).toEqual(expect.arrayContaining(["backups", "ipv6"]));
    await act({ type: "disable_backups" });
    expect((await api.ok("GET", `/droplets/${id}`)).droplet.features).not.toContain("backups");
  });
});

describe("the end", () => {
  test("a destroyed droplet is gone after seconds; its volume stays and comes free with it", async () => {
    const { api, cloud } = await testCloud({ actionScale: 1 });
    const { volume } = await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 10 });
    const { id } = (await api.ok("POST", "/droplets", { ...GPU, volumes: [volume.id] })).droplet;
    await cloud.advance(180);
    expect((await api("DELETE", `/droplets/${id}`)).status).toBe(204);
    expect((await api.ok("GET", `/droplets/${id}`)).droplet.locked).toBe(true);
    expect((await api("DELETE", `/volumes/${volume.id}`)).body.message).toBe("attached volume cannot be deleted");
    await cloud.advance(4);
    expect((await api("GET", `/droplets/${id}`)).status).toBe(404);
    expect((await api("DELETE", `/droplets/${id}`)).status).toBe(404);
    expect((await api.ok("GET", `/volumes/${volume.id}`)).volume.droplet_ids).toEqual([]);
  });

  test("by tag", async () => {
    const { api } = await testCloud();
    await api.ok("POST", "/droplets", { ...CPU, tags: ["old"] });
    await api.ok("POST", "/droplets", { ...CPU, name: "web-2" });
    expect((await api("DELETE", "/droplets?tag_name=old")).status).toBe(204);
    expect((await api.ok("GET", "/droplets")).droplets.map((d: { name: string }) => d.name)).toEqual(["web-2"]);
    expect((await api("DELETE", "/droplets")).status).toBe(422);
  });

  test("with what would be left behind: all of it, or what was chosen", async () => {
    const { api } = await testCloud();
    const raise = async (name: string) => {
      const { volume } = await api.ok("POST", "/volumes", { name, region: "tor1", size_gigabytes: 100 });
      const { id } = (await api.ok("POST", "/droplets", { ...CPU, name, volumes: [volume.id] })).droplet;
      await api.ok("POST", `/droplets/${id}/actions`, { type: "snapshot", name });
      return { id, path: `/droplets/${id}/destroy_with_associated_resources`, volume: volume.id };
    };
    const one = await raise("one");
    const left = await api.ok("GET", one.path);
    expect(left).toMatchObject({
      volumes: [{ id: one.volume, cost: "10.00" }],
      snapshots: [{ name: "one", cost: "0.15" }],
    });
    expect((await api("DELETE", `${one.path}/selective`, { volumes: [one.volume] })).status).toBe(202);
    expect(await api.ok("GET", `${one.path}/status`)).toMatchObject({
      completed_at: "2026-03-01T00:00:00Z",
      resources: { volumes: [{ id: one.volume, destroyed_at: "2026-03-01T00:00:00Z" }], snapshots: [] },
    });
    expect((await api("GET", `/volumes/${one.volume}`)).status).toBe(404);
    expect((await api.ok("GET", "/snapshots")).meta.total).toBe(1);

    const two = await raise("two");
    expect((await api("DELETE", `${two.path}/dangerous`)).status).toBe(422);
    expect((await api("DELETE", `${two.path}/dangerous`, undefined, { "x-dangerous": "true" })).status).toBe(202);
    expect((await api.ok("GET", "/volumes")).meta.total).toBe(0);
    expect((await api.ok("GET", "/snapshots")).snapshots).toMatchObject([{ name: "one" }]);
  });
});
