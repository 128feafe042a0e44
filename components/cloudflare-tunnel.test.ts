import { expect, test } from "vitest";
import { CloudflareTunnel, type CloudflareTunnelArgs } from "./cloudflare-tunnel.ts";
import { deploy, known, splitSecrets } from "./testing/deploy.ts";

const TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
const TOKEN = "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken";
const ACCOUNT = "0123456789abcdef0123456789abcdef";

const args = (more: Partial<CloudflareTunnelArgs> = {}): CloudflareTunnelArgs => ({
  tunnelName: "nas",
  accountId: ACCOUNT,
  ingress: [
    { hostname: "api.example.com", path: "^/v1/", service: "http://api:80", originRequest: { noTLSVerify: true } },
    { hostname: "api.example.com", service: "http://web:80" },
    { hostname: "*.example.org", service: "http://web:80" },
    { service: "http_status:404" },
  ],
  zones: { "api.example.com": "zone-1", "*.example.org": "zone-2" },
  ...more,
});

const calls = { [TOKEN]: ({ tunnelId }: Record<string, unknown>) => ({ token: `token-of-${tunnelId}` }) };
const run = (given = args(), preview = false) =>
  deploy(() => new CloudflareTunnel("nas", given), { calls, preview, outputs: { [TUNNEL]: () => ({}) } });

test("one record for each hostname, in its zone, to the tunnel and through Cloudflare", async () => {
  const { resources } = await run();
  const records = resources.filter(({ type }) => type === "cloudflare:index/dnsRecord:DnsRecord");
  expect(records.map(({ name, inputs }) => [name, inputs.zoneId, inputs.name])).toEqual([
    ["nas-api.example.com", "zone-1", "api.example.com"],
    ["nas-*.example.org", "zone-2", "*.example.org"],
  ]);
  for (const { inputs, parent, opts } of records) {
    expect(inputs).toMatchObject({ type: "CNAME", content: "nas-id.cfargotunnel.com", proxied: true, ttl: 1 });
    expect(parent).toBe("nas");
    const after = [opts.dependsOn].flat(2) as unknown as { __name: string }[];
    expect(after.map(({ __name: name }) => name)).toEqual(["nas-config"]);
  }
});

test("the rules keep their order, under the SDK's names", async () => {
  const { resources } = await run();
  const config = resources.find(({ name }) => name === "nas-config")?.inputs;
  expect(config).toEqual({
    accountId: ACCOUNT,
    tunnelId: "nas-id",
    config: {
      ingresses: [
        { hostname: "api.example.com", path: "^/v1/", service: "http://api:80", originRequest: { noTlsVerify: true } },
        { hostname: "api.example.com", service: "http://web:80" },
        { hostname: "*.example.org", service: "http://web:80" },
        { service: "http_status:404" },
      ],
    },
  });
});

test("the token is a secret, and nothing else tells it", async () => {
  const { resources, result } = await run();
  expect(await known(result.token)).toBe("token-of-nas-id");
  expect(await (result.token as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  const { plain } = splitSecrets(resources.map(({ inputs }) => inputs));
  expect(plain).not.toContain("token-of");
});

test("a preview has the same resources, and asks for no token yet", async () => {
  const urns = async (preview: boolean) => (await run(args(), preview)).resources.map(({ urn }) => urn).sort();
  expect(await urns(true)).toEqual(await urns(false));
});

test("everything that is wrong is told at once", async () => {
  const wrong = args({ accountId: "mine", zones: {}, ingress: [{ hostname: "api.example.com", service: "web" }] });
  await expect(run(wrong)).rejects.toThrow(
    /CloudflareTunnel nas: accountId: got "mine".*\n.*ingress\[0\]\.service: "web" is no address.*\n.*zones: has no zone for api\.example\.com/,
  );
});
