import { networkInterfaces } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createNoneBackend } from "../backends/none.ts";
import { CPU, testCloud } from "../test-cloud.ts";
import { freeRange, hosts, overlapping, parseRange } from "./ranges.ts";

describe("ranges", () => {
  test("are private networks between /16 and /28, host bits cleared", () => {
    expect(parseRange("10.20.30.40/24")).toBe("10.20.30.0/24");
    expect(parseRange("172.16.0.0/16")).toBe("172.16.0.0/16");
    for (const wrong of ["8.8.8.0/24", "10.0.0.0/8", "10.0.0.0/29", "10.0.0/24", "10.0.0.256/24", "text"])
      expect(parseRange(wrong)).toBeUndefined();
  });

  test("overlap when one holds the other, whichever way they are asked", () => {
    expect(overlapping("10.0.0.0/16", "10.0.5.0/24")).toBe(true);
    expect(overlapping("10.0.5.0/24", "10.0.0.0/16")).toBe(true);
    expect(overlapping("10.0.0.0/24", "10.0.1.0/24")).toBe(false);
    expect(overlapping("192.168.255.0/24", "192.168.255.240/28")).toBe(true);
  });

  test("that are given automatically overlap nothing", () => {
    const network = fc.tuple(
      fc.integer({ min: 96, max: 130 }),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 16, max: 28 }),
    );
    fc.assert(
      fc.property(fc.array(network, { maxLength: 40 }), fc.nat(1599), (networks, start) => {
        const taken = networks.map(([a, b, prefix]) => `10.${a}.${b}.0/${prefix}`);
        const free = freeRange(taken, start);
        expect(taken.filter((range) => overlapping(range, free))).toEqual([]);
        expect(parseRange(free)).toBe(free);
      }),
    );
  });

  test("know their mask, gateway and hosts", () => {
    const { netmask, gateway, count, at } = hosts("10.1.16.0/20");
    expect([netmask, gateway, count, at(0), at(count - 1)]).toEqual([
      "255.255.240.0",
      "10.1.16.1",
      4093,
      "10.1.16.2",
      "10.1.31.254",
    ]);
  });
});

test("with real machines, automatic ranges leave out what this host's interfaces show", async () => {
  const { api } = await testCloud({ createBackend: (store) => ({ ...createNoneBackend(store), kind: "docker" }) });
  const host = Object.values(networkInterfaces()).flatMap((entries = []) => entries.filter((e) => e.family === "IPv4"));
  for (let n = 0; n < 20; n++) {
    const { vpc } = await api.ok("POST", "/vpcs", { name: `net-${n}`, region: "tor1" });
    expect(host.filter(({ cidr }) => cidr && overlapping(cidr, vpc.ip_range))).toEqual([]);
  }
  const { vpcs } = await api.ok("GET", "/vpcs?per_page=200");
  expect(new Set(vpcs.map((v: { ip_range: string }) => v.ip_range)).size).toBe(21);
});

test("a range that this machine uses itself is refused, and who uses it is named", async () => {
  const taken = [{ range: "172.17.0.0/16", by: "the Docker network bridge (172.17.0.0/16)" }];
  const { api } = await testCloud({
    createBackend: (store) => ({ ...createNoneBackend(store), takenRanges: async () => taken }),
  });
  const refused = await api("POST", "/vpcs", { name: "net", region: "tor1", ip_range: "172.17.5.0/24" });
  expect(refused).toMatchObject({ status: 422, body: { id: "unprocessable_entity" } });
  expect(refused.body.message).toBe(
    "This range/size overlaps with the Docker network bridge (172.17.0.0/16), where the local cloud runs",
  );
  expect((await api("POST", "/vpcs", { name: "net", region: "tor1", ip_range: "172.18.5.0/24" })).status).toBe(201);
});

describe("the API", () => {
  test("a region's default VPC comes with its first droplet, and cannot be deleted", async () => {
    const { api } = await testCloud();
    expect((await api.ok("GET", "/vpcs")).meta.total).toBe(0);
    const { droplet } = await api.ok("POST", "/droplets", CPU);
    const { vpcs } = await api.ok("GET", "/vpcs");
    expect(vpcs).toMatchObject([{ id: droplet.vpc_uuid, name: "default-tor1", default: true, region: "tor1" }]);
    expect(await api("DELETE", `/vpcs/${droplet.vpc_uuid}`)).toMatchObject({ status: 403, body: { id: "forbidden" } });
  });

  test("refuses ranges that overlap, are reserved or are no network, and names that are taken", async () => {
    const { api } = await testCloud();
    await api.ok("POST", "/vpcs", { name: "one", region: "tor1", ip_range: "10.10.10.0/24" });
    const message = async (body: object) =>
      (await api("POST", "/vpcs", { name: "two", region: "tor1", ...body })).body.message;
    expect(await message({ ip_range: "10.10.0.0/16" })).toBe(
      "This range/size overlaps with another VPC network in your account: one 10.10.10.0/24.",
    );
    expect(await message({ ip_range: "10.244.7.0/24" })).toMatch(/reserved for DigitalOcean internal use/);
    expect(await message({ ip_range: "8.8.8.0/24" })).toMatch(/private network/);
    expect(await message({ name: "one" })).toMatch(/same name already exists/);
    expect(await message({ name: "no spaces" })).toMatch(/alphanumeric/);
    expect(await message({ region: "mars1" })).toMatch(/region/);
  });

  test("cannot be deleted while it has members", async () => {
    const { api } = await testCloud();
    const { vpc } = await api.ok("POST", "/vpcs", { name: "net", region: "tor1" });
    expect(vpc).toMatchObject({ urn: `do:vpc:${vpc.id}`, default: false });
    const { droplet } = await api.ok("POST", "/droplets", { ...CPU, vpc_uuid: vpc.id });
    expect((await api.ok("GET", `/vpcs/${vpc.id}/members`)).members).toMatchObject([
      { urn: `do:droplet:${droplet.id}`, name: "web-1" },
    ]);
    expect(await api("DELETE", `/vpcs/${vpc.id}`)).toMatchObject({
      status: 409,
      body: { id: "conflict", message: "Can not delete VPC with members" },
    });
    await api("DELETE", `/droplets/${droplet.id}`);
    expect((await api("DELETE", `/vpcs/${vpc.id}`)).status).toBe(204);
    expect((await api("GET", `/vpcs/${vpc.id}`)).status).toBe(404);
  });

  test("name, description and which one is the default can change", async () => {
    const { api } = await testCloud();
    const { vpc } = await api.ok("POST", "/vpcs", { name: "net", region: "tor1" });
    await api.ok("PATCH", `/vpcs/${vpc.id}`, { description: "for training" });
    await api.ok("PUT", `/vpcs/${vpc.id}`, { name: "training", description: "for training", default: true });
    const { vpcs } = await api.ok("GET", "/vpcs");
    expect(vpcs.map((v: { name: string; default: boolean }) => [v.name, v.default])).toEqual([
      ["default-tor1", false],
      ["training", true],
    ]);
    expect((await api("PUT", `/vpcs/${vpc.id}`, {})).status).toBe(422);
  });
});
