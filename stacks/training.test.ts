import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { ensureKeyPair } from "../clients/ssh/key.ts";
import { deploy, type Registered } from "../components/testing/deploy.ts";
import { type Marker, markerTag } from "../domain/node-marker.ts";
import { loadConfig } from "./config.ts";
import { readStackFile } from "./config-source.ts";
import { trainingStack } from "./training.ts";

const REPOSITORY = new URL("..", import.meta.url).pathname;
const absent = () => {
  throw new Error("no volumes found with name finance-smollm3-data");
};
const calls = {
  "digitalocean:index/getVolume:getVolume": absent,
  "digitalocean:index/getTags:getTags": () => ({ tags: [] }),
};

/** Look-ups of an account that remembers this of the node. */
function remembering(...markers: Marker[]) {
  const owner = { project: "finance-smollm3", stack: "dev", node: "finance-smollm3-gpu-train-001" };
  const tags = markers.map((marker) => ({ name: markerTag(owner, marker) }));
  return { ...calls, "digitalocean:index/getTags:getTags": () => ({ tags }) };
}

/** A project of its own: config files, a repository with a commit, a data set. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windlass-stack-"));
  mkdirSync(join(root, "data"));
  writeFileSync(join(root, "data/a.txt"), "a");
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-qm", "first");
});

function git(...args: string[]): string {
  return execFileSync("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@t", ...args], {
    encoding: "utf8",
  }).trim();
}

function declare(values: Record<string, string>, stack = "dev") {
  const context = { stack, home: ".windlass", root };
  const config = loadConfig({ sshAllowedAddresses: "127.0.0.1/32", ...values }, undefined, context);
  return () => trainingStack(config, context);
}

const named = (resources: Registered[], name: string) =>
  resources.find((resource) => resource.name === name) as Registered;

test("the stack files of this repository are right as they are", () => {
  for (const stack of ["dev", "prod"]) {
    const { values, source } = readStackFile(REPOSITORY, stack);
    const config = loadConfig(values, source, { stack, home: ".windlass" });
    expect([config.cloud, config.region, config.gpuRegion]).toEqual(
      stack === "dev" ? ["local", "tor1", "tor1"] : ["digitalocean", "sgp1", "tor1"],
    );
    expect(config.volumeSizeGiB).toBe(500);
  }
});

test("everything of a node stands in the region of its GPU", async () => {
  const { resources } = await deploy(declare({ region: "sgp1", gpuRegion: "tor1" }), { calls });
  for (const name of ["data", "network-vpc", "node"]) {
    const placed = resources.filter((resource) => resource.name === name && resource.inputs.region !== undefined);
    expect(
      placed.map(({ inputs }) => inputs.region),
      name,
    ).toEqual(["tor1"]);
  }
});

test("a local repository is sent at the commit that the ref means, a URL is cloned on the node", async () => {
  const local = (await deploy(declare({ repositoryUrl: ".", repositoryRef: "main" }), { calls })).resources;
  expect(named(local, "node-send-repository").inputs.create).toContain(git("rev-parse", "HEAD"));
  const url = (await deploy(declare({ repositoryUrl: "https://github.com/owner/name.git" }), { calls })).resources;
  expect(named(url, "node-send-repository")).toBeUndefined();
});

test("the same data set gives the same plan on another machine", async () => {
  const plan = async () => {
    const { resources } = await deploy(declare({ dataSource: "data" }), { calls });
    return named(resources, "node-sync-data").inputs.create;
  };
  const before = await plan();
  writeFileSync(join(root, "data/a.txt"), "a");
  expect(await plan()).toBe(before);
  expect(before).toBe("node clients/ssh/sync.ts data /mnt/finance-smollm3/data /var/lib/windlass/data.sha256");
});

test.each([
  [{ repositoryUrl: ".", repositoryRef: "no-such-branch" }, /has no branch, tag or commit no-such-branch/],
  [{ repositoryUrl: "/tmp" }, /\/tmp is no git repository/],
  [{ dataSource: "no-such-folder" }, /no-such-folder cannot be read/],
  [{ sshKeyFile: "no-such-key" }, /no-such-key: there is no readable file/],
] as [Record<string, string>, RegExp][])("%o is refused before anything is declared", async (values, text) => {
  await expect(deploy(declare(values), { calls })).rejects.toThrow(text);
});

test("development makes its own key, once; production must name one", async () => {
  await deploy(declare({}), { calls });
  const key = readFileSync(join(root, ".windlass/keys/dev"), "utf8");
  await deploy(declare({}), { calls });
  expect(readFileSync(join(root, ".windlass/keys/dev"), "utf8")).toBe(key);
  expect(() => declare({ cloud: "digitalocean" }, "prod")).toThrow(/sshKeyFile: required/);
});

test("two stacks must not share a key, under whatever name", async () => {
  const { privateKey } = ensureKeyPair(join(root, "one"), "one");
  writeFileSync(join(root, "copy"), privateKey);
  writeFileSync(join(root, "Pulumi.dev.yaml"), "config:\n  windlass:sshKeyFile: one\n");
  writeFileSync(join(root, "Pulumi.broken.yaml"), "config: [\n");
  const prod = declare({ cloud: "digitalocean", sshKeyFile: "copy" }, "prod");
  await expect(deploy(prod, { calls })).rejects.toThrow(/the stacks prod and dev share it/);
  ensureKeyPair(join(root, "two"), "two");
  await deploy(declare({ cloud: "digitalocean", sshKeyFile: "two" }, "prod"), { calls });
});

const stop: Marker = {
  ...{ kind: "stopped", operation: "op", strategy: "snapshot", image: "77", size: "gpu-h100x1-80gb" },
  at: new Date(0),
};
const types = (resources: Registered[]) => resources.map(({ type }) => type.split(":").at(-1));

test("a stopped node is not declared, its volume and network are; an expired one has no volume either", async () => {
  const stopped = await deploy(declare({ reservedIp: "true" }), { calls: remembering(stop) });
  expect(types(stopped.resources)).toEqual(expect.arrayContaining(["Volume", "Firewall", "Vpc", "ReservedIp"]));
  expect(types(stopped.resources)).not.toEqual(expect.arrayContaining(["Droplet"]));
  expect(types(stopped.resources)).not.toEqual(expect.arrayContaining(["VolumeAttachment"]));
  const expired = await deploy(declare({}), {
    calls: remembering(stop, { kind: "expired", operation: "op", snapshot: "s-1", at: new Date(0) }),
  });
  expect(types(expired.resources)).not.toContain("Volume");
  expect(types(expired.resources)).toContain("Firewall");
});

test("a node that is being resumed comes from the stop's image with the size that was found", async () => {
  const resuming: Marker = { kind: "resuming", operation: "op", image: "77", size: "gpu-l40sx1-48gb" };
  const { resources } = await deploy(declare({ reservedIp: "true" }), { calls: remembering(stop, resuming) });
  const droplet = resources.find(({ type }) => type.endsWith(":Droplet"));
  expect(droplet?.inputs).toMatchObject({ image: "77", size: "gpu-l40sx1-48gb" });
  expect(types(resources)).toContain("ReservedIpAssignment");
});
