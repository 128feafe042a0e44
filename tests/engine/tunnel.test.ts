import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { UserError } from "../../domain/errors.ts";
import type { Cloud } from "../../local/cloud/server.ts";
import { tunnelDown } from "../../runner/tunnel/down.ts";
import { showTunnel } from "../../runner/tunnel/show.ts";
import { rotateTunnelToken, tunnelToken } from "../../runner/tunnel/token.ts";
import { tunnelUp } from "../../runner/tunnel/up.ts";
import { api, emptyCloud, fault, throwAwayProject } from "./harness.ts";

let cloud: Cloud & { dataDir: string };
let home: string;
let account: string;
let zone: string;

const V4 = "/client/v4";
const ask = async (method: string, path: string, body?: unknown) =>
  (await api(cloud, method, `${V4}${path}`, body))?.result;

beforeAll(async () => {
  cloud = await emptyCloud();
  home = mkdtempSync(join(tmpdir(), "windlass-tunnel-"));
  vi.stubEnv("CLOUDFLARE_BASE_URL", `${cloud.url}${V4}`);
  vi.stubEnv("CLOUDFLARE_API_TOKEN", cloud.token);
  vi.stubEnv("WINDLASS_RETRY_SCALE", "0.02");
  vi.stubEnv("WINDLASS_CLOUD", "");
  account = (await ask("GET", "/accounts"))[0].id;
  zone = (await ask("POST", "/zones", { name: "example.com" })).id;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await cloud?.close();
  rmSync(home, { recursive: true, force: true });
  rmSync(cloud.dataDir, { recursive: true, force: true });
});
beforeEach(() => declare(RULES));

const RULES = `
  - { hostname: api.example.com, path: ^/v1/, service: "http://api:80", originRequest: { connectTimeout: 1m30s } }
  - { hostname: api.example.com, service: "http://web:80" }
  - { hostname: "*.apps.example.com", service: "http://apps:80" }
  - { service: "http_status:404" }`;

/** The file of the tunnel. */
function declare(rules: string, name = "nas"): string {
  const file = join(home, `${name}.yaml`);
  writeFileSync(file, `tunnel: ${name}\ningress:${rules}\n`);
  return file;
}

const own = (more: object = {}) => ({ tunnel: join(home, "nas.yaml"), home, ...more });
const tunnels = async (name = "nas") => ask("GET", `/accounts/${account}/cfd_tunnel?name=${name}&is_deleted=false`);
const records = async () => ask("GET", `/zones/${zone}/dns_records`);
const connect = (id: string, count: number) => api(cloud, "PUT", `/_windlass/tunnels/${id}/connections`, { count });

async function refusal(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

const SAME = { create: 0, update: 0, replace: 0, delete: 0, same: 4 };

describe("before anything is made", () => {
  test("a wrong token, none, and a hostname outside the zones are told, with lines", async () => {
    vi.stubEnv("CLOUDFLARE_API_TOKEN", "x".repeat(40));
    expect((await refusal(tunnelUp(own()))).toJSON()).toMatchObject({
      error: "PrecheckFailed",
      details: { suggestion: expect.stringContaining("check CLOUDFLARE_API_TOKEN") },
    });
    vi.stubEnv("CLOUDFLARE_API_TOKEN", "");
    expect((await refusal(tunnelUp(own()))).message).toMatch(/no token for Cloudflare.*--cloud local/);
    vi.stubEnv("CLOUDFLARE_API_TOKEN", cloud.token);
    declare('\n  - { hostname: a.elsewhere.org, service: "http://a:80" }\n  - { service: "http_status:404" }');
    expect((await refusal(tunnelUp(own()))).toJSON()).toMatchObject({
      error: "PrecheckFailed",
      details: { line: 3, reason: expect.stringMatching(/nas\.yaml:3: a\.elsewhere\.org lies in no zone/) },
    });
    expect(await tunnels()).toEqual([]);
  });

  test("a dry run shows what it would make, and makes nothing", async () => {
    const plan = await tunnelUp(own({ dryRun: true }));
    expect(plan).toMatchObject({ id: null, changes: { create: 4 } });
    expect(plan.steps.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      "DNS record *.apps.example.com",
      "DNS record api.example.com",
      "rules nas-config",
      "tunnel nas",
    ]);
    expect(await tunnels()).toEqual([]);
    expect((await refusal(showTunnel({ ...own(), tunnel: "nas" }))).code).toBe("NotFound");
  });

  test("a tunnel that somebody else has made under the name is left alone", async () => {
    const { id } = await ask("POST", `/accounts/${account}/cfd_tunnel`, { name: "taken", config_src: "cloudflare" });
    const file = declare(RULES, "taken");
    const error = await refusal(tunnelUp({ tunnel: file, home }));
    expect(error.message).toMatch(/You already have a tunnel with this name.*did not make it.*import/s);
    expect(await tunnels("taken")).toMatchObject([{ id }]);
    expect(await records()).toEqual([]);
  });
});

describe("a tunnel", () => {
  let id: string;

  test("is made with its rules and records, though answers are lost and the API is down at times", async () => {
    await fault(cloud, { kind: "drop-after-commit", method: "POST", path: "cfd_tunnel$" });
    await fault(cloud, { kind: "status-after-commit", method: "POST", path: "dns_records$", status: 502 });
    await fault(cloud, { kind: "status", path: "configurations$", status: 500, times: 2 });
    await fault(cloud, { kind: "status", path: "/zones$", status: 429, retryAfter: 0.1 });
    const result = await tunnelUp(own());
    expect(result.changes).toMatchObject({ create: 4 });
    id = result.id as string;
    expect(await tunnels()).toMatchObject([{ id, config_src: "cloudflare" }]);
    const { config } = await ask("GET", `/accounts/${account}/cfd_tunnel/${id}/configurations`);
    expect(config.ingress).toEqual([
      { hostname: "api.example.com", path: "^/v1/", service: "http://api:80", originRequest: { connectTimeout: 90 } },
      { hostname: "api.example.com", service: "http://web:80" },
      { hostname: "*.apps.example.com", service: "http://apps:80" },
      { service: "http_status:404" },
    ]);
    const made = (await records()).map((one: any) => [one.type, one.name, one.content, one.proxied]);
    expect(made.sort()).toEqual([
      ["CNAME", "*.apps.example.com", `${id}.cfargotunnel.com`, true],
      ["CNAME", "api.example.com", `${id}.cfargotunnel.com`, true],
    ]);
  });

  test("has a token that the account gives, and that nothing on this machine holds in the clear", async () => {
    const token = await tunnelToken(own());
    const parts = JSON.parse(Buffer.from(token, "base64").toString());
    expect(parts).toMatchObject({ a: account, t: id });
    const state = readFileSync(join(home, "tunnel-state/cloudflare/.pulumi/stacks/nas/tunnel.json"), "utf8");
    expect(state).toContain(id);
    for (const secret of [token, parts.s, cloud.token]) expect(state).not.toContain(secret);
  });

  test("stays as it is at the second run, also with a connector", async () => {
    expect((await tunnelUp(own())).changes).toEqual(SAME);
    await connect(id, 4);
    const asked = vi.fn(async () => true);
    expect(await tunnelUp(own({ confirm: asked }))).toMatchObject({ changes: SAME, id });
    expect(asked).not.toHaveBeenCalled();
    expect(await showTunnel(own())).toMatchObject({
      status: "healthy",
      connectors: [{ connections: 4, version: "2025.11.1" }],
      drift: [],
    });
  });

  test("that somebody has changed is shown so, and put right", async () => {
    const path = `/accounts/${account}/cfd_tunnel/${id}`;
    const ingress = [{ hostname: "api.example.com", service: "http://evil:80" }, { service: "http_status:404" }];
    await ask("PUT", `${path}/configurations`, { config: { ingress } });
    await ask("PATCH", path, { name: "renamed" });
    const [second, first] = (await records()).sort((a: any, b: any) => (a.name < b.name ? 1 : -1));
    await ask("DELETE", `/zones/${zone}/dns_records/${first.id}`);
    await ask("PATCH", `/zones/${zone}/dns_records/${second.id}`, { proxied: false });
    const { drift } = await showTunnel(own());
    expect(drift).toEqual([
      "rule 1 (api.example.com) sends to http://evil:80 there",
      "rule 2 (api.example.com) sends to http_status:404 there",
      "rule 3 (*.apps.example.com) is missing there",
      "rule 4 (every hostname) is missing there",
      "api.example.com is not proxied: it leads nowhere",
      "*.apps.example.com does not lead to the tunnel",
    ]);
    expect((await tunnelUp(own())).changes).toMatchObject({ create: 1, update: 3, same: 0 });
    expect((await showTunnel(own())).drift).toEqual([]);
    expect(await tunnels()).toMatchObject([{ id }]);
  });

  test("gets another token, which is no change of what is declared", async () => {
    const before = await tunnelToken(own());
    await connect(id, 2);
    expect(await rotateTunnelToken(own({ dryRun: true }))).toMatchObject({ rotated: false, connectors: 1 });
    expect(await tunnelToken(own())).toBe(before);
    expect(await rotateTunnelToken(own({ disconnect: true }))).toMatchObject({ rotated: true, disconnected: true });
    expect(await tunnelToken(own())).not.toBe(before);
    expect((await showTunnel(own())).connectors).toEqual([]);
    expect((await tunnelUp(own())).changes).toEqual(SAME);
  });

  test("loses the record of a hostname that the file names no more", async () => {
    declare('\n  - { hostname: api.example.com, service: "http://web:80" }\n  - { service: "http_status:404" }');
    expect((await tunnelUp(own())).changes).toMatchObject({ create: 0, update: 1, delete: 1 });
    expect((await records()).map(({ name }: { name: string }) => name)).toEqual(["api.example.com"]);
  });

  test("is not removed under a connector; then with all its records", async () => {
    await connect(id, 1);
    const refused = await refusal(tunnelDown(own()));
    expect(refused.message).toMatch(/has 1 connected.*nothing was removed.*--force/s);
    expect(await records()).toHaveLength(1);
    expect(await tunnelDown(own({ force: true }))).toMatchObject({ id, records: ["api.example.com"], connectors: 1 });
    expect([await tunnels(), await records()]).toEqual([[], []]);
    expect((await refusal(tunnelDown(own()))).code).toBe("NotFound");
  });
});

test("a run that is killed in the middle is taken up by the next one: one tunnel, one record for each name", async () => {
  await fault(cloud, { kind: "delay", method: "POST", path: "dns_records$", seconds: 4, times: 2 });
  const main = join(import.meta.dirname, "../../runner/cli/main.ts");
  const env = { ...process.env, WINDLASS_HOME: home };
  const child = spawn(process.execPath, [main, "tunnel", "up", own().tunnel, "--yes"], { env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await vi.waitUntil(async () => (await tunnels()).length === 1, { timeout: 120_000, interval: 50 });
  child.kill("SIGKILL");
  await ended;
  // What was under way comes to its end in the cloud, whoever asked for it.
  const underWay = async () => (await api(cloud, "GET", "/_windlass/faults")).at(-1).hits - (await records()).length;
  await vi.waitUntil(async () => (await underWay()) === 0, { timeout: 60_000, interval: 50 });
  await api(cloud, "DELETE", "/_windlass/faults");
  const [{ id }] = await tunnels();
  const result = await untilUnlocked(() => tunnelUp(own()));
  expect(result.id).toBe(id);
  expect(await tunnels()).toHaveLength(1);
  const names = (await records()).map(({ name }: { name: string }) => name);
  expect(names.sort()).toEqual(["*.apps.example.com", "api.example.com"]);
  expect((await tunnelUp(own())).changes).toEqual(SAME);
  await tunnelDown(own());
  expect(await records()).toEqual([]);
});

/** The engine of a killed run ends by itself, a moment later. */
async function untilUnlocked<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isLocked = error instanceof UserError && error.code === "StackLocked";
      if (!isLocked || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

test("an API that stays down ends the update with what it said; the next one goes on", async () => {
  await fault(cloud, { kind: "status", method: "PUT", path: "configurations$", status: 503, times: 0 });
  const error = await refusal(tunnelUp(own()));
  expect(error).toMatchObject({ code: "CommandFailed" });
  expect(error.message).toMatch(/configurations.*503.*windlass tunnel up nas/s);
  await api(cloud, "DELETE", "/_windlass/faults");
  expect((await tunnelUp(own())).changes).toMatchObject({ create: 3, same: 1 });
  expect(await tunnels()).toHaveLength(1);
});

test("any program finds the plugin and the account; what is there is imported without a difference", async () => {
  const env = { CLOUDFLARE_BASE_URL: `${cloud.url}${V4}`, CLOUDFLARE_API_TOKEN: cloud.token };
  const project = throwAwayProject(cloud, env);
  try {
    const { id } = await ask("POST", `/accounts/${account}/cfd_tunnel`, { name: "old", config_src: "cloudflare" });
    const args = { accountId: account, name: "old", configSrc: "cloudflare" };
    const record = { zoneId: zone, name: "old.example.com", type: "CNAME", content: "x.example.com", ttl: 300 };
    project.declare(
      {
        name: "old",
        type: "cloudflare:ZeroTrustTunnelCloudflared",
        args,
        options: { import: `${account}/${id}` },
      },
      { name: "record", type: "cloudflare:DnsRecord", args: record },
    );
    const update = await project.up();
    expect(update.errors).toEqual([]);
    expect(update.ops).toEqual({ old: "import", record: "create" });
    expect(project.outputs("old")).toMatchObject({ id, status: "inactive", tunType: "cfd_tunnel" });
    expect(await project.refresh("--expect-no-changes")).toMatchObject({ code: 0, diffs: {} });
  } finally {
    await project.destroy("--yes");
    project.remove();
  }
});
