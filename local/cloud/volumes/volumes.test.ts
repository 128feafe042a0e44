import { describe, expect, test } from "vitest";
import { type Api, CPU, testCloud } from "../test-cloud.ts";

const DATA = { name: "data", region: "tor1", size_gigabytes: 500 };

async function dropletAndVolume(api: Api) {
  const droplet = (await api.ok("POST", "/droplets", CPU)).droplet.id as number;
  const volume = (await api.ok("POST", "/volumes", DATA)).volume.id as string;
  const act = (body: object) => api("POST", `/volumes/${volume}/actions`, body);
  const attachedTo = async () => (await api.ok("GET", `/volumes/${volume}`)).volume.droplet_ids;
  return { droplet, volume, act, attachedTo };
}

describe("creation", () => {
  test("names are unique in a region, not across regions", async () => {
    const { api } = await testCloud();
    const created = await api("POST", "/volumes", {
      ...DATA,
      filesystem_type: "ext4",
      filesystem_label: "d",
      tags: ["a"],
    });
    expect(created.status).toBe(201);
    expect(created.body.volume).toMatchObject({
      name: "data",
      size_gigabytes: 500,
      filesystem_type: "ext4",
      filesystem_label: "d",
      droplet_ids: [],
      tags: ["a"],
      region: { slug: "tor1" },
    });
    expect(await api("POST", "/volumes", DATA)).toMatchObject({
      status: 409,
      body: { id: "conflict", message: "already exists" },
    });
    expect((await api("POST", "/volumes", { ...DATA, region: "nyc3" })).status).toBe(201);
  });

  test.each([
    [{ size_gigabytes: 0 }],
    [{ size_gigabytes: 16_385 }],
    [{ size_gigabytes: 1.5 }],
    [{ region: "mars1" }],
    [{ name: "Data" }],
    [{ filesystem_type: "btrfs" }],
    [{ filesystem_type: "xfs", filesystem_label: "longer-than-12" }],
    [{ snapshot_id: "nope" }],
  ])("refuses %o", async (change) => {
    const { api } = await testCloud();
    expect((await api("POST", "/volumes", { ...DATA, ...change })).status).toBe(422);
    expect((await api.ok("GET", "/volumes")).meta.total).toBe(0);
  });

  test("stops at the account's limit", async () => {
    const { api } = await testCloud({ limits: { volumes: 1 } });
    await api.ok("POST", "/volumes", DATA);
    expect(await api("POST", "/volumes", { ...DATA, name: "more" })).toMatchObject({
      status: 403,
      body: { id: "forbidden" },
    });
  });

  test("lists filter by name, region and tag", async () => {
    const { api } = await testCloud();
    await api.ok("POST", "/volumes", { ...DATA, tags: ["mine"] });
    await api.ok("POST", "/volumes", { ...DATA, region: "nyc3" });
    await api.ok("POST", "/volumes", { ...DATA, name: "other" });
    const total = async (query: string) => (await api.ok("GET", `/volumes?${query}`)).meta.total;
    expect(await total("name=data")).toBe(2);
    expect(await total("name=data&region=nyc3")).toBe(1);
    expect(await total("region=tor1")).toBe(2);
    expect(await total("tag_name=mine")).toBe(1);
  });
});

describe("attachment", () => {
  test("takes seconds, to one droplet, and back", async () => {
    const { api, cloud } = await testCloud({ actionScale: 1 });
    const { droplet, volume, act, attachedTo } = await dropletAndVolume(api);
    await cloud.advance(60);
    const attach = await act({ type: "attach", droplet_id: droplet, region: "tor1" });
    expect(attach.status).toBe(202);
    expect(attach.body.action).toMatchObject({ type: "attach_volume", status: "in-progress", resource_type: "volume" });
    expect(await attachedTo()).toEqual([]);
    expect((await api("DELETE", `/volumes/${volume}`)).status).toBe(409);
    await cloud.advance(5);
    expect(await attachedTo()).toEqual([droplet]);
    expect((await api.ok("GET", `/droplets/${droplet}`)).droplet.volume_ids).toEqual([volume]);
    expect((await api.ok("GET", `/volumes/${volume}/actions/${attach.body.action.id}`)).action.status).toBe(
      "completed",
    );
    expect((await act({ type: "attach", droplet_id: droplet })).status).toBe(422);
    await act({ type: "detach", droplet_id: droplet });
    await cloud.advance(5);
    expect(await attachedTo()).toEqual([]);
    expect((await api("DELETE", `/volumes/${volume}`)).status).toBe(204);
    expect((await api("GET", `/volumes/${volume}`)).status).toBe(404);
  });

  test("detaching needs the droplet's id, and something to detach", async () => {
    const { api } = await testCloud();
    const { droplet, act } = await dropletAndVolume(api);
    expect(await act({ type: "detach" })).toMatchObject({ status: 422, body: { message: "Attachment not found" } });
    expect(await act({ type: "detach", droplet_id: droplet })).toMatchObject({
      status: 404,
      body: { message: "volume is not attached to droplet" },
    });
  });

  test("by name and region; in another region it is refused", async () => {
    const { api } = await testCloud();
    const { droplet, attachedTo, act } = await dropletAndVolume(api);
    const body = { type: "attach", volume_name: "data", region: "tor1", droplet_id: droplet };
    expect((await api("POST", "/volumes/actions", { ...body, region: "nyc3" })).status).toBe(404);
    expect((await api("POST", "/volumes/actions", body)).status).toBe(202);
    expect(await attachedTo()).toEqual([droplet]);
    await act({ type: "detach", droplet_id: droplet });
    const far = (await api.ok("POST", "/droplets", { ...CPU, region: "nyc3" })).droplet.id;
    expect((await act({ type: "attach", droplet_id: far })).body.message).toMatch(/same region/);
    expect((await act({ type: "attach", droplet_id: 1 })).status).toBe(404);
  });

  test("at most 15 to a droplet", async () => {
    const { api } = await testCloud();
    const volumes: string[] = [];
    for (let n = 0; n < 16; n++) volumes.push((await api.ok("POST", "/volumes", { ...DATA, name: `v${n}` })).volume.id);
    const droplet = (await api.ok("POST", "/droplets", { ...CPU, volumes: volumes.slice(0, 15) })).droplet.id;
    const refused = await api("POST", `/volumes/${volumes[15]}/actions`, { type: "attach", droplet_id: droplet });
    expect(refused.body.message).toMatch(/at most 15/);
  });
});

test("a size only grows", async () => {
  const { api } = await testCloud();
  const { act, volume } = await dropletAndVolume(api);
  expect((await act({ type: "resize", size_gigabytes: 499 })).body.message).toMatch(/only be expanded/);
  expect((await act({ type: "resize", size_gigabytes: 16_385 })).status).toBe(422);
  expect((await act({ type: "resize", size_gigabytes: 600, region: "tor1" })).status).toBe(202);
  expect((await api.ok("GET", `/volumes/${volume}`)).volume.size_gigabytes).toBe(600);
});

test("a volume is deleted by name and region too", async () => {
  const { api } = await testCloud();
  await api.ok("POST", "/volumes", DATA);
  expect((await api("DELETE", "/volumes?name=data&region=nyc3")).status).toBe(404);
  expect((await api("DELETE", "/volumes?name=data&region=tor1")).status).toBe(204);
  expect((await api.ok("GET", "/volumes")).meta.total).toBe(0);
});

test("snapshots are there at once, stay when the volume goes, and make new volumes of at least their size", async () => {
  const { api } = await testCloud();
  const { volume } = await dropletAndVolume(api);
  const made = await api("POST", `/volumes/${volume}/snapshots`, { name: "monday", tags: ["keep"] });
  expect(made.status).toBe(201);
  const { id } = made.body.snapshot;
  await api("DELETE", `/volumes/${volume}`);
  const found = {
    id,
    name: "monday",
    resource_id: volume,
    resource_type: "volume",
    regions: ["tor1"],
    min_disk_size: 500,
  };
  expect((await api.ok("GET", `/snapshots/${id}`)).snapshot).toMatchObject({ ...found, tags: ["keep"] });
  expect((await api.ok("GET", `/volumes/snapshots/${id}`)).snapshot).toMatchObject(found);
  expect(
    (await api("POST", "/volumes", { name: "x", region: "nyc3", size_gigabytes: 500, snapshot_id: id })).status,
  ).toBe(422);
  expect((await api("POST", "/volumes", { name: "x", size_gigabytes: 400, snapshot_id: id })).status).toBe(422);
  expect(
    (await api.ok("POST", "/volumes", { name: "x", size_gigabytes: 500, snapshot_id: id })).volume.region.slug,
  ).toBe("tor1");
  expect((await api("DELETE", `/snapshots/${id}`)).status).toBe(204);
  expect((await api.ok("GET", "/snapshots?resource_type=volume")).meta.total).toBe(0);
});
