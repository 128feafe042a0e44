import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog/catalog.ts";
import type { CloudState } from "./cloud.ts";
import { Contract } from "./contract.ts";
import { FAMILIES } from "./families.ts";
import { CPU, GPU, PUBLIC_KEY, temporaryFolder, testCloud } from "./test-cloud.ts";

/** DigitalOcean's own description is not a part of this project; where it is not at hand, these are skipped and say so. */
const openapi = process.env["WINDLASS_OPENAPI"] ?? "";
const here = existsSync(openapi);

describe.skipIf(!here)(
  `against DigitalOcean's description${here ? "" : " (skipped: WINDLASS_OPENAPI names no file)"}`,
  () => {
    test("every operation of ours is one of theirs", async () => {
      const contract = await Contract.load(openapi, "");
      const routes = FAMILIES.flatMap((family) => family({ catalog: loadCatalog() } as CloudState));
      const unknown = routes.filter((route) => contract.operation(route) === undefined);
      expect(unknown.map((route) => `${route.method} ${route.path}`)).toEqual([]);
      const operations = routes.map((route) => contract.operation(route));
      expect(new Set(operations).size).toBe(routes.length);
    });

    test("a wrong answer is found", async () => {
      const contract = await Contract.load(openapi, "");
      const route = { method: "GET", path: "/v2/account", status: 200, handle: () => {} } as const;
      expect(contract.check(route, 200, { account: { email: 1 } })?.message).toMatch(/droplet_limit|email/);
      expect(contract.check(route, 200, undefined)?.message).toBe("a body is missing");
      expect(contract.check(route, 204, undefined)?.message).toBeDefined();
      expect(contract.check(route, 401, { id: "unauthorized", message: "no" })).toBeUndefined();
    });

    test("a tour through every family: each answer is as described", async () => {
      const log = join(temporaryFolder(), "contract.jsonl");
      process.env["WINDLASS_CONTRACT_LOG"] = log;
      const { api, cloud } = await testCloud({ openapi });
      delete process.env["WINDLASS_CONTRACT_LOG"];
      await tour(api);
      await cloud.close();
      const lines = readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(lines.filter((line) => line.type === "violation")).toEqual([]);
      const contract = await Contract.load(openapi, "");
      const routes = FAMILIES.flatMap((family) => family({ catalog: loadCatalog() } as CloudState));
      const seen = new Set(lines.map((line) => line.operation));
      expect(routes.map((route) => contract.operation(route)).filter((operation) => !seen.has(operation))).toEqual([]);
    });
  },
);

type Tour = Awaited<ReturnType<typeof testCloud>>["api"];

async function tour(api: Tour): Promise<void> {
  await api("GET", "/account");
  const { ssh_key } = await api.ok("POST", "/account/keys", { name: "k", public_key: PUBLIC_KEY });
  for (const [method, body] of [["GET"], ["PUT", { name: "kk" }]] as const)
    await api.ok(method, `/account/keys/${ssh_key.id}`, body);
  for (const path of ["/account/keys", "/sizes", "/regions", "/images", "/images/debian-12-x64", "/tags", "/actions"])
    await api.ok("GET", path);
  const { vpc } = await api.ok("POST", "/vpcs", { name: "net", region: "tor1" });
  await api.ok("PUT", `/vpcs/${vpc.id}`, { name: "net2" });
  await api.ok("PATCH", `/vpcs/${vpc.id}`, { description: "d" });
  const volume = (await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 10, tags: ["a"] }))
    .volume.id;
  const spare = (await api.ok("POST", "/volumes", { name: "spare", region: "tor1", size_gigabytes: 10 })).volume.id;
  const body = { ...GPU, ssh_keys: [ssh_key.id], vpc_uuid: vpc.id, tags: ["a", "b"] };
  const droplet = (await api.ok("POST", "/droplets", body)).droplet.id;
  await api.ok("POST", "/droplets", { ...CPU, name: undefined, names: ["c", "d"], tags: ["pair"] });
  await droplets(api, droplet);
  await storage(api, droplet, volume, spare);
  await api.ok("GET", `/vpcs/${vpc.id}/members`);
  for (const path of ["/vpcs", `/vpcs/${vpc.id}`]) await api.ok("GET", path);
  await network(api, droplet);
  await account(api, droplet);
  await theEnd(api, droplet, ssh_key.id, vpc.id);
}

async function droplets(api: Tour, id: number): Promise<void> {
  for (const path of ["", "?type=gpus", `/${id}`]) await api.ok("GET", `/droplets${path}`);
  for (const part of ["firewalls", "neighbors", "backups", "kernels"]) await api.ok("GET", `/droplets/${id}/${part}`);
  const { action } = await api.ok("POST", `/droplets/${id}/actions`, { type: "snapshot", name: "s" });
  for (const path of [`/droplets/${id}/actions`, `/droplets/${id}/actions/${action.id}`, `/actions/${action.id}`])
    await api.ok("GET", path);
  await api.ok("POST", "/droplets/actions?tag_name=pair", { type: "power_off" });
  const { snapshots } = await api.ok("GET", `/droplets/${id}/snapshots`);
  await api.ok("PUT", `/images/${snapshots[0].id}`, { name: "renamed" });
  const transfer = await api.ok("POST", `/images/${snapshots[0].id}/actions`, { type: "transfer", region: "nyc3" });
  for (const path of ["", `/${transfer.action.id}`]) await api.ok("GET", `/images/${snapshots[0].id}/actions${path}`);
  for (const path of ["/snapshots", `/snapshots/${snapshots[0].id}`]) await api.ok("GET", path);
  for (const metric of [
    "cpu",
    "load_1",
    "load_5",
    "load_15",
    "memory_total",
    "memory_free",
    "memory_available",
    "memory_cached",
    "filesystem_size",
    "filesystem_free",
  ])
    await api.ok("GET", `/monitoring/metrics/droplet/${metric}?host_id=${id}&start=1&end=2`);
  await api.ok(
    "GET",
    `/monitoring/metrics/droplet/bandwidth?host_id=${id}&interface=public&direction=inbound&start=1&end=2`,
  );
}

async function storage(api: Tour, droplet: number, volume: string, spare: string): Promise<void> {
  const { action } = await api.ok("POST", `/volumes/${volume}/actions`, { type: "attach", droplet_id: droplet });
  for (const path of ["", `/${volume}`, `/${volume}/actions`, `/${volume}/actions/${action.id}`])
    await api.ok("GET", `/volumes${path}`);
  await api("POST", `/volumes/${volume}/actions`, { type: "detach" });
  await api.ok("POST", "/volumes/actions", {
    type: "attach",
    volume_name: "spare",
    region: "tor1",
    droplet_id: droplet,
  });
  const { snapshot } = await api.ok("POST", `/volumes/${volume}/snapshots`, { name: "vs", tags: ["a"] });
  for (const path of [
    `/volumes/${volume}/snapshots`,
    `/volumes/snapshots/${snapshot.id}`,
    "/snapshots?resource_type=volume",
  ])
    await api.ok("GET", path);
  await api.ok("GET", `/droplets/${droplet}/destroy_with_associated_resources`);
  await api.ok("DELETE", `/volumes/snapshots/${snapshot.id}`);
  await api("DELETE", `/volumes/${spare}`);
  for (const id of [volume, spare])
    await api.ok("POST", `/volumes/${id}/actions`, { type: "detach", droplet_id: droplet });
  await api.ok("DELETE", `/volumes/${volume}`);
  await api.ok("DELETE", "/volumes?name=spare&region=tor1");
}

async function network(api: Tour, droplet: number): Promise<void> {
  const rule = { protocol: "tcp", ports: "22", sources: { addresses: ["10.0.0.0/8"], tags: ["a"] } };
  const { firewall } = await api.ok("POST", "/firewalls", { name: "fw", inbound_rules: [rule], tags: ["a"] });
  await api.ok("PUT", `/firewalls/${firewall.id}`, { name: "fw", inbound_rules: [rule], droplet_ids: [droplet] });
  for (const path of ["/firewalls", `/firewalls/${firewall.id}`, `/droplets/${droplet}/firewalls`])
    await api.ok("GET", path);
  for (const method of ["POST", "DELETE"]) {
    await api.ok(method, `/firewalls/${firewall.id}/droplets`, { droplet_ids: [droplet] });
    await api.ok(method, `/firewalls/${firewall.id}/tags`, { tags: ["b"] });
    await api.ok(method, `/firewalls/${firewall.id}/rules`, { inbound_rules: [{ ...rule, ports: "443" }] });
  }
  await api.ok("DELETE", `/firewalls/${firewall.id}`);
  for (const name of ["reserved_ip", "floating_ip"]) {
    const { ip } = (await api.ok("POST", `/${name}s`, { droplet_id: droplet }))[name];
    for (const path of [`/${name}s`, `/${name}s/${ip}`, `/${name}s/${ip}/actions`]) await api.ok("GET", path);
    const { action } = await api.ok("POST", `/${name}s/${ip}/actions`, { type: "unassign" });
    await api.ok("GET", `/${name}s/${ip}/actions/${action.id}`);
    await api.ok("DELETE", `/${name}s/${ip}`);
  }
}

async function account(api: Tour, droplet: number): Promise<void> {
  const { project } = await api.ok("POST", "/projects", { name: "p", purpose: "q" });
  for (const id of [project.id, "default"]) {
    for (const [method, body] of [
      ["GET"],
      [
        "PUT",
        { name: `${id}-1`, description: "d", purpose: "q", environment: "Staging", is_default: id === "default" },
      ],
      ["PATCH", { description: "e" }],
    ] as const)
      await api.ok(method, `/projects/${id}`, body);
    await api.ok("POST", `/projects/${id}/resources`, { resources: [`do:droplet:${droplet}`] });
    await api.ok("GET", `/projects/${id}/resources`);
  }
  await api.ok("GET", "/projects");
  await api.ok("DELETE", `/projects/${project.id}`);
  for (const path of ["balance", "billing_history", "invoices"]) await api.ok("GET", `/customers/my/${path}`);
  const { invoice_preview } = await api.ok("GET", "/customers/my/invoices");
  for (const part of ["", "/summary"])
    await api.ok("GET", `/customers/my/invoices/${invoice_preview.invoice_uuid}${part}`);
  await api.ok("GET", "/billing/do:team:x/insights/2026-03-01/2026-03-02");
}

async function theEnd(api: Tour, droplet: number, key: number, vpc: string): Promise<void> {
  await api.ok("POST", "/tags", { name: "t" });
  await api.ok("GET", "/tags/t");
  const resources = [{ resource_id: String(droplet), resource_type: "droplet" }];
  for (const method of ["POST", "DELETE"]) await api.ok(method, "/tags/t/resources", { resources });
  await api.ok("DELETE", "/tags/t");
  await api("DELETE", `/vpcs/${vpc}`);
  const path = `/droplets/${droplet}/destroy_with_associated_resources`;
  await api.ok("DELETE", `${path}/selective`, { snapshots: [] });
  await api.ok("GET", `${path}/status`);
  await api.ok("POST", `${path}/retry`);
  const [image] = (await api.ok("GET", "/images?private=true")).images;
  const copy = (await api.ok("POST", "/droplets", { ...GPU, image: image.id })).droplet.id;
  await api.ok("DELETE", `/images/${image.id}`);
  await api.ok("POST", `/droplets/${copy}/actions`, { type: "snapshot", name: "again" });
  const [snapshot] = (await api.ok("GET", "/snapshots")).snapshots;
  await api.ok("DELETE", `/snapshots/${snapshot.id}`);
  await api.ok("DELETE", `/droplets/${copy}/destroy_with_associated_resources/dangerous`, undefined, {
    "x-dangerous": "true",
  });
  const { droplets } = await api.ok("GET", "/droplets");
  await api.ok("DELETE", `/droplets/${droplets[0].id}`);
  await api.ok("DELETE", "/droplets?tag_name=pair");
  for (const gone of [`/droplets/${droplet}`, `/volumes/${vpc}`, `/firewalls/${vpc}`]) await api("GET", gone);
  await api.ok("DELETE", `/vpcs/${vpc}`);
  await api.ok("DELETE", `/account/keys/${key}`);
}
