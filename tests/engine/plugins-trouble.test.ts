import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { generateKeyPair } from "../../clients/ssh/key.ts";
import type { Cloud } from "../../local/cloud/server.ts";
import { sdkVersion } from "../../local/plugins/versions.ts";
import { mendAttributes } from "../../runner/checkpoint.ts";
import { api, type Declared, emptyCloud, fault, objects, type Project, throwAwayProject } from "./harness.ts";

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

const web: Declared = {
  name: "web",
  type: "digitalocean:Droplet",
  args: { name: "web", image: "ubuntu-22-04-x64", region: "nyc3", size: "s-1vcpu-1gb", tags: ["x"] },
};
const data: Declared = { name: "data", type: "digitalocean:Volume", args: { name: "data", region: "nyc3", size: 10 } };
const gpu: Declared = {
  ...web,
  name: "gpu",
  args: { ...web.args, name: "gpu", region: "tor1", size: "gpu-h100x1-80gb", image: "gpu-h100x1-base" },
};
const net: Declared = { name: "net", type: "digitalocean:Vpc", args: { name: "net", region: "nyc3" } };
const key: Declared = {
  name: "key",
  type: "digitalocean:SshKey",
  args: { name: "key", publicKey: generateKeyPair().public },
};
const wall: Declared = {
  name: "wall",
  type: "digitalocean:Firewall",
  args: { name: "wall", inboundRules: [{ protocol: "tcp", portRange: "22", sourceAddresses: ["10.0.0.0/8"] }] },
};
const address: Declared = { name: "address", type: "digitalocean:ReservedIp", args: { region: "nyc3" } };

async function count(): Promise<Record<string, number>> {
  const now = await objects(cloud);
  const own: typeof now = { ...now, vpcs: now.vpcs!.filter((one) => !one.default) };
  const kinds = ["droplets", "volumes", "vpcs", "firewalls", "ssh_keys", "reserved_ips"] as const;
  return Object.fromEntries(kinds.map((kind) => [kind, own[kind]!.length]));
}

/** Resolves as soon as there are so many; never, when the cloud goes first. */
function whenDroplets(wanted: number): Promise<void> {
  return new Promise((resolve) => {
    const look = async (): Promise<void> => {
      const now = await objects(cloud).catch(() => undefined);
      if (!now) return;
      if ((now.droplets?.length ?? 0) >= wanted) resolve();
      else setTimeout(look, 20);
    };
    void look();
  });
}

const POSTS = "^/v2/(droplets|volumes|vpcs|firewalls|account/keys|reserved_ips)$";
const ONE_OF_EACH = { droplets: 2, volumes: 1, vpcs: 1, firewalls: 1, ssh_keys: 1, reserved_ips: 1 };

describe("creates happen once", () => {
  test.each([
    ["answered 500 after the change was made", { kind: "status-after-commit", status: 500 }],
    ["whose answer was lost", { kind: "drop-after-commit" }],
    ["answered 503 before anything happened", { kind: "status", status: 503 }],
    ["cut before anything happened", { kind: "drop" }],
    ["refused for too many requests", { kind: "status", status: 429, retryAfter: 0 }],
  ])("when they are %s", async (_what, rule) => {
    for (const path of POSTS.slice(6, -2).split("|")) {
      await fault(cloud, { method: "POST", path: `^/v2/${path}$`, times: path === "droplets" ? 2 : 1, ...rule });
    }
    project.declare(web, gpu, data, net, wall, key, address);
    const update = await project.up();
    expect(update.errors).toEqual([]);
    expect(await count()).toEqual(ONE_OF_EACH);
    expect((await project.up("--expect-no-changes")).code).toBe(0);
  });

  test("when the engine is killed in the middle: what it could not record is used by the next update", async () => {
    await fault(cloud, { method: "GET", path: "^/v2/droplets/\\d+$", kind: "delay", seconds: 30, times: 0 });
    project.declare(web, gpu, data);
    await project.preview();
    const killed = project.pulumi(["up", "--yes", "--skip-preview", "--non-interactive", "--json"], {
      started: (child) => void whenDroplets(2).then(() => child.kill("SIGKILL")),
    });
    expect((await killed).code).toBe(-1);
    await fetch(`${cloud.url}/_windlass/faults`, { method: "DELETE" });
    const ids = (await objects(cloud)).droplets!.map((one) => String(one.id)).sort();
    mendAttributes({ backend: `file://${join(project.dir, "state")}`, project: "throw-away", stack: "test" });
    await project.pulumi(["cancel", "--yes", "--non-interactive"]);
    const next = await project.up();
    expect(next.errors).toEqual([]);
    expect(next.text).toContain("an interrupted update had made it");
    expect([project.outputs("web").id, project.outputs("gpu").id].sort()).toEqual(ids);
    expect(await count()).toMatchObject({ droplets: 2, volumes: 1 });
  });

  test("a replacement without a change needs deleteBeforeReplace; without it nothing is lost", async () => {
    project.declare(web);
    await project.up();
    const { id } = project.outputs("web");
    const { urn } = project.state().resources.find((one) => one.urn.endsWith("::web"))!;
    const kept = await project.up("--replace", urn);
    expect(kept.errors).toEqual([]);
    expect(kept.text).toContain("was not replaced: under the same name it cannot be told from one");
    expect(project.outputs("web").id).toBe(id);
    expect((await objects(cloud)).droplets!.map((one) => String(one.id))).toEqual([id]);

    project.declare({ ...web, options: { deleteBeforeReplace: true } });
    const replaced = await project.up("--replace", urn);
    expect(replaced.errors).toEqual([]);
    expect(project.outputs("web").id).not.toBe(id);
    expect((await objects(cloud)).droplets!.map((one) => String(one.id))).toEqual([project.outputs("web").id]);
  });

  test("somebody else's network, firewall and key are refused, not taken over", async () => {
    const theirs = await api(cloud, "POST", "/v2/vpcs", { name: "net", region: "nyc3" });
    await api(cloud, "POST", "/v2/account/keys", { name: "theirs", public_key: key.args.publicKey });
    project.declare(net, key);
    // The first refusal would keep the other from being tried.
    const update = await project.up("--continue-on-error");
    expect(update.errors).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^creating VPC "net": POST \/v2\/vpcs: 4\d\d \(request "/),
        expect.stringMatching(/^creating SSH key "key": POST \/v2\/account\/keys: 4\d\d \(request "/),
      ]),
    );
    expect((await project.destroy()).code).toBe(0);
    expect((await api(cloud, "GET", `/v2/vpcs/${theirs.vpc.id}`)).vpc.name).toBe("net");
  });
});

describe("what goes wrong", () => {
  test("is said with the API's words: no capacity, a wrong token, a droplet that does not come up", async () => {
    await fault(cloud, { kind: "capacity", size: "gpu-h100x1-80gb" });
    project.declare(gpu);
    const [capacity] = (await project.up()).errors;
    expect(capacity).toMatch(/^creating droplet "gpu": POST \/v2\/droplets: 422 \(request ".*"\) .*not.*available/i);
    const wrong = throwAwayProject({ url: cloud.url, token: "wrong" });
    wrong.declare(data);
    expect((await wrong.up()).errors[0]).toMatch(/401 .*; check DIGITALOCEAN_TOKEN$/);
    wrong.remove();
  });

  test("leaves what exists in the state, and the next update goes on from there", async () => {
    await fault(cloud, { kind: "stuck-action", actionType: "create" });
    project.declare({ ...web, options: { customTimeouts: { create: "1s", update: "1s" } } });
    const stuck = await project.up();
    expect(stuck.errors[0]).toMatch(/creating droplet "web": droplet \d+ is still new.* after 1 s: gave up waiting/);
    const [recorded] = project.state().resources.filter((one) => one.urn.endsWith("::web"));
    expect(recorded).toMatchObject({
      id: expect.stringMatching(/^\d+$/),
      initErrors: [expect.stringContaining("gave up")],
    });
    await fetch(`${cloud.url}/_windlass/faults`, { method: "DELETE" });
    const next = await project.up();
    expect(next).toMatchObject({ errors: [], ops: { web: "update" } });
    expect(project.outputs("web")).toMatchObject({ id: recorded?.id, status: "active" });
    expect(await count()).toMatchObject({ droplets: 1 });
  });

  test("a cancelled update keeps what it has begun, and says so", async () => {
    await fault(cloud, { kind: "stuck-action", actionType: "create" });
    project.declare(web);
    await project.preview();
    const cancelled = await project.pulumi(["up", "--yes", "--skip-preview", "--non-interactive", "--json"], {
      started: (child) => void whenDroplets(1).then(() => child.kill("SIGINT")),
    });
    expect(cancelled.code).not.toBe(0);
    // It waits, or it asks at that moment.
    expect(cancelled.errors.join("\n")).toMatch(/creating droplet "web": (GET \S+: )?cancelled/);
    const { resources, pending } = project.state();
    const [recorded] = resources.filter((one) => one.urn.endsWith("::web"));
    expect([recorded?.id, pending]).toEqual([expect.stringMatching(/^\d+$/), []]);
    await fetch(`${cloud.url}/_windlass/faults`, { method: "DELETE" });
    expect(await project.up()).toMatchObject({ errors: [], ops: { web: "update" } });
    expect(project.outputs("web").id).toBe(recorded?.id);
  });

  test("an action that ends as errored fails the attachment; wrong inputs are named, all of them", async () => {
    await fault(cloud, { kind: "errored-action", actionType: "attach_volume" });
    const attached = {
      name: "attached",
      type: "digitalocean:VolumeAttachment",
      args: { dropletId: { $number: "web.id" }, volumeId: { $ref: "data.id" } },
    };
    project.declare(web, data, attached);
    expect((await project.up()).errors[0]).toMatch(
      /^creating volume attachment "attached": attach of volumes\/.* failed \(action \d+ ended as errored\)/,
    );
    project.declare({
      ...data,
      args: { name: "data", region: "nyc3", size: 0, initialFilesystemType: "ntfs", tags: ["a b"] },
    });
    const { errors } = await project.preview();
    expect(errors.join("\n")).toContain("expected size to be at least (1), got 0");
    expect(errors.join("\n")).toContain('expected initialFilesystemType to be one of ["ext4" "xfs"], got ntfs');
    expect(errors.join("\n")).toContain("tags may contain lowercase letters");
  });
});

test("what exists can be imported: by the option, and by the command", async () => {
  const made = await api(cloud, "POST", "/v2/volumes", {
    name: "data",
    region: "nyc3",
    size_gigabytes: 10,
    tags: ["old"],
  });
  const firewall = await api(cloud, "POST", "/v2/firewalls", {
    name: "wall",
    inbound_rules: [{ protocol: "tcp", ports: "22", sources: { addresses: ["10.0.0.0/8"] } }],
  });
  const reused = { ...data, args: { ...data.args, size: 20, tags: ["new"] }, options: { import: made.volume.id } };
  project.declare(reused);
  const update = await project.up();
  expect(update.errors).toEqual([]);
  expect((await objects(cloud)).volumes).toMatchObject([{ id: made.volume.id, size_gigabytes: 20, tags: ["new"] }]);
  expect((await project.up("--expect-no-changes")).code).toBe(0);
  const type = "digitalocean:index/firewall:Firewall";
  const imported = await project.pulumi([
    "import",
    type,
    "wall",
    firewall.firewall.id,
    "--yes",
    "--generate-code=false",
    "--protect=false",
    "--non-interactive",
  ]);
  expect(imported.text).not.toMatch(/error/i);
  project.declare(reused, wall);
  expect((await project.up("--expect-no-changes")).code).toBe(0);
  const missing = { ...web, options: { import: "1" } };
  project.declare(reused, wall, missing);
  expect((await project.up()).errors[0]).toContain("resource '1' does not exist");
});

test("an engine can attach to a plugin that runs already", async () => {
  const { digitalOceanPlugin } = await import("../../local/plugins/digitalocean/provider.ts");
  const { servePlugin } = await import("../../local/plugins/engine/server.ts");
  const server = await servePlugin(digitalOceanPlugin(sdkVersion("digitalocean")));
  const attached = throwAwayProject(cloud, {
    PULUMI_DEBUG_PROVIDERS: `digitalocean:${server.port}`,
    DIGITALOCEAN_TOKEN: "",
  });
  const provider: Declared = {
    name: "own",
    type: "digitalocean:Provider",
    args: { token: cloud.token, apiEndpoint: cloud.url },
  };
  attached.declare(provider, { ...data, options: { provider: "own" } });
  expect((await attached.up()).errors).toEqual([]);
  expect(await count()).toMatchObject({ volumes: 1 });
  expect(attached.state().text).not.toContain(cloud.token);
  expect((await attached.destroy()).errors).toEqual([]);
  attached.remove();
  server.close();
});

test("secrets are encrypted in the state, and nothing tells them", async () => {
  const secret = "correct horse battery";
  project.declare(
    { ...web, args: { ...web.args, userData: { $secret: `#!/bin/sh # ${secret}` } } },
    {
      name: "told",
      type: "command:local.Command",
      args: {
        create: 'echo "the word is $WORD"; echo shown',
        environment: { WORD: { $secret: secret }, OPEN: "open" },
      },
    },
  );
  const update = await project.up();
  expect(update.errors).toEqual([]);
  const { text } = project.state();
  expect(text).not.toContain(`# ${secret}`);
  expect(JSON.stringify(project.outputs("told").environment)).not.toContain(secret);
  expect(project.outputs("told")).toMatchObject({ environment: { OPEN: "open" } });
  const lines = update.text.split("\n").filter((line) => line.includes("the word is"));
  expect(lines.join("\n")).toContain("the word is [secret]");
});

test("commands run when they should, in the order of the program", async () => {
  const log = join(project.dir, "work", "log");
  mkdirSync(join(project.dir, "work"));
  const dir = join(project.dir, "work");
  const one = (create: string, more: Record<string, unknown> = {}): Declared => ({
    name: "one",
    type: "command:local.Command",
    args: { dir, create: `echo ${create} | tee -a log`, delete: "echo gone >> log", triggers: [1], ...more },
  });
  const two: Declared = {
    name: "two",
    type: "command:local.Command",
    args: { dir, create: "cat >> log; echo >> log", stdin: { $ref: "one.stdout" } },
    options: { dependsOn: ["one"] },
  };
  project.declare(one("made"), two);
  const plan = await project.preview();
  expect(plan).toMatchObject({ errors: [], ops: { one: "create", two: "create" } });
  await project.up();
  expect((await project.up("--expect-no-changes")).code).toBe(0);
  project.declare(one("changed"), two);
  expect((await project.up()).ops).toMatchObject({ one: "update", two: "update" });
  project.declare(one("changed", { triggers: [2] }), two);
  expect((await project.up()).ops).toMatchObject({ one: "replace" });
  await project.destroy();
  expect(readFileSync(log, "utf8").split("\n").filter(Boolean)).toEqual([
    "made",
    "made",
    "changed",
    "changed",
    "changed",
    "gone",
    "gone",
  ]);
  writeFileSync(log, "");
});
