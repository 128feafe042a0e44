import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateKeyPair } from "../../clients/ssh/key.ts";
import type { Cloud } from "../../local/cloud/server.ts";
import { api, type Declared, emptyCloud, objects, type Project, throwAwayProject } from "./harness.ts";

let cloud: Cloud;
let project: Project;
beforeAll(async () => {
  cloud = await emptyCloud();
  project = throwAwayProject(cloud);
});
afterAll(async () => {
  project?.remove();
  await cloud?.close();
});

const publicKey = generateKeyPair().public;
const otherKey = generateKeyPair().public;

type Changes = Record<string, Record<string, unknown>>;

/** One of each type, with some arguments changed. */
function oneOfEach(changes: Changes = {}): Declared[] {
  const declared = (name: string, type: string, args: Record<string, unknown>): Declared => ({
    name,
    type: `digitalocean:${type}`,
    args: { ...args, ...changes[name] },
  });
  const image = "ubuntu-22-04-x64";
  const ssh = { protocol: "tcp", portRange: "22", sourceAddresses: ["10.0.0.0/8", "192.168.0.0/16"] };
  const out = { protocol: "tcp", portRange: "all", destinationAddresses: ["0.0.0.0/0"] };
  return [
    declared("net", "Vpc", { region: "nyc3", ipRange: "10.20.0.0/20", description: "first" }),
    declared("key", "SshKey", { publicKey }),
    declared("label", "Tag", { name: "label" }),
    declared("data", "Volume", { region: "nyc3", size: 10, tags: ["b", "a"], initialFilesystemType: "ext4" }),
    declared("web", "Droplet", {
      ...{
        name: "web",
        image,
        region: "NYC3",
        size: "s-1vcpu-1gb",
        vpcUuid: { $ref: "net.id" },
        userData: "#!/bin/sh",
      },
      ...{ sshKeys: [{ $ref: "key.fingerprint" }], tags: [{ $ref: "label.name" }], monitoring: true },
    }),
    declared("spare", "Droplet", { image, region: "nyc3", size: "s-1vcpu-1gb" }),
    declared("attached", "VolumeAttachment", { dropletId: { $number: "web.id" }, volumeId: { $ref: "data.id" } }),
    declared("copy", "VolumeSnapshot", { name: "copy-1", volumeId: { $ref: "data.id" }, tags: ["kept"] }),
    declared("disk", "DropletSnapshot", { dropletId: { $ref: "spare.id" }, name: "disk-1" }),
    declared("wall", "Firewall", { inboundRules: [ssh], outboundRules: [out], tags: [{ $ref: "label.name" }] }),
    declared("address", "ReservedIp", { region: "nyc3" }),
    declared("assigned", "ReservedIpAssignment", {
      ipAddress: { $ref: "address.ipAddress" },
      dropletId: { $number: "spare.id" },
    }),
    declared("group", "Project", { name: "group", environment: "Development" }),
    declared("shelf", "Project", { environment: "Development", resources: [{ $ref: "data.volumeUrn" }] }),
    declared("more", "ProjectResources", { project: { $ref: "group.id" }, resources: [{ $ref: "spare.dropletUrn" }] }),
  ];
}

function allOf(op: string, names: string[] = oneOfEach().map((one) => one.name)): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, op]));
}

/** The operations that are not `same`. */
function changed(ops: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(ops).filter(([, op]) => op !== "same" && op !== "refresh"));
}

describe("one of each type", () => {
  test("a preview makes nothing, and an update then makes everything", async () => {
    project.declare(...oneOfEach());
    const plan = await project.preview();
    expect(plan).toMatchObject({ code: 0, ops: allOf("create") });
    expect((await objects(cloud)).droplets).toEqual([]);
    const update = await project.up();
    expect(update.errors).toEqual([]);
    expect(update).toMatchObject({ code: 0, ops: allOf("create") });
    const now = await objects(cloud);
    expect([now.droplets?.length, now.volumes?.length, now.firewalls?.length, now.snapshots?.length]).toEqual([
      2, 1, 1, 2,
    ]);
  });

  test("outputs are as the official plugin gives them", async () => {
    const [web] = (await objects(cloud)).droplets!.filter((one) => one.name === "web");
    expect(project.outputs("web")).toMatchObject({
      id: String(web?.id),
      dropletUrn: `do:droplet:${web?.id}`,
      status: "active",
      locked: false,
      region: "nyc3",
      tags: ["label"],
      monitoring: true,
      vcpus: 1,
      memory: 1024,
      priceHourly: expect.any(Number),
      ipv4Address: expect.stringMatching(/^198\.1[89]\./),
      ipv4AddressPrivate: expect.stringMatching(/^10\.20\./),
      vpcUuid: project.outputs("net").id,
      // Kept as its SHA-1, as the official plugin does.
      userData: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    expect(project.outputs("data")).toMatchObject({ size: 10, filesystemType: "ext4", tags: ["b", "a"] });
    expect(project.outputs("data").name).toMatch(/^data-[0-9a-f]{7}$/);
    expect(project.outputs("net").createdAt).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC$/);
    expect(project.outputs("group")).toMatchObject({ name: "group", purpose: "Web Application", isDefault: false });
  });

  test("the mark of a create is in the cloud, but not in the state", async () => {
    const [volume] = (await objects(cloud)).volumes!;
    const tags = volume?.tags as string[];
    expect(tags.filter((tag) => tag.startsWith("windlass-urn:"))).toHaveLength(1);
    expect(project.state().text).not.toContain("windlass-urn:");
  });

  test("the same program again changes nothing, and a refresh finds no drift", async () => {
    const again = await project.up("--expect-no-changes");
    expect(again).toMatchObject({ code: 0, diffs: {} });
    expect(changed(again.ops)).toEqual({});
    expect(await project.refresh("--expect-no-changes")).toMatchObject({ code: 0, diffs: {} });
  });

  test("the order of what is a set does not matter", async () => {
    project.declare(...oneOfEach({ data: { tags: ["a", "b"] } }));
    expect(changed((await project.preview()).ops)).toEqual({});
  });

  test("inputs that can be changed in place are", async () => {
    const icmp = { protocol: "icmp", sourceAddresses: ["10.0.0.0/8"] };
    project.declare(
      ...oneOfEach({
        net: { description: "second" },
        key: { name: "renamed-key" },
        data: { size: 20, tags: ["b", "c"] },
        web: { name: "web2", size: "s-2vcpu-2gb", tags: ["label", "more"], ipv6: true },
        copy: { tags: [] },
        wall: { inboundRules: [icmp] },
        group: { description: "of things", environment: "Staging" },
        more: { resources: [{ $ref: "web.dropletUrn" }] },
      }),
    );
    const names = ["net", "key", "data", "web", "copy", "wall", "group", "more"];
    const plan = await project.preview();
    expect(changed(plan.ops)).toEqual(allOf("update", names));
    expect(plan.diffs.data).toEqual({ size: "update", "tags[1]": "update" });
    const before = project.outputs("web").id;
    const update = await project.up();
    expect(update.errors).toEqual([]);
    expect(changed(update.ops)).toEqual(allOf("update", names));
    const { droplets, volumes, firewalls, vpcs, ssh_keys: keys, snapshots } = await objects(cloud);
    expect(droplets!.find((one) => String(one.id) === before)).toMatchObject({
      name: "web2",
      size_slug: "s-2vcpu-2gb",
      status: "active",
      tags: expect.arrayContaining(["label", "more"]),
      features: expect.arrayContaining(["ipv6"]),
    });
    expect(volumes).toMatchObject([{ size_gigabytes: 20, tags: expect.arrayContaining(["b", "c"]) }]);
    expect(firewalls![0]?.inbound_rules).toMatchObject([{ protocol: "icmp", sources: { addresses: ["10.0.0.0/8"] } }]);
    expect(vpcs!.find((one) => one.id === project.outputs("net").id)).toMatchObject({ description: "second" });
    expect(keys).toMatchObject([{ name: "renamed-key" }]);
    expect(snapshots!.find((one) => one.id === project.outputs("copy").id)?.tags).not.toContain("kept");
    expect(changed((await project.preview()).ops)).toEqual({});
  });

  test("what somebody changed beside the program is found by a refresh, and put right by the next update", async () => {
    const [web, data] = [project.outputs("web"), project.outputs("data")];
    await api(cloud, "POST", `/v2/droplets/${web.id}/actions`, { type: "rename", name: "meddled" });
    await api(cloud, "DELETE", "/v2/tags/c/resources", {
      resources: [{ resource_id: data.id, resource_type: "volume" }],
    });
    await api(cloud, "PUT", `/v2/vpcs/${project.outputs("net").id}`, {
      name: project.outputs("net").name,
      description: "meddled",
    });
    await api(cloud, "DELETE", `/v2/snapshots/${project.outputs("copy").id}`);
    const drift = await project.refresh();
    expect(changed(drift.ops)).toMatchObject({ copy: "delete" });
    expect(Object.keys(drift.diffs).sort()).toEqual(["data", "net", "web"]);
    expect(project.outputs("web").name).toBe("meddled");
    const update = await project.up();
    expect(changed(update.ops)).toEqual({ web: "update", data: "update", net: "update", copy: "create" });
    expect((await objects(cloud)).droplets!.map((one) => one.name)).toContain("web2");
  });

  test("a volume that somebody enlarged can be refreshed; to shrink it is refused in the preview already", async () => {
    const { id } = project.outputs("data");
    await api(cloud, "POST", `/v2/volumes/${id}/actions`, { type: "resize", size_gigabytes: 30, region: "nyc3" });
    expect((await project.refresh()).code).toBe(0);
    expect(project.outputs("data").size).toBe(30);
    const plan = await project.preview();
    expect(plan.code).not.toBe(0);
    expect(plan.text).toContain(
      "volumes `size` can only be expanded and not shrunk: it has 30 GiB, 20 GiB are asked for",
    );
  });

  test("inputs that cannot be changed in place make a new one; with an explicit name the old one goes first", async () => {
    const before = oneOfEach().map(({ name }) => [name, project.outputs(name).id]);
    project.declare(
      ...oneOfEach({
        key: { publicKey: otherKey, name: "renamed-key" },
        label: { name: "label2" },
        data: { size: 30, description: "new" },
        web: { name: "web2", image: "debian-12-x64" },
        spare: { region: "ams3" },
        address: { region: "ams3" },
        group: { name: "group2" },
      }),
    );
    const replaced = ["key", "label", "data", "web", "spare", "address", "attached", "copy", "disk", "assigned"];
    const plan = await project.preview();
    expect(plan.ops).toMatchObject(allOf("replace", replaced));
    const update = await project.up();
    expect(update.errors).toEqual([]);
    expect(update.code).toBe(0);
    const after = before.filter(([name, id]) => project.outputs(name as string).id !== id).map(([name]) => name);
    expect(after.sort()).toEqual([...replaced].sort());
    expect((await objects(cloud)).droplets).toHaveLength(2);
    expect((await objects(cloud)).volumes).toMatchObject([{ droplet_ids: [Number(project.outputs("web").id)] }]);
    expect(changed((await project.preview()).ops)).toEqual({});
  });

  test("destroy leaves nothing, though half of it is gone already", async () => {
    const { id } = project.outputs("spare");
    await api(cloud, "DELETE", `/v2/droplets/${id}`);
    await api(cloud, "DELETE", `/v2/firewalls/${project.outputs("wall").id}`);
    const gone = await project.destroy();
    expect(gone.errors).toEqual([]);
    expect(gone.code).toBe(0);
    const left = await objects(cloud);
    expect([left.droplets, left.volumes, left.firewalls, left.snapshots, left.ssh_keys, left.reserved_ips]).toEqual([
      [],
      [],
      [],
      [],
      [],
      [],
    ]);
    expect(left.vpcs!.filter((one) => !one.default)).toEqual([]);
    expect(left.tags!.map((one) => one.name).filter((name) => String(name).startsWith("windlass-urn:"))).toEqual([]);
  });
});
