import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { startCloud } from "./server.ts";
import { type Api, CPU, client, temporaryFolder } from "./test-cloud.ts";

const MAIN = join(import.meta.dirname, "main.ts");

async function start(dataDir: string, ...flags: string[]): Promise<{ child: ChildProcess; api: Api; pid: number }> {
  const unlimited = ["--no-rate-limit", "--droplet-limit", "10000", "--volume-limit", "10000"];
  const settings = ["--data", dataDir, "--backend", "none", ...unlimited, ...flags];
  const child = spawn(process.execPath, [MAIN, ...settings], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => kill(child));
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, token, pid } = JSON.parse(line);
    return { child, api: client(`${url}/v2`, token), pid };
  }
  throw new Error("the process ended before it was ready");
}

/** Waits for its end: until then it may still write into its folder. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("kill -9 at any moment loses nothing that was answered, doubles nothing, and actions go on", async () => {
  const dataDir = temporaryFolder();
  const droplets = new Map<number, string>();
  const volumes = new Map<string, string>();
  let sequence = 0;
  for (let round = 0; round < 6; round++) {
    // A droplet takes 0.3 s: kills fall before, between and after the ends of actions.
    const { child, api } = await start(dataDir, "--action-scale", "0.005");
    const before = droplets.size;
    const busy = async () => {
      for (;;) {
        const name = `w-${sequence++}`;
        const { volume } = await api.ok("POST", "/volumes", { name, region: "tor1", size_gigabytes: 1 });
        volumes.set(volume.id, name);
        const { droplet } = await api.ok("POST", "/droplets", { ...CPU, name, volumes: [volume.id], tags: ["t"] });
        droplets.set(droplet.id, name);
      }
    };
    const killed = (error: Error) => {
      if (!(error instanceof TypeError)) throw error;
    };
    const clients = Array.from({ length: 4 }, () => busy().catch(killed));
    await expect.poll(() => droplets.size - before, { interval: 5 }).toBeGreaterThan(3);
    await sleep(Math.random() * 350);
    await kill(child);
    await Promise.all(clients);
  }
  const { api } = await start(dataDir, "--action-scale", "0.005");
  const all = async (path: string, key: string) => {
    const entries = [];
    for (let page = 1; ; page++) {
      const body = await api.ok("GET", `${path}?per_page=200&page=${page}`);
      entries.push(...body[key]);
      if (entries.length >= body.meta.total) return entries;
    }
  };
  await expect
    .poll(async () => (await all("/actions", "actions")).filter((a) => a.status === "in-progress"))
    .toEqual([]);
  const found = await all("/droplets", "droplets");
  expect(droplets.size).toBeGreaterThan(20);
  for (const [id, name] of droplets)
    expect(found.find((d) => d.id === id)).toMatchObject({ name, status: "active", locked: false });
  expect(new Set(found.map((d) => d.name)).size).toBe(found.length);
  const addresses = found.flatMap((d) => d.networks.v4.map((net: { ip_address: string }) => net.ip_address));
  expect(new Set(addresses).size).toBe(2 * found.length);
  const kept = await all("/volumes", "volumes");
  for (const id of volumes.keys()) expect(kept.some((v) => v.id === id)).toBe(true);
  for (const droplet of found)
    for (const id of droplet.volume_ids) expect(kept.find((v) => v.id === id).droplet_ids).toEqual([droplet.id]);
}, 60_000);

test("the process says where it is, keeps its token, and SIGTERM ends it", async () => {
  const dataDir = temporaryFolder();
  const first = await start(dataDir);
  const written = JSON.parse(readFileSync(join(dataDir, "cloud.json"), "utf8"));
  expect(written).toMatchObject({ pid: first.pid, backend: "none" });
  expect((await first.api("GET", "/account")).status).toBe(200);
  first.child.kill("SIGTERM");
  expect(await once(first.child, "exit")).toEqual([0, null]);
  await start(dataDir);
  expect(JSON.parse(readFileSync(join(dataDir, "cloud.json"), "utf8")).token).toBe(written.token);
});

test("two clouds on one folder: the second one is refused", async () => {
  const dataDir = temporaryFolder();
  await start(dataDir);
  await expect(startCloud({ dataDir, backend: "none" })).rejects.toThrow(
    /another local cloud is running on .*cloud\.db; stop it first/,
  );
});

test.each([
  [[], "--data is needed"],
  [["--data", "x", "--backend", "vmware"], '--backend: docker or none, not "vmware"'],
  [["--data", "x", "--clock", "sundial"], '--clock: real, driven or scaled:FACTOR, not "sundial"'],
  [["--data", "x", "--port", "many"], '--port: a number of at least 0 is needed, not "many"'],
])("wrong flags %o are refused with the right ones", async (flags, message) => {
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  for await (const chunk of child.stderr) text += chunk;
  expect(text).toContain(message);
  expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(1);
});
