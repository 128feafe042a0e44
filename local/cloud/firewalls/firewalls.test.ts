import { describe, expect, test } from "vitest";
import type { Backend, FirewallRules } from "../backend.ts";
import { createNoneBackend } from "../backends/none.ts";
import type { Store } from "../store.ts";
import { type Api, CPU, testCloud } from "../test-cloud.ts";

const OUT = [{ protocol: "tcp", ports: "all", destinations: { addresses: ["0.0.0.0/0", "::/0"] } }];
const ssh = (sources: object) => ({ protocol: "tcp", ports: "22", sources });

/** Remembers the rules that each droplet has now, as machines would. */
function recorder() {
  const inForce = new Map<number, FirewallRules | null>();
  const createBackend = (store: Store): Backend => ({
    ...createNoneBackend(store),
    kind: "docker",
    setFirewall: async (id, rules) => void inForce.set(id, rules),
  });
  return { inForce, createBackend };
}

async function droplet(api: Api, name: string, tags: string[] = []): Promise<number> {
  return (await api.ok("POST", "/droplets", { ...CPU, name, tags })).droplet.id;
}

describe("the API", () => {
  test("a new firewall waits with its changes pending, then has succeeded", async () => {
    const { api, cloud } = await testCloud({ actionScale: 1 });
    const id = await droplet(api, "web", ["web"]);
    await cloud.advance(60);
    const created = await api("POST", "/firewalls", {
      name: "fw",
      inbound_rules: [ssh({ addresses: ["1.2.3.4"] })],
      tags: ["web"],
    });
    expect(created.status).toBe(202);
    expect(created.body.firewall).toMatchObject({
      status: "waiting",
      pending_changes: [{ droplet_id: id, removing: false, status: "waiting" }],
      outbound_rules: [],
    });
    await cloud.advance(3);
    expect((await api.ok("GET", `/firewalls/${created.body.firewall.id}`)).firewall).toMatchObject({
      status: "succeeded",
      pending_changes: [],
    });
    expect((await api.ok("GET", `/droplets/${id}/firewalls`)).firewalls).toMatchObject([{ name: "fw" }]);
  });

  test("ports are answered as DigitalOcean does: 0 for all and for icmp without any, else as given", async () => {
    const { api } = await testCloud();
    const inbound_rules = [
      { protocol: "icmp", sources: { addresses: ["10.0.0.0/8"] } },
      { protocol: "icmp", ports: "1-65535", sources: { addresses: ["::/0"] } },
      { protocol: "udp", ports: "all", sources: { addresses: ["::/0"] } },
      { protocol: "udp", ports: "1-65535", sources: { addresses: ["::/0"] } },
      { protocol: "tcp", ports: "8000-9000", sources: { addresses: ["10.1.2.3"] } },
    ];
    const { firewall } = await api.ok("POST", "/firewalls", { name: "fw", inbound_rules, outbound_rules: OUT });
    expect(firewall.inbound_rules.map((rule: { ports: string }) => rule.ports)).toEqual([
      "0",
      "1-65535",
      "0",
      "1-65535",
      "8000-9000",
    ]);
    expect(firewall.outbound_rules[0].ports).toBe("0");
  });

  test.each([
    [{ inbound_rules: [] }, /at least one rule/],
    [{ inbound_rules: [{ protocol: "gre", ports: "1", sources: { addresses: ["10.0.0.1"] } }] }, /invalid protocol/],
    [{ inbound_rules: [{ protocol: "tcp", ports: "70000", sources: { addresses: ["10.0.0.1"] } }] }, /invalid ports/],
    [{ inbound_rules: [{ protocol: "tcp", ports: "90-80", sources: { addresses: ["10.0.0.1"] } }] }, /invalid ports/],
    [{ inbound_rules: [{ protocol: "tcp", sources: { addresses: ["10.0.0.1"] } }] }, /invalid ports/],
    [{ inbound_rules: [ssh({ addresses: ["10.0.0.0/33"] })] }, /invalid address/],
    [{ inbound_rules: [ssh({})] }, /at least one entry/],
    [{ inbound_rules: [ssh({ tags: ["nope"] })] }, /tag nope does not exist/],
    [{ inbound_rules: [ssh({ addresses: ["1.2.3.4"] })], tags: ["nope"] }, /tag nope does not exist/],
    [{ inbound_rules: [ssh({ addresses: ["1.2.3.4"] })], droplet_ids: [7] }, /droplet 7 does not exist/],
    [{ name: "-bad", inbound_rules: [ssh({ addresses: ["1.2.3.4"] })] }, /name/],
  ])("refuses %o", async (change, message) => {
    const { api } = await testCloud();
    const refused = await api("POST", "/firewalls", { name: "fw", ...change });
    expect(refused.status).toBe(422);
    expect(refused.body.message).toMatch(message);
  });

  test("an action is answered as it was given; a rule without one allows", async () => {
    const { api } = await testCloud();
    const deny = { ...ssh({ addresses: ["1.2.3.4"] }), action: "deny" };
    const { firewall } = await api.ok("POST", "/firewalls", {
      name: "fw",
      inbound_rules: [deny, ssh({ addresses: ["::/0"] })],
    });
    expect(firewall.inbound_rules).toEqual([deny, ssh({ addresses: ["::/0"] })]);
    const path = `/firewalls/${firewall.id}/rules`;
    const allow = { ...ssh({ addresses: ["::/0"] }), action: "allow" };
    expect((await api("DELETE", path, { inbound_rules: [allow] })).status).toBe(204);
    expect((await api.ok("GET", `/firewalls/${firewall.id}`)).firewall.inbound_rules).toEqual([deny]);
    const refused = await api("POST", path, { inbound_rules: [{ ...deny, action: "drop" }] });
    expect(refused).toMatchObject({ status: 422, body: { message: 'invalid action "drop": must be allow or deny' } });
  });

  test("droplets, tags and rules are added and taken; a PUT sets all; names are unique", async () => {
    const { api } = await testCloud();
    const id = await droplet(api, "web", ["web"]);
    const rule = ssh({ addresses: ["1.2.3.4"] });
    const path = `/firewalls/${(await api.ok("POST", "/firewalls", { name: "fw", inbound_rules: [rule] })).firewall.id}`;
    const read = async () => (await api.ok("GET", path)).firewall;
    for (const [part, body] of [
      ["droplets", { droplet_ids: [id] }],
      ["tags", { tags: ["web"] }],
      ["rules", { inbound_rules: [{ ...rule, ports: "443" }], outbound_rules: OUT }],
    ] as const)
      expect((await api("POST", `${path}/${part}`, body)).status).toBe(204);
    expect(await read()).toMatchObject({
      droplet_ids: [id],
      tags: ["web"],
      inbound_rules: [{ ports: "22" }, { ports: "443" }],
    });
    for (const [part, body] of [
      ["droplets", { droplet_ids: [id] }],
      ["tags", { tags: ["web"] }],
      ["rules", { inbound_rules: [rule] }],
    ] as const)
      expect((await api("DELETE", `${path}/${part}`, body)).status).toBe(204);
    expect(await read()).toMatchObject({ droplet_ids: [], tags: [], inbound_rules: [{ ports: "443" }] });
    await api.ok("PUT", path, { name: "renamed", inbound_rules: [rule], droplet_ids: [id] });
    expect(await read()).toMatchObject({ name: "renamed", droplet_ids: [id], outbound_rules: [] });
    expect(await api("POST", "/firewalls", { name: "renamed", inbound_rules: [rule] })).toMatchObject({ status: 409 });
    expect((await api("DELETE", path)).status).toBe(204);
    expect((await api("GET", path)).status).toBe(404);
  });
});

describe("the rules in force", () => {
  test("a droplet has those of all its firewalls before it is active, and none where no firewall covers it", async () => {
    const { inForce, createBackend } = recorder();
    const { api } = await testCloud({ createBackend });
    await api.ok("POST", "/tags", { name: "web" });
    await api.ok("POST", "/firewalls", {
      name: "fw-a",
      inbound_rules: [ssh({ addresses: ["1.2.3.4"] })],
      tags: ["web"],
    });
    await api.ok("POST", "/firewalls", { name: "fw-b", outbound_rules: OUT, tags: ["web"] });
    const covered = await droplet(api, "covered", ["web"]);
    const open = await droplet(api, "open");
    await expect.poll(async () => (await api.ok("GET", `/droplets/${open}`)).droplet.status).toBe("active");
    expect(inForce.get(covered)).toEqual({
      inbound: [{ protocol: "tcp", ports: "22", cidrs: ["1.2.3.4"] }],
      outbound: [{ protocol: "tcp", ports: "all", cidrs: ["0.0.0.0/0", "::/0"] }],
    });
    expect(inForce.get(open)).toBeNull();
  });

  test("say what is denied", async () => {
    const { inForce, createBackend } = recorder();
    const { api } = await testCloud({ createBackend });
    await api.ok("POST", "/tags", { name: "web" });
    const rule = ssh({ addresses: ["1.2.3.4"] });
    const inbound_rules = [
      { ...rule, action: "allow" },
      { ...rule, action: "deny" },
    ];
    await api.ok("POST", "/firewalls", { name: "fw", inbound_rules, tags: ["web"] });
    const id = await droplet(api, "covered", ["web"]);
    await expect.poll(async () => (await api.ok("GET", `/droplets/${id}`)).droplet.status).toBe("active");
    const allowed = { protocol: "tcp", ports: "22", cidrs: ["1.2.3.4"] };
    expect(inForce.get(id)?.inbound).toEqual([allowed, { ...allowed, denied: true }]);
  });

  test("that cannot be put in force make the firewall, or the droplet's creation, fail, and nothing else", async () => {
    const { createBackend } = recorder();
    const broken = (store: Store): Backend => ({
      ...createBackend(store),
      setFirewall: async (_id, rules) => {
        if (rules) throw new Error("nft: no such table");
      },
    });
    const { api } = await testCloud({ createBackend: broken });
    const open = await droplet(api, "open");
    const { firewall } = await api.ok("POST", "/firewalls", {
      name: "fw",
      inbound_rules: [ssh({ addresses: ["1.2.3.4"] })],
      droplet_ids: [open],
    });
    await expect.poll(async () => (await api.ok("GET", `/firewalls/${firewall.id}`)).firewall.status).toBe("failed");
    const other = await droplet(api, "other");
    await expect.poll(async () => (await api.ok("GET", `/droplets/${other}`)).droplet.status).toBe("active");
    await api.ok("POST", "/tags", { name: "web" });
    await api.ok("POST", `/firewalls/${firewall.id}/tags`, { tags: ["web"] });
    const covered = (await api.ok("POST", "/droplets", { ...CPU, tags: ["web"] })).links.actions[0].id;
    await expect.poll(async () => (await api.ok("GET", `/actions/${covered}`)).action.status).toBe("errored");
  });

  test("follow tags, new droplets that are sources, and the end of a firewall", async () => {
    const { inForce, createBackend } = recorder();
    const { api } = await testCloud({ createBackend });
    await api.ok("POST", "/tags", { name: "db" });
    await api.ok("POST", "/tags", { name: "app" });
    const { firewall } = await api.ok("POST", "/firewalls", {
      name: "fw",
      inbound_rules: [ssh({ tags: ["app"] })],
      tags: ["db"],
    });
    const db = await droplet(api, "db");
    await api.ok("POST", "/tags/db/resources", { resources: [{ resource_id: String(db), resource_type: "droplet" }] });
    await expect
      .poll(() => inForce.get(db))
      .toEqual({ inbound: [{ protocol: "tcp", ports: "22", cidrs: [] }], outbound: [] });
    const app = await droplet(api, "app", ["app"]);
    const addresses = async () =>
      (await api.ok("GET", `/droplets/${app}`)).droplet.networks.v4
        .map((net: { ip_address: string }) => net.ip_address)
        .sort();
    await expect.poll(() => inForce.get(db)?.inbound[0]?.cidrs.length).toBe(2);
    expect([...(inForce.get(db)?.inbound[0]?.cidrs ?? [])].sort()).toEqual(await addresses());
    await api("DELETE", `/firewalls/${firewall.id}`);
    await expect.poll(() => inForce.get(db)).toBeNull();
  });
});
