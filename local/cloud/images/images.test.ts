import { expect, test } from "vitest";
import { CPU, testCloud } from "../test-cloud.ts";

test("DigitalOcean's own are found by id and slug, listed by kind, and cannot be changed", async () => {
  const { api } = await testCloud();
  const { image } = await api.ok("GET", "/images/gpu-h100x1-base");
  expect(image).toMatchObject({ distribution: "Ubuntu", public: true, type: "base", min_disk_size: 30 });
  expect((await api.ok("GET", `/images/${image.id}`)).image.slug).toBe("gpu-h100x1-base");
  const slugs = async (query: string) =>
    (await api.ok("GET", `/images?per_page=200&${query}`)).images.map((i: { slug: string }) => i.slug);
  expect(await slugs("type=distribution")).toContain("debian-12-x64");
  expect(await slugs("type=application")).toEqual(["docker-20-04"]);
  expect(await slugs("private=true")).toEqual([]);
  expect((await api("DELETE", `/images/${image.id}`)).status).toBe(404);
  expect((await api("GET", `/snapshots/${image.id}`)).body.message).toBe("the resource is not a snapshot");
});

test("a snapshot is an image too: renamed, transferred to another region, deleted", async () => {
  const { api, cloud } = await testCloud({ actionScale: 1 });
  const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
  await cloud.advance(60);
  await api.ok("POST", `/droplets/${id}/actions`, { type: "snapshot", name: "golden" });
  await cloud.advance(600);
  const [image] = (await api.ok("GET", "/images?private=true")).images;
  expect(image).toMatchObject({ name: "golden", public: false, slug: null, regions: ["tor1"] });
  await api.ok("PUT", `/images/${image.id}`, { name: "gold", description: "of monday" });
  const { action } = await api.ok("POST", `/images/${image.id}/actions`, { type: "transfer", region: "nyc3" });
  expect((await api("POST", "/droplets", { ...CPU, region: "nyc3", image: image.id })).status).toBe(422);
  expect((await api("POST", `/images/${image.id}/actions`, { type: "transfer", region: "ams3" })).status).toBe(422);
  await cloud.advance(600);
  expect((await api.ok("GET", `/images/${image.id}/actions/${action.id}`)).action.status).toBe("completed");
  expect((await api.ok("GET", `/images/${image.id}`)).image).toMatchObject({ name: "gold", regions: ["tor1", "nyc3"] });
  expect((await api("POST", "/droplets", { ...CPU, region: "nyc3", image: image.id })).status).toBe(202);
  expect((await api("DELETE", `/images/${image.id}`)).status).toBe(204);
  expect((await api.ok("GET", "/snapshots")).meta.total).toBe(0);
});
