import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Api, client, testCloud } from "../../cloud/test-cloud.ts";
import type { Instance } from "../engine/provider.ts";
import { PartialFailure } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import { cloudflarePlugin } from "./provider.ts";

const TOKENS = {
  tunnel: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  rules: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
  record: "cloudflare:index/dnsRecord:DnsRecord",
};
type Kind = keyof typeof TOKENS;

let api: Api;
let control: Api;
let accountId: string;
let zoneId: string;
let plugin: Instance;
let access: { endpoint: string; token: string };

beforeEach(async () => {
  vi.stubEnv("WINDLASS_RETRY_SCALE", "0.01");
  const started = await testCloud();
  const endpoint = `${started.cloud.url}/client/v4`;
  api = client(endpoint, started.cloud.token);
  control = started.control;
  accountId = (await api.ok("GET", "/accounts")).result[0].id;
  zoneId = (await api.ok("POST", "/zones", { name: "example.com" })).result.id;
  access = { endpoint, token: started.cloud.token };
  plugin = cloudflareAgain();
});

const log = { status: () => {}, warning: () => {}, info: () => {} };
const call = (kind: Kind, urn: string) => ({
  ...{ urn, name: urn, type: TOKENS[kind], preview: false, timeoutSeconds: 0 },
  ...{ log: log as never, signal: new AbortController().signal },
});
const typeOf = (kind: Kind) => plugin.resource(TOKENS[kind])!;
const checked = (kind: Kind, inputs: Properties, urn: string) =>
  typeOf(kind).check({ ...call(kind, urn), inputs, oldInputs: {}, naming: { seed: new Uint8Array(8) } });
const create = (kind: Kind, inputs: Properties, urn = "one") =>
  typeOf(kind).create({ ...call(kind, urn), inputs: checked(kind, inputs, urn).inputs });
const importing = (kind: Kind, id: string) =>
  typeOf(kind).read({ ...call(kind, "one"), id, oldInputs: {}, oldOutputs: {} });
const remove = (kind: Kind, id: string, oldOutputs: Properties) =>
  typeOf(kind).delete({ ...call(kind, "one"), id, oldOutputs });

const tunnelInputs = () => ({ accountId, name: "nas", configSrc: "cloudflare" });
const tunnels = async () => (await api.ok("GET", `/accounts/${accountId}/cfd_tunnel?is_deleted=false`)).result;
const records = async () => (await api.ok("GET", `/zones/${zoneId}/dns_records`)).result;

describe("a tunnel", () => {
  test("that a run has made and not recorded is used by the next one; another resource is refused it", async () => {
    const { id } = await create("tunnel", tunnelInputs());
    plugin = cloudflareAgain();
    expect((await create("tunnel", tunnelInputs())).id).toBe(id);
    await expect(create("tunnel", tunnelInputs(), "other")).rejects.toThrow(/already have a tunnel.*pulumi import/s);
    expect(await tunnels()).toHaveLength(1);
  });

  test("with a secret of the program's is known by that", async () => {
    const tunnelSecret = Buffer.alloc(32, 5).toString("base64");
    const { id, outputs } = await create("tunnel", { ...tunnelInputs(), tunnelSecret });
    plugin = cloudflareAgain();
    expect((await create("tunnel", { ...tunnelInputs(), tunnelSecret }, "any")).id).toBe(id);
    const token = plugin.invoke(
      "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken",
      { accountId, tunnelId: id },
      call("tunnel", "one"),
    );
    expect(JSON.parse(Buffer.from(String((await token)?.token), "base64").toString()).s).toBe(outputs.tunnelSecret);
    const short = checked("tunnel", { ...tunnelInputs(), tunnelSecret: "c2hvcnQ=" }, "one");
    expect(short.failures).toMatchObject([{ property: "tunnelSecret" }]);
  });

  test("is imported by account and id, gone once deleted, and not removed under its connectors", async () => {
    const { id, outputs } = await create("tunnel", tunnelInputs());
    const found = await importing("tunnel", `${accountId}/${id}`);
    expect(found?.inputs).toMatchObject({ accountId, name: "nas", configSrc: "cloudflare" });
    await expect(importing("tunnel", id)).rejects.toThrow("<account_id>/<tunnel_id>");
    await control.ok("PUT", `/tunnels/${id}/connections`, { count: 1 });
    await expect(remove("tunnel", id, outputs)).rejects.toThrow(/active connections.*stop its connectors/s);
    await control.ok("PUT", `/tunnels/${id}/connections`, { count: 0 });
    await remove("tunnel", id, outputs);
    await remove("tunnel", id, outputs);
    expect(await importing("tunnel", `${accountId}/${id}`)).toBeUndefined();
  });

  test("is another one after a change of account or source, and is renamed in place", () => {
    const state = { ...tunnelInputs(), id: "x" };
    const diff = (more: Properties) => {
      const inputs = checked("tunnel", { ...tunnelInputs(), ...more }, "one").inputs;
      const { changes } = typeOf("tunnel").diff({
        ...call("tunnel", "one"),
        ...{ id: "x", oldInputs: {}, oldOutputs: state, inputs, ignoreChanges: [] },
      });
      return changes.map(({ path, replaces }) => [path, replaces]);
    };
    expect(diff({})).toEqual([]);
    expect(diff({ name: "new" })).toEqual([["name", false]]);
    expect(diff({ configSrc: "local" })).toEqual([["configSrc", true]]);
    expect(diff({ accountId: "y" })).toEqual([["accountId", true]]);
  });
});

/** As the next run of the engine sees it: nothing of before is known. */
function cloudflareAgain(more: object = {}): Instance {
  return cloudflarePlugin("1.0.0", { ...access, ...more }).open();
}

test("rules go to the API and come back under the SDK's names; what is refused stays in no state", async () => {
  const { id: tunnelId } = await create("tunnel", tunnelInputs());
  const originRequest = { noTlsVerify: true, matchSnItoHost: true, access: { teamName: "us", audTags: ["a"] } };
  const config = {
    ingresses: [{ hostname: "a.example.com", service: "http://a:1", originRequest }, { service: "http_status:404" }],
  };
  const { outputs } = await create("rules", { accountId, tunnelId, config: config as never });
  expect(outputs).toMatchObject({ config, version: 1, source: "cloudflare" });
  const there = await api.ok("GET", `/accounts/${accountId}/cfd_tunnel/${tunnelId}/configurations`);
  expect(there.result.config.ingress[0].originRequest).toEqual({
    ...{ noTLSVerify: true, matchSNItoHost: true, access: { teamName: "us", audTag: ["a"] } },
  });
  expect((await importing("rules", `${accountId}/${tunnelId}`))?.inputs).toMatchObject({ config });
  const wrong = create("rules", {
    accountId,
    tunnelId,
    config: { ingresses: [{ hostname: "a.b", service: "http://a" }] },
  });
  await expect(wrong).rejects.toThrow(/last ingress rule must match all URLs.*1056/);
});

describe("a DNS record", () => {
  const inputs = (more: Properties = {}) => ({
    ...{ zoneId, name: "api.example.com", type: "CNAME", content: "x.cfargotunnel.com", ttl: 1, proxied: true },
    ...more,
  });

  test("to the same tunnel is used, whoever made it; any other of the name is refused and left", async () => {
    const { id } = await create("record", inputs());
    expect((await create("record", inputs(), "other")).id).toBe(id);
    await expect(create("record", inputs({ content: "y.cfargotunnel.com" }))).rejects.toThrow(/81053.*pulumi import/s);
    await expect(create("record", inputs({ proxied: false }))).rejects.toThrow(/proxied is true/);
    expect(await records()).toMatchObject([{ id, content: "x.cfargotunnel.com" }]);
  });

  test("of another kind is made once though the answer is lost, and never taken over", async () => {
    const address = inputs({ type: "A", content: "192.0.2.1", name: "www", comment: "mine" });
    await control.ok("POST", "/faults", { kind: "drop-after-commit", method: "POST", path: "dns_records$" });
    const { id, outputs } = await create("record", address);
    expect(outputs).toMatchObject({ name: "www", comment: "mine", proxiable: true });
    await expect(create("record", address, "other")).rejects.toThrow(/identical record already exists/);
    expect(await records()).toHaveLength(1);
    await remove("record", id, outputs);
    await remove("record", id, outputs);
    expect(await records()).toEqual([]);
  });

  test("is changed in place, and its parts are what was asked for", async () => {
    const { id, outputs } = await create("record", inputs());
    const next = checked("record", inputs({ content: "z.cfargotunnel.com", comment: "new" }), "one").inputs;
    const work = { ...call("record", "one"), id, oldInputs: {}, oldOutputs: outputs, inputs: next, ignoreChanges: [] };
    expect(await typeOf("record").update(work)).toMatchObject({ content: "z.cfargotunnel.com", comment: "new", id });
    await control.ok("POST", "/faults", { kind: "status", method: "PUT", path: "dns_records", status: 400 });
    const again = { ...work, inputs: checked("record", inputs({ comment: "third" }), "one").inputs };
    await expect(typeOf("record").update(again)).rejects.toThrow(PartialFailure);
  });
});

test("a token that is refused is told with what it must be allowed to do", async () => {
  plugin = cloudflareAgain({ token: "y".repeat(40) });
  await expect(create("tunnel", tunnelInputs())).rejects.toThrow(
    /10000.*CLOUDFLARE_API_TOKEN.*Cloudflare Tunnel: Edit/s,
  );
});

test("without a token the setting is named; an API key is no token", () => {
  vi.stubEnv("CLOUDFLARE_API_TOKEN", "");
  const without = cloudflarePlugin("1.0.0").open();
  without.configure({ apiKey: "k" });
  const work = { ...call("tunnel", "one"), inputs: tunnelInputs() };
  return expect(without.resource(TOKENS.tunnel)?.create(work)).rejects.toThrow(
    /takes no API key: set CLOUDFLARE_API_TOKEN/,
  );
});
