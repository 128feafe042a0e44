import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generateKeyPair } from "../../clients/ssh/key.ts";
import type { Cloud } from "../../local/cloud/server.ts";
import { judged, violationsIn } from "../policy/runs.ts";
import { type Declared, emptyCloud, objects, type Project, throwAwayProject } from "./harness.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let cloud: Cloud;
let project: Project;
beforeEach(async () => {
  cloud = await emptyCloud();
  project = throwAwayProject(cloud);
});
afterEach(async () => {
  project.remove();
  await cloud.close();
});

const net: Declared = { name: "net", type: "digitalocean:Vpc", args: { region: "nyc3", ipRange: "10.20.0.0/24" } };
const wall = (...sourceAddresses: string[]): Declared => ({
  name: "wall",
  type: "digitalocean:Firewall",
  args: { name: "wall", inboundRules: [{ protocol: "tcp", portRange: "22", sourceAddresses }] },
  options: { dependsOn: ["net"] },
});
const OPEN = wall("0.0.0.0/0");
const key: Declared = {
  name: "key",
  type: "digitalocean:SshKey",
  args: { publicKey: generateKeyPair().public },
};

/** Requests that change something. */
async function changes(): Promise<string[]> {
  const requests = (await (await fetch(`${cloud.url}/_windlass/requests`)).json()) as {
    method: string;
    path: string;
  }[];
  return requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
}

/** A pack of its own whose rules are given as source. */
function packOf(rules: string): string {
  const folder = join(project.dir, "pack");
  mkdirSync(folder);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  const description = { name: "own", version: "0.1.0", type: "module", main: "index.ts" };
  writeFileSync(join(folder, "package.json"), JSON.stringify(description));
  writeFileSync(
    join(folder, "index.ts"),
    `import { writeFileSync } from "node:fs";
import { PolicyPack } from "@pulumi/policy";
import { z } from "zod";
import { policiesOf } from ${JSON.stringify(join(ROOT, "policy/pack.ts"))};
const about = { title: "t", reason: "r", fix: "f", severity: "high", settings: z.object({ most: z.number().default(1) }) };
const keep = (name: string, value: unknown) => writeFileSync(${JSON.stringify(project.dir)} + "/" + name, JSON.stringify(value));
new PolicyPack("own", { policies: policiesOf(${rules}) });
`,
  );
  return folder;
}

function kept(name: string) {
  return JSON.parse(readFileSync(join(project.dir, name), "utf8"));
}

const none = (pack: string) => ["--policy-pack", pack];

test("an update stops a resource that breaks a rule before it is made; what was made before stays", async () => {
  const machine = (size: string): Declared => ({
    name: "machine",
    type: "digitalocean:Droplet",
    args: {
      image: "ubuntu-24-04-x64",
      region: "nyc3",
      size,
      vpcUuid: { $ref: "net.id" },
      publicNetworking: false,
      sshKeys: [{ $ref: "key.fingerprint" }],
    },
  });
  const update = () => project.up(...judged(project, { "node-price-ceiling": { maxHourlyUsd: 0.01 } }));
  project.declare(net, key, machine("s-8vcpu-16gb"));
  const refused = await update();
  expect(refused.code).not.toBe(0);
  expect(violationsIn(refused).map(({ policy, resource }) => [policy, resource])).toEqual([
    ["node-price-ceiling", "machine"],
  ]);
  expect((await changes()).sort()).toEqual(["POST /v2/account/keys", "POST /v2/vpcs"]);

  project.declare(net, key, machine("s-1vcpu-1gb"));
  const passed = await update();
  expect([passed.code, passed.ops], passed.text).toMatchObject([0, { net: "same", key: "same", machine: "create" }]);
});

test("a level, settings and an exemption of the settings hold, and what an exemption lets pass is told", async () => {
  project.declare(net, OPEN);
  const advisory = await project.preview(...judged(project, { "ssh-open": { level: "advisory" } }));
  expect(advisory.code).toBe(0);
  expect(violationsIn(advisory)).toMatchObject([{ policy: "ssh-open", level: "advisory", resource: "wall" }]);

  const why = "until the VPN is there";
  const exempt = (until: string) => ({ "ssh-open": { exemptions: [{ resource: "wa*", why, until }] } });
  const passed = await project.preview(...judged(project, exempt("2999-01-31")));
  expect(passed.code).toBe(0);
  expect(violationsIn(passed)).toMatchObject([{ policy: "exemptions", level: "advisory", resource: "wall" }]);
  expect(violationsIn(passed)[0]?.message).toContain(`ssh-open, until 2999-01-31, because "${why}": `);

  const ended = await project.preview(...judged(project, exempt("2020-01-31")));
  expect(ended.code).not.toBe(0);
  const [violation] = violationsIn(ended).filter(({ policy }) => policy === "ssh-open");
  expect(violation?.message).toContain("an exemption from this ended on 2020-01-31");
  expect(await changes()).toEqual([]);
});

test("settings of a wrong type or name refuse, whatever the program", async () => {
  project.declare(net);
  const run = (policies: object) => project.preview(...judged(project, policies as never));
  const wrongType = await run({ "ssh-open": { exemptions: "wall" } });
  expect([wrongType.code === 0, wrongType.text]).toEqual([
    false,
    expect.stringContaining("ssh-open: exemptions: Invalid type"),
  ]);
  const misspelt = await run({ "ssh-open": { exemption: [] } });
  expect(misspelt.code).not.toBe(0);
  expect(violationsIn(misspelt)[0]).toMatchObject({
    policy: "ssh-open",
    level: "mandatory",
    message: expect.stringContaining('the settings of ssh-open are wrong: Unrecognized key: "exemption"'),
  });
  const nobody = await run({ "ssh-opne": { ports: [22] } });
  expect(nobody.code).not.toBe(0);
});

test("a rule sees what is declared, what is unknown as unknown, and what things hang on", async () => {
  const pack = packOf(`[
    { ...about, id: "each", types: ["droplet"], judge: (resource) => { keep("each.json", resource); return []; } },
    { ...about, id: "whole", judgeStack: (all) => { keep("whole.json", all.find(({ name }) => name === "web")); return []; } },
  ]`);
  const userData = "#!/bin/sh\necho hello\n";
  const size = { $ref: "net.id" };
  const args = {
    image: "ubuntu-24-04-x64",
    region: { $secret: "nyc3" },
    size,
    userData,
    tags: ["a", { $ref: "net.id" }],
  };
  project.declare(net, { name: "web", type: "digitalocean:Droplet", args, options: { protect: true } });
  const outcome = await project.preview(...none(pack));
  expect([outcome.code, violationsIn(outcome)]).toEqual([0, []]);

  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const inputs = { region: "nyc3", size: unknown, userData, tags: ["a", unknown] };
  const parent = "urn:pulumi:test::throw-away::pulumi:pulumi:Stack::throw-away-test";
  expect(kept("each.json")).toMatchObject({ name: "web", custom: true, protect: true, parent, inputs });
  const whole = kept("whole.json");
  expect(whole).toMatchObject({ name: "web", custom: true, protect: true, parent, inputs });
  expect(whole.propertyDependencies.size).toEqual(["urn:pulumi:test::throw-away::digitalocean:index/vpc:Vpc::net"]);
  expect(whole.outputs).toMatchObject({ region: "nyc3", size: unknown, ipv4Address: unknown });
  expect(whole.outputs.userData).not.toBe(userData);
});

test("rules that throw refuse, even those that only advise, and one that is broken hides no other", async () => {
  const pack = packOf(`[
    { ...about, id: "broken-each", level: "advisory", types: ["vpc"], judge: () => { throw new Error("no list of ranges"); } },
    { ...about, id: "broken-whole", level: "advisory", judgeStack: () => { throw new Error("no prices"); } },
    { ...about, id: "sound", judgeStack: () => [{ message: "a finding" }] },
  ]`);
  project.declare(net);
  const outcome = await project.preview(...none(pack));
  expect(outcome.code).not.toBe(0);
  const told = violationsIn(outcome).map(({ policy, level, message }) => [policy, level, message]);
  expect(told).toEqual([
    ["broken-each", "mandatory", "broken-each could not judge: no list of ranges"],
    ["broken-whole", "mandatory", "broken-whole could not judge: no prices"],
    ["sound", "mandatory", "a finding"],
  ]);
  const updated = await project.up(...none(pack));
  expect(updated.code).not.toBe(0);
  expect(await changes()).toEqual([]);
});

test("what the local cloud does not have can be previewed and judged, and is refused by an update", async () => {
  const balancer: Declared = {
    name: "front",
    type: "digitalocean:LoadBalancer",
    args: {
      region: "nyc3",
      vpcUuid: { $ref: "net.id" },
      redirectHttpToHttps: true,
      forwardingRules: [
        { entryPort: 443, entryProtocol: "https", targetPort: 80, targetProtocol: "http", certificateName: "c" },
      ],
    },
  };
  const record: Declared = {
    name: "www",
    type: "digitalocean:DnsRecord",
    args: { domain: "example.com", type: "A", name: "www", value: { $ref: "front.ip" } },
  };
  project.declare(net, balancer, record);
  const previewed = await project.preview();
  expect([previewed.code, previewed.ops]).toEqual([0, { net: "create", front: "create", www: "create" }]);
  const updated = await project.up();
  expect(updated.code).not.toBe(0);
  expect(updated.errors.join("\n")).toContain("the local cloud has no load balancers yet");
  expect((await objects(cloud)).vpcs?.some(({ name }) => String(name).startsWith("net"))).toBe(true);
});
