import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { newKeyPair } from "../clients/ssh/testing/key.ts";
import { firewallTag, ownershipTags } from "../domain/tags.ts";
import { DataVolume } from "./data-volume.ts";
import { findVolume } from "./existing-volume.ts";
import { GpuTrainingNode } from "./gpu-training-node.ts";
import type { GpuTrainingNodeArgs } from "./node-arguments.ts";
import { type DeployOptions, deploy, type Registered, splitSecrets } from "./testing/deploy.ts";
import { VpcFirewall } from "./vpc-firewall.ts";

const DROPLET = "digitalocean:index/droplet:Droplet";
const VOLUME = "digitalocean:index/volume:Volume";
const FIREWALL = "digitalocean:index/firewall:Firewall";
const ATTACHMENT = "digitalocean:index/volumeAttachment:VolumeAttachment";
const REMOTE = "command:remote:Command";
const LOCAL = "command:local:Command";

const owner = { project: "finance", stack: "test", node: "train-001" };
const key = newKeyPair();
const SECRET = key.privateKey.split("\n")[1] as string;

const outputs: DeployOptions["outputs"] = {
  [DROPLET]: () => ({
    ipv4Address: "198.18.0.2",
    ipv4AddressPrivate: "10.20.0.2",
    status: "active",
    createdAt: "2026-01-01T00:00:00Z",
  }),
  [LOCAL]: (name) => ({ stdout: name.endsWith("-pin") ? "ssh-ed25519 AAAAhost\n" : "" }),
  [REMOTE]: (name) => ({
    stdout: name.endsWith("80-checkpoint")
      ? '{"path":"/c/1.npz","step":1,"metric":{"name":"accuracy","value":0.9}}'
      : "",
  }),
};

function program(more: Partial<GpuTrainingNodeArgs> = {}) {
  return () => {
    const volume = new DataVolume("data", { volumeName: "finance-data", region: "tor1", sizeGiB: 500, owner });
    const network = new VpcFirewall("network", {
      region: "tor1",
      owner,
      sshAllowedAddresses: ["203.0.113.7/32"],
      vpcIpRange: "10.20.0.0/20",
    });
    return new GpuTrainingNode("node", {
      nodeName: "train-001",
      region: "tor1",
      size: "gpu-h100x1-80gb",
      image: "gpu-h100x1-base",
      owner,
      vpcUuid: network.vpcUuid,
      firewallId: network.firewallId,
      firewallTag: network.tag,
      sshKey: key,
      volume: { id: volume.volumeId, name: volume.volumeName, sizeGiB: volume.sizeGiB, mountPoint: "/mnt/finance" },
      repository: { url: ".", ref: "HEAD", commit: "0123456789abcdef0123456789abcdef01234567", path: "/opt/windlass" },
      data: { source: "data", target: "/mnt/finance/data", digest: "abc", files: 10 },
      training: { command: "python3 train.py" },
      ...more,
    });
  };
}

const everything = async (options: DeployOptions = {}) => (await deploy(program(), { outputs, ...options })).resources;

function only(resources: Registered[], type: string): Registered {
  const found = resources.filter((resource) => resource.type === type);
  expect(found.map((resource) => resource.name)).toHaveLength(1);
  return found[0] as Registered;
}

test("what the components make, by type and name; a change here renames resources of users", async () => {
  const resources = await everything();
  expect(resources.map(({ type, name }) => `${type}::${name}`).sort()).toMatchInlineSnapshot(`
    [
      "command:local:Command::node-pin",
      "command:local:Command::node-send-repository",
      "command:local:Command::node-sync-data",
      "command:remote:Command::node-10-driver",
      "command:remote:Command::node-20-docker",
      "command:remote:Command::node-30-nvidia-runtime",
      "command:remote:Command::node-40-volume",
      "command:remote:Command::node-50-repository",
      "command:remote:Command::node-60-data",
      "command:remote:Command::node-70-training",
      "command:remote:Command::node-80-checkpoint",
      "command:remote:Command::node-85-watch",
      "digitalocean:index/droplet:Droplet::node",
      "digitalocean:index/firewall:Firewall::network",
      "digitalocean:index/sshKey:SshKey::node-key",
      "digitalocean:index/tag:Tag::network-tag",
      "digitalocean:index/volume:Volume::data",
      "digitalocean:index/volumeAttachment:VolumeAttachment::node-attachment",
      "digitalocean:index/vpc:Vpc::network-vpc",
      "windlass:gpu:TrainingNode::node",
      "windlass:network:VpcFirewall::network",
      "windlass:storage:DataVolume::data",
    ]
  `);
});

test("every child has a parent and is named after its component, and no two are the same", async () => {
  const resources = await everything();
  const children = resources.filter(({ type }) => !type.startsWith("windlass:") && type !== "pulumi:pulumi:Stack");
  for (const child of children) {
    expect(["data", "network", "node"], child.name).toContain(child.parent);
    expect(child.name.startsWith(child.parent as string), child.name).toBe(true);
  }
  expect(new Set(resources.map(({ urn }) => urn)).size).toBe(resources.length);
});

test("a preview shows exactly what an update makes", async () => {
  const names = (resources: Registered[]) => resources.map(({ type, name }) => `${type}::${name}`).sort();
  expect(names(await everything({ preview: true }))).toEqual(names(await everything()));
});

test("the volume is protected, kept, and never replaced for a description or a file system", async () => {
  const { opts, inputs } = only(await everything(), VOLUME);
  expect(opts).toMatchObject({ protect: true, retainOnDelete: true });
  expect(opts.ignoreChanges).toEqual(expect.arrayContaining(["description", "initialFilesystemType", "snapshotId"]));
  expect(Object.keys(inputs).sort()).toEqual(["name", "region", "size", "tags"]);
});

test("the droplet is rebuilt on purpose only, the old one first", async () => {
  const droplet = only((await deploy(program({ generation: 3 }), { outputs })).resources, DROPLET);
  expect(droplet.opts).toMatchObject({
    ignoreChanges: ["image", "sshKeys", "userData"],
    deleteBeforeReplace: true,
    replacementTrigger: 3,
    customTimeouts: { create: "300s" },
  });
  expect(only(await everything(), ATTACHMENT).opts.deleteBeforeReplace).toBe(true);
});

test("everything that takes tags carries the owner's, the droplet the firewall's too", async () => {
  const resources = await everything();
  expect(only(resources, VOLUME).inputs.tags).toEqual(ownershipTags(owner));
  const timers = ["windlass-idle-stop:24h", "windlass-max-lifetime:720h"];
  expect(only(resources, DROPLET).inputs.tags).toEqual([...ownershipTags(owner), firewallTag(owner), ...timers].sort());
  expect(only(resources, DROPLET).inputs.monitoring).toBe(true);
});

test("a preview knows the droplet's tags, with its timers, but for the firewall's", async () => {
  const timers = { autoShutdownHours: 1.5, maxLifetimeHours: "off" } as const;
  const { resources } = await deploy(program({ timers }), { outputs, preview: true });
  const { tags } = only(resources, DROPLET).inputs;
  expect(tags).toEqual(expect.arrayContaining(["windlass-idle-stop:90m", "windlass-max-lifetime:off"]));
  expect(tags.filter((tag: unknown) => typeof tag === "string")).toHaveLength(6);
  expect(tags).toHaveLength(7);
});

test("ssh is open to the listed networks alone, and nothing else is", async () => {
  const { inputs } = only(await everything(), FIREWALL);
  expect(inputs.inboundRules).toEqual([{ protocol: "tcp", portRange: "22", sourceAddresses: ["203.0.113.7/32"] }]);
  expect(inputs.tags).toEqual([firewallTag(owner)]);
  expect(
    inputs.outboundRules.map(
      (rule: { portRange?: string; protocol: string }) => `${rule.protocol} ${rule.portRange ?? ""}`,
    ),
  ).toEqual(["tcp 22", "tcp 53", "tcp 80", "tcp 443", "udp 53", "udp 123", "icmp "]);
});

test.each([["0.0.0.0/0"], ["::/0"]])("a firewall open to %s cannot be declared", async (network) => {
  const declare = () => new VpcFirewall("network", { region: "tor1", owner, sshAllowedAddresses: [network] });
  await expect(deploy(declare)).rejects.toMatchObject({ code: "ConfigInvalid" });
});

test("an existing VPC is used, and none made", async () => {
  const declare = () =>
    new VpcFirewall("network", { region: "tor1", owner, sshAllowedAddresses: ["10.0.0.0/8"], vpcId: "vpc-1" });
  const { resources } = await deploy(declare);
  expect(resources.map(({ type }) => type)).not.toContain("digitalocean:index/vpc:Vpc");
});

test("the private key is nowhere but in secrets", async () => {
  const resources = await everything();
  let found = 0;
  for (const { name, inputs } of resources) {
    const { plain, secret } = splitSecrets(inputs);
    expect(plain, name).not.toContain(SECRET);
    if (secret.includes(SECRET)) found += 1;
  }
  expect(found).toBe(resources.filter(({ type }) => type === REMOTE || type === LOCAL).length);
});

test("every remote command holds the machine to the pinned key, and is bounded", async () => {
  const remote = (await everything()).filter(({ type }) => type === REMOTE);
  expect(remote).toHaveLength(9);
  for (const { inputs } of remote) {
    expect(inputs.connection.value).toMatchObject({
      host: "198.18.0.2",
      hostKey: "ssh-ed25519 AAAAhost",
      perDialTimeout: 30,
      dialErrorLimit: 5,
    });
    expect(inputs.stdin).toMatch(/^STEP=/);
    expect(inputs.triggers[0]).toBe("node-id");
  }
});

test("steps wait for what they need", async () => {
  const resources = await everything();
  const needs = async (name: string) => {
    const { opts } = resources.find((resource) => resource.name === `node-${name}`) as Registered;
    return ((opts.dependsOn ?? []) as unknown as { __name: string }[]).map((resource) => resource.__name);
  };
  expect(await needs("10-driver")).toEqual([]);
  expect(await needs("30-nvidia-runtime")).toEqual(["node-10-driver", "node-20-docker"]);
  expect(await needs("40-volume")).toEqual(["node-attachment"]);
  expect(await needs("50-repository")).toEqual(["node-send-repository"]);
  expect(await needs("sync-data")).toEqual(["node-40-volume"]);
  expect(await needs("60-data")).toEqual(["node-sync-data"]);
  expect(await needs("70-training")).toEqual([
    "node-30-nvidia-runtime",
    "node-40-volume",
    "node-50-repository",
    "node-60-data",
  ]);
  expect(await needs("80-checkpoint")).toEqual(["node-70-training"]);
  expect(await needs("85-watch")).toEqual(["node-30-nvidia-runtime", "node-40-volume"]);
});

test("the node is watched from within as told, and the webhook is nowhere but in a secret", async () => {
  const webhook = "https://hooks.example.com/T0/B0/0123456789";
  const watch = { sampleSeconds: 30, alarmHours: 2, webhook };
  const { resources } = await deploy(program({ watch }), { outputs });
  const step = resources.find(({ name }) => name === "node-85-watch") as Registered;
  expect(splitSecrets(step.inputs).secret).toContain(webhook);
  expect(step.inputs.stdin.value).toMatch(/^SAMPLE_SECONDS='?30'?\nALARM_HOURS='?2'?$/m);
  for (const { name, inputs } of resources) expect(splitSecrets(inputs).plain, name).not.toContain(webhook);
});

test("a node is watched without being told", async () => {
  const step = (await everything()).find(({ name }) => name === "node-85-watch") as Registered;
  expect(step.inputs.stdin).toMatch(/^SAMPLE_SECONDS='?60'?\nALARM_HOURS='?6'?\nWEBHOOK=''$/m);
});

test("a node without set-up makes no connection", async () => {
  const bare = { bootstrap: false, repository: undefined, data: undefined, training: undefined };
  const { resources } = await deploy(program(bare), { outputs });
  expect(resources.filter(({ type }) => type.startsWith("command:"))).toEqual([]);
});

test("all wrong arguments are named at once", async () => {
  const wrong = program({
    size: "s-1vcpu-1gb",
    generation: 0,
    repository: undefined,
    watch: { sampleSeconds: 1 },
    timers: { autoShutdownHours: 0 },
  });
  await expect(deploy(wrong, { outputs })).rejects.toMatchObject({
    code: "ConfigInvalid",
    details: { problems: { length: 5 } },
  });
});

const existing = { id: "v-1", name: "finance-data", sizeGiB: 500, tags: [] as string[] };
const adopt = (more: object) => () =>
  new DataVolume("data", {
    volumeName: "finance-data",
    region: "tor1",
    sizeGiB: 500,
    owner,
    existing: { ...existing, ...more },
  });

test("an existing volume is taken over by its id", async () => {
  expect(only((await deploy(adopt({}))).resources, VOLUME).opts).toMatchObject({ import: "v-1" });
  await deploy(adopt({ tags: ownershipTags(owner) }));
});

test("an existing volume keeps the tags that others gave it", async () => {
  const { inputs } = only((await deploy(adopt({ tags: ["mine"] }))).resources, VOLUME);
  expect(inputs.tags).toEqual(ownershipTags(owner, ["mine"]));
});

test.each([
  [{ tags: ["windlass", "windlass-stack:prod"] }, /belongs to stack prod/],
  [{ tags: ["windlass", "windlass-project:other"] }, /belongs to project other/],
  [{ sizeGiB: 600 }, /has 600 GiB and volumes never shrink/],
])("a volume with %o is refused", async (more, text) => {
  await expect(deploy(adopt(more))).rejects.toThrow(text);
});

const GET_VOLUME = "digitalocean:index/getVolume:getVolume";
const query = { name: "finance-data", region: "tor1" };
const absent = () => {
  throw new Error("1 error occurred:\n\t* no volumes found with name finance-data");
};

test("a volume is looked up by name and region, in previews too", async () => {
  const found = { id: "v-1", name: "finance-data", size: 500, tags: ["windlass"], region: "tor1" };
  const asked: object[] = [];
  const calls = {
    [GET_VOLUME]: (inputs: object) => {
      asked.push(inputs);
      return found;
    },
  };
  const { result } = await deploy(() => findVolume(query), { calls, preview: true });
  expect(asked).toEqual([query]);
  expect(result).toEqual({ id: "v-1", name: "finance-data", sizeGiB: 500, tags: ["windlass"] });
});

test("no volume is an answer, any other failure is not", async () => {
  expect((await deploy(() => findVolume(query), { calls: { [GET_VOLUME]: absent } })).result).toBeUndefined();
  const broken = () => {
    throw new Error("401 Unable to authenticate you");
  };
  await expect(deploy(() => findVolume(query), { calls: { [GET_VOLUME]: broken } })).rejects.toThrow("401");
});

test("a volume that was asked for by id must be there under its name", async () => {
  const calls = { [GET_VOLUME]: absent };
  await expect(deploy(() => findVolume({ ...query, id: "v-2" }), { calls })).rejects.toThrow(
    /v-2 is not the volume finance-data in tor1/,
  );
});

test.each(["data-volume", "vpc-firewall", "node-arguments"])(
  "%s: every argument says what a change does, and its default",
  (file) => {
    const source = readFileSync(new URL(`${file}.ts`, import.meta.url), "utf8");
    const bodies = [
      ...source.matchAll(/export interface \w+Args \{([\s\S]*?)\n\}|export interface Node\w+ \{([\s\S]*?)\n\}/g),
    ];
    let members = 0;
    for (const body of bodies.map((match) => match[1] ?? match[2] ?? "")) {
      for (const [, doc, name, optional] of body.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\s*\n {2}(\w+)(\??):/g)) {
        members += 1;
        expect(doc, `${name} has a doc comment`).toBeDefined();
        expect(doc, `${name} says what a change does`).toMatch(/change/i);
        if (optional) expect(doc, `${name} says its default`).toContain("@default");
      }
    }
    expect(members).toBeGreaterThan(4);
  },
);
