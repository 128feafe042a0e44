import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud/server.ts";
import { connectApi } from "./digitalocean/api.ts";
import { FUNCTIONS } from "./digitalocean/functions.ts";
import { TYPES } from "./digitalocean/types/index.ts";
import type { Properties } from "./engine/values.ts";
import { installPlugins } from "./install.ts";
import { membersOf, testAgainstSdk } from "./testing/sdk.ts";
import { sdkVersion } from "./versions.ts";

const SDK = "@pulumi/digitalocean";

testAgainstSdk(SDK, TYPES.values(), (type) => Object.keys(type.reads));

let cloud: Cloud;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "windlass-sdk-"));
  cloud = await startCloud({ dataDir: dir, backend: "none", actionScale: 0, rateLimit: false });
});
afterAll(async () => {
  await cloud.close();
  rmSync(dir, { recursive: true, force: true });
});

function api() {
  return connectApi({ endpoint: cloud.url, token: cloud.token }, new AbortController().signal);
}

function ask(name: string, args: Properties = {}): Promise<Properties> {
  const lookUp = FUNCTIONS.get(`digitalocean:index/${name}:${name}`);
  if (!lookUp) throw new Error(`no function ${name}`);
  return lookUp(api(), args, {} as never);
}

/** Arguments that find the objects made below. */
const ARGS: Record<string, Properties> = {
  getRegion: { slug: "nyc3" },
  getImage: { slug: "ubuntu-22-04-x64" },
  getDroplet: { name: "web" },
  getVolume: { name: "data", region: "nyc3" },
  getVolumeSnapshot: { name: "copy" },
  getDropletSnapshot: { nameRegex: "^disk", mostRecent: true },
  getVpc: { name: "net" },
  getSshKey: { name: "key" },
  getTag: { name: "label" },
  getProject: { name: "group" },
};

test("every function gives every result the SDK has", async () => {
  const { post } = api();
  const { vpc } = await post("/v2/vpcs", { name: "net", region: "nyc3" });
  const image = "ubuntu-22-04-x64";
  const { droplet } = await post("/v2/droplets", {
    name: "web",
    region: "nyc3",
    size: "s-1vcpu-1gb",
    image,
    vpc_uuid: vpc.id,
    tags: ["label"],
  });
  const { volume } = await post("/v2/volumes", { name: "data", region: "nyc3", size_gigabytes: 1 });
  await post(`/v2/volumes/${volume.id}/snapshots`, { name: "copy" });
  await post(`/v2/droplets/${droplet.id}/actions`, { type: "snapshot", name: "disk" });
  const rule = { protocol: "tcp", ports: "22", sources: { addresses: ["10.0.0.0/8"] } };
  const { firewall } = await post("/v2/firewalls", { name: "wall", inbound_rules: [rule] });
  const { reserved_ip: ip } = await post("/v2/reserved_ips", { droplet_id: droplet.id });
  const publicKey = `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, 7)]).toString("base64")}`;
  await post("/v2/account/keys", { name: "key", public_key: publicKey });
  await post("/v2/projects", { name: "group", purpose: "test" });
  const args: Record<string, Properties> = {
    ...ARGS,
    getFirewall: { firewallId: firewall.id },
    getReservedIp: { ipAddress: ip.ip },
  };
  for (const token of FUNCTIONS.keys()) {
    const name = token.split(":").at(-1) as string;
    const results = membersOf(SDK, name, `export interface G${name.slice(1)}Result`);
    expect(Object.keys(results).length).toBeGreaterThan(1);
    const result = await ask(name, args[name]);
    const missing = Object.keys(results).filter((key) => !results[key] && result[key] === undefined);
    expect([name, missing]).toEqual([name, []]);
  }
});

test("lists are filtered and sorted, with the keys spelled as the API does", async () => {
  await expect(ask("getSizes", { filters: [{ key: "nonsense", values: ["x"] }] })).rejects.toThrow("does not exist");
  const sizes = await ask("getSizes", {
    filters: [
      { key: "regions", values: ["nyc3"] },
      { key: "slug", values: ["^s-"], matchBy: "re" },
    ],
    sorts: [{ key: "price_hourly", direction: "desc" }],
  });
  const found = sizes.sizes as { slug: string; priceHourly: number; regions: string[] }[];
  expect(found.length).toBeGreaterThan(1);
  expect(found.every((size) => size.slug.startsWith("s-") && size.regions.includes("nyc3"))).toBe(true);
  expect(found.map((size) => size.priceHourly)).toEqual(found.map((size) => size.priceHourly).sort((a, b) => b - a));
});

test("what is not there is said in the official plugin's words", async () => {
  await expect(ask("getVolume", { name: "none" })).rejects.toThrow("no volumes found with name none");
  await expect(ask("getSshKey", { name: "none" })).rejects.toThrow("no ssh key found with name none");
  await expect(ask("getDroplet", { name: "none", gpu: true })).rejects.toThrow("no droplet found with name none");
  await expect(ask("getDroplet")).rejects.toThrow("specify either a name, tag, or id");
  await expect(ask("getRegion", { slug: "moon1" })).rejects.toThrow("Region does not exist: moon1");
});

test("a launcher is put where the engine looks for the SDK's version, and prints a port", () => {
  const home = join(dir, "a home");
  installPlugins(home, process.execPath);
  const file = join(home, "plugins", `resource-command-v${sdkVersion("command")}`, "pulumi-resource-command");
  const { mtimeMs } = statSync(file);
  const { stdout, status, stderr } = spawnSync(file, ["127.0.0.1:1"], { encoding: "utf8", input: "" });
  expect([stderr, status]).toEqual(["", 0]);
  expect(stdout).toMatch(/^\d+\n$/);
  installPlugins(home, process.execPath);
  expect(statSync(file).mtimeMs).toBe(mtimeMs);
  installPlugins(home, "/elsewhere/node");
  expect(readFileSync(file, "utf8")).toContain("/elsewhere/node");
});

test("what a plugin has compiled is kept for the next one, also where the engine kills it", async () => {
  const home = join(dir, "another home");
  installPlugins(home, process.execPath);
  const file = join(home, "plugins", `resource-command-v${sdkVersion("command")}`, "pulumi-resource-command");
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const plugin = spawn(file, ["127.0.0.1:1"], { env, stdio: "pipe" });
  const closed = once(plugin, "close");
  const files = () => readdirSync(join(home, "compiled"), { recursive: true }).length;
  await once(plugin.stdout, "data");
  await expect.poll(files).toBeGreaterThan(10);
  plugin.kill("SIGKILL");
  await closed;
  expect(files()).toBeGreaterThan(10);
});
