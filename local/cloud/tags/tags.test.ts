import { expect, test } from "vitest";
import { CPU, testCloud } from "../test-cloud.ts";

test("tags come to be with what carries them, count it, and go from everything when they are deleted", async () => {
  const { api, cloud } = await testCloud();
  const { droplet } = await api.ok("POST", "/droplets", { ...CPU, tags: ["web", "env:prod"] });
  const { volume } = await api.ok("POST", "/volumes", {
    name: "data",
    region: "tor1",
    size_gigabytes: 1,
    tags: ["web"],
  });
  const { tag } = await api.ok("GET", "/tags/web");
  expect(tag).toMatchObject({
    name: "web",
    resources: {
      count: 2,
      droplets: { count: 1, last_tagged_uri: `${cloud.url}/v2/droplets/${droplet.id}` },
      volumes: { count: 1 },
      volume_snapshots: { count: 0 },
    },
  });
  expect((await api.ok("GET", "/tags")).meta.total).toBe(2);
  expect((await api("DELETE", "/tags/web")).status).toBe(204);
  expect((await api.ok("GET", `/droplets/${droplet.id}`)).droplet.tags).toEqual(["env:prod"]);
  expect((await api.ok("GET", `/volumes/${volume.id}`)).volume.tags).toEqual([]);
  expect((await api("GET", "/tags/web")).status).toBe(404);
});

test("resources are tagged and untagged; unknown ones and kinds are refused", async () => {
  const { api } = await testCloud();
  const { droplet } = await api.ok("POST", "/droplets", CPU);
  await api.ok("POST", "/tags", { name: "web" });
  const resources = [{ resource_id: String(droplet.id), resource_type: "droplet" }];
  const tags = async () => (await api.ok("GET", `/droplets/${droplet.id}`)).droplet.tags;
  for (let n = 0; n < 2; n++) expect((await api("POST", "/tags/web/resources", { resources })).status).toBe(204);
  expect(await tags()).toEqual(["web"]);
  expect((await api("DELETE", "/tags/web/resources", { resources })).status).toBe(204);
  expect(await tags()).toEqual([]);
  expect((await api("POST", "/tags/nope/resources", { resources })).status).toBe(404);
  const ghost = [{ resource_id: "1", resource_type: "droplet" }];
  expect((await api("POST", "/tags/web/resources", { resources: ghost })).status).toBe(404);
  expect(
    (await api("POST", "/tags/web/resources", { resources: [{ resource_id: "1", resource_type: "cat" }] })).status,
  ).toBe(422);
});

test("names with other characters are refused, where they are made and where they are used", async () => {
  const { api } = await testCloud();
  const refused = await api("POST", "/tags", { name: "здорово" });
  expect(refused).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining("invalid characters"), messages: null },
  });
  expect((await api("POST", "/droplets", { ...CPU, tags: ["no spaces"] })).status).toBe(422);
  expect((await api("POST", "/tags", { name: "web" })).status).toBe(201);
  expect((await api("POST", "/tags", { name: "web" })).status).toBe(201);
  expect((await api.ok("GET", "/tags")).meta.total).toBe(1);
});

test("a tag as long as may be is read and deleted by its name in the path, escaped too", async () => {
  const { api } = await testCloud();
  const name = `${"windlass-stopped:".repeat(15)}`.slice(0, 255);
  await api.ok("POST", "/tags", { name });
  for (const path of [name, encodeURIComponent(name)]) expect((await api("GET", `/tags/${path}`)).status).toBe(200);
  expect((await api("DELETE", `/tags/${encodeURIComponent(name)}`)).status).toBe(204);
  expect((await api("GET", `/tags/${name}`)).status).toBe(404);
});
