import { expect, test } from "vitest";
import type { Deployment, PendingOperation, ResourceState } from "../checkpoint.ts";
import { type CloudObjects, planRecovery, recoveredDeployment } from "./plan.ts";

const DROPLET = "digitalocean:index/droplet:Droplet";
const urn = (type: string, name: string) => `urn:pulumi:dev::windlass::${type}::${name}`;

function creating(type: string, name: string, inputs: Record<string, unknown>): PendingOperation {
  return { type: "creating", resource: { urn: urn(type, name), type, custom: true, inputs } };
}

const droplet = (id: number, extra: object = {}) => ({
  id,
  name: "train-001",
  status: "active",
  tags: ["windlass", "windlass-stack:dev"],
  created_at: "2026-11-21T10:00:00Z",
  ...extra,
});

function objects(parts: object): CloudObjects {
  return { droplets: [], volumes: [], vpcs: [], firewalls: [], sshKeys: [], reservedIps: [], ...parts } as CloudObjects;
}

const deployment = (...pending: PendingOperation[]): Deployment => ({ resources: [], pending_operations: pending });
const make = creating(DROPLET, "node", { name: "train-001", region: "tor1" });

test("a droplet that was made is adopted, one made twice is removed, the running one is kept", () => {
  const plan = planRecovery(
    deployment(make),
    objects({ droplets: [droplet(1, { status: "new" }), droplet(2)] }),
    "dev",
  );
  expect(plan.adopt).toMatchObject([{ name: "node", id: "2" }]);
  expect(plan.remove).toEqual([{ kind: "droplet", id: 1, name: "train-001" }]);
  expect(plan.refresh).toBe(true);
});

test.each([
  ["of another stack", { tags: ["windlass-stack:prod"] }],
  ["without our tag", { tags: [] }],
  ["of another name", { name: "train-002" }],
  ["older than the update", { created_at: "2026-11-20T10:00:00Z" }],
])("a droplet %s is neither adopted nor removed", (_, extra) => {
  const plan = planRecovery(
    deployment(make),
    objects({ droplets: [droplet(1, extra)] }),
    "dev",
    "2026-11-21T09:59:00Z",
  );
  expect(plan).toMatchObject({ adopt: [], remove: [], drop: [{ why: "nothing was made" }] });
});

test("what the state knows already is not taken for the new one", () => {
  const old: ResourceState = { urn: urn(DROPLET, "node"), type: DROPLET, custom: true, id: "1" };
  const state = { resources: [old], pending_operations: [make] };
  const plan = planRecovery(state, objects({ droplets: [droplet(1), droplet(2)] }), "dev");
  expect(plan.adopt).toMatchObject([{ id: "2" }]);
  expect(plan.remove).toEqual([]);
  const { resources } = recoveredDeployment(state, plan);
  expect(resources).toMatchObject([
    { id: "1", delete: true },
    { id: "2", urn: old.urn },
  ]);
});

test("a resource that was deleted before its replacement gives way to it", () => {
  const old = { urn: make.resource.urn, type: DROPLET, custom: true, id: "1", pendingReplacement: true };
  const state = { resources: [old], pending_operations: [make] };
  const plan = planRecovery(state, objects({ droplets: [droplet(2)] }), "dev");
  expect(recoveredDeployment(state, plan).resources).toMatchObject([{ id: "2" }]);
});

test("each kind is found by what it cannot share with others", () => {
  const pending = [
    creating("digitalocean:index/volume:Volume", "data", { name: "data", region: "tor1" }),
    creating("digitalocean:index/vpc:Vpc", "net", { name: "net", region: "tor1" }),
    creating("digitalocean:index/firewall:Firewall", "fw", { name: "fw" }),
    creating("digitalocean:index/sshKey:SshKey", "key", { name: "k", publicKey: "ssh-ed25519 AAAA me" }),
    creating("digitalocean:index/reservedIp:ReservedIp", "ip", { dropletId: 7 }),
    creating("digitalocean:index/tag:Tag", "tag", { name: "t" }),
    creating("digitalocean:index/unheardOf:UnheardOf", "other", { name: "x" }),
  ];
  const tags = ["windlass-stack:dev"];
  const plan = planRecovery(
    deployment(...pending),
    objects({
      volumes: [
        { id: "v-ams3", name: "data", region: { slug: "ams3" }, tags },
        { id: "v-tor1", name: "data", region: { slug: "tor1" }, tags },
      ],
      vpcs: [{ id: "vpc", name: "net", region: "tor1" }],
      firewalls: [{ id: "fw", name: "fw", tags: null }],
      sshKeys: [{ id: 5, public_key: "ssh-ed25519 AAAA another comment" }],
      reservedIps: [{ ip: "198.51.100.1", droplet: { id: 7 } }],
    }),
    "dev",
  );
  const found = Object.fromEntries(plan.adopt.map(({ name, id }) => [name, id]));
  expect(found).toEqual({ data: "v-tor1", net: "vpc", fw: "fw", key: "5", ip: "198.51.100.1", tag: "t" });
  expect(plan.drop.map(({ name }) => name)).toEqual(["other"]);
});

test("steps on the node are forgotten, other changes are looked at by a refresh", () => {
  const step = creating("command:remote:Command", "node-20-docker", {});
  const onlySteps = planRecovery(deployment(step), objects({}), "dev");
  expect(onlySteps).toMatchObject({ adopt: [], refresh: false, drop: [{ name: "node-20-docker" }] });
  const update = { ...make, type: "updating" as const };
  expect(planRecovery(deployment(update), objects({}), "dev").refresh).toBe(true);
});

test("an adopted resource stands in the state as it was asked for, without the engine's notes", () => {
  const asked = creating(DROPLET, "node", { name: "train-001", resizeDisk: false, __defaults: ["ipv6"] });
  const plan = planRecovery(deployment(asked), objects({ droplets: [droplet(3)] }), "dev");
  const after = recoveredDeployment(deployment(asked), plan);
  expect(after.pending_operations).toEqual([]);
  expect(after.resources?.[0]).toMatchObject({ id: "3", outputs: { name: "train-001", resizeDisk: false } });
  expect(after.resources?.[0]?.outputs).not.toHaveProperty("__defaults");
});
