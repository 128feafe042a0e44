import { expect, test } from "vitest";
import { CPU, testCloud } from "../test-cloud.ts";

test.each(["reserved_ip", "floating_ip"])("a %s is reserved, assigned, unassigned and released", async (name) => {
  const { api, cloud } = await testCloud({ actionScale: 1 });
  const { droplet } = await api.ok("POST", "/droplets", CPU);
  await cloud.advance(60);
  const created = await api("POST", `/${name}s`, { region: "tor1" });
  expect(created.status).toBe(202);
  const { ip } = created.body[name];
  expect(created.body[name]).toMatchObject({ droplet: null, locked: false, region: { slug: "tor1" } });
  const read = async () => (await api.ok("GET", `/${name}s/${ip}`))[name];
  const act = (body: object) => api("POST", `/${name}s/${ip}/actions`, body);

  const assign = await act({ type: "assign", droplet_id: droplet.id });
  expect(assign.status).toBe(201);
  expect(assign.body.action).toMatchObject({ type: "assign_ip", status: "in-progress" });
  expect((await read()).locked).toBe(true);
  expect((await act({ type: "unassign" })).body.message).toMatch(/already has a pending event/);
  await cloud.advance(5);
  expect(await read()).toMatchObject({ droplet: { id: droplet.id }, locked: false });
  expect((await api.ok("GET", `/${name}s/${ip}/actions/${assign.body.action.id}`)).action.status).toBe("completed");

  await act({ type: "unassign" });
  await cloud.advance(5);
  expect((await read()).droplet).toBeNull();
  expect((await act({ type: "unassign" })).status).toBe(422);
  expect((await api("DELETE", `/${name}s/${ip}`)).status).toBe(204);
  expect((await api("GET", `/${name}s/${ip}`)).status).toBe(404);
});

test("one made for a droplet is assigned to it, and comes free when the droplet goes", async () => {
  const { api } = await testCloud();
  const { droplet } = await api.ok("POST", "/droplets", CPU);
  const { reserved_ip, links } = await api.ok("POST", "/reserved_ips", { droplet_id: droplet.id });
  expect(links).toMatchObject({ droplets: [{ id: droplet.id }], actions: [{ rel: "assign_ip" }] });
  expect((await api.ok("GET", `/reserved_ips/${reserved_ip.ip}`)).reserved_ip.droplet.id).toBe(droplet.id);
  await api("DELETE", `/droplets/${droplet.id}`);
  expect((await api.ok("GET", `/reserved_ips/${reserved_ip.ip}`)).reserved_ip.droplet).toBeNull();
});

test("three for an account, in the droplet's region", async () => {
  const { api } = await testCloud();
  const { droplet } = await api.ok("POST", "/droplets", { ...CPU, region: "nyc3" });
  const ips: string[] = [];
  for (let n = 0; n < 3; n++) ips.push((await api.ok("POST", "/reserved_ips", { region: "tor1" })).reserved_ip.ip);
  expect(new Set(ips).size).toBe(3);
  expect((await api("POST", "/reserved_ips", { region: "tor1" })).body.message).toMatch(/limit/);
  const far = await api("POST", `/reserved_ips/${ips[0]}/actions`, { type: "assign", droplet_id: droplet.id });
  expect(far.body.message).toMatch(/same region/);
});
