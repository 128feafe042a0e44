import { expect, test } from "vitest";
import { CPU, testCloud } from "../test-cloud.ts";

test("everything is in the default project until it is put in another one", async () => {
  const { api } = await testCloud();
  const { droplet } = await api.ok("POST", "/droplets", CPU);
  const { volume } = await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 1 });
  const urns = async (project: string) =>
    (await api.ok("GET", `/projects/${project}/resources`)).resources.map((r: { urn: string }) => r.urn);
  expect(await urns("default")).toEqual([`do:droplet:${droplet.id}`, `do:volume:${volume.id}`]);

  const { project } = await api.ok("POST", "/projects", { name: "train", purpose: "AI", environment: "production" });
  expect(project).toMatchObject({ is_default: false, environment: "Production" });
  const { resources } = await api.ok("POST", `/projects/${project.id}/resources`, {
    resources: [`do:droplet:${droplet.id}`, "do:volume:nope"],
  });
  expect(resources.map((r: { status: string }) => r.status)).toEqual(["assigned", "not_found"]);
  expect(await urns(project.id)).toEqual([`do:droplet:${droplet.id}`]);
  expect(await urns("default")).toEqual([`do:volume:${volume.id}`]);

  expect(await api("DELETE", `/projects/${project.id}`)).toMatchObject({
    status: 412,
    body: {
      id: "precondition_failed",
      message: "cannot delete a project with resources. move or remove the resources first",
    },
  });
  await api.ok("POST", "/projects/default/resources", { resources: [`do:droplet:${droplet.id}`] });
  expect((await api("DELETE", `/projects/${project.id}`)).status).toBe(204);
});

test("names are unique, the default can move, and is not deleted", async () => {
  const { api } = await testCloud();
  const { project } = await api.ok("POST", "/projects", { name: "train", purpose: "AI" });
  expect((await api("POST", "/projects", { name: "train", purpose: "AI" })).status).toBe(409);
  expect((await api("POST", "/projects", { name: "x", purpose: "AI", environment: "moon" })).status).toBe(422);
  await api.ok("PATCH", `/projects/${project.id}`, { is_default: true, description: "ours" });
  expect((await api.ok("GET", "/projects/default")).project).toMatchObject({ id: project.id, description: "ours" });
  expect((await api.ok("GET", "/projects")).projects.filter((p: { is_default: boolean }) => p.is_default)).toHaveLength(
    1,
  );
  expect((await api("DELETE", `/projects/${project.id}`)).status).toBe(412);
});

test("a project has no environment unless it was given one, and can lose it", async () => {
  const { api } = await testCloud();
  const { project } = await api.ok("POST", "/projects", { name: "train", purpose: "AI" });
  expect(project).not.toHaveProperty("environment");
  const path = `/projects/${project.id}`;
  expect((await api.ok("PATCH", path, { environment: "staging" })).project.environment).toBe("Staging");
  expect((await api.ok("PATCH", path, { description: "kept" })).project.environment).toBe("Staging");
  expect((await api.ok("PATCH", path, { environment: "" })).project).not.toHaveProperty("environment");
});
