import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cloud } from "../../local/cloud/server.ts";
import { packPolicies } from "../../tools/policy-package.ts";
import { judged, violationsIn } from "../policy/runs.ts";
import { type Declared, emptyCloud, type Project, throwAwayProject } from "./harness.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let cloud: Cloud;
let project: Project;
let pack: string;
beforeAll(async () => {
  cloud = await emptyCloud();
  project = throwAwayProject(cloud);
  const modules = join(project.dir, "tools", "node_modules");
  mkdirSync(modules, { recursive: true });
  execFileSync("tar", ["xzf", await packPolicies(project.dir), "-C", modules]);
  pack = join(modules, "windlass-policy");
  renameSync(join(modules, "package"), pack);
  symlinkSync(join(ROOT, "node_modules", "@pulumi"), join(modules, "@pulumi"));
});
afterAll(async () => {
  project.remove();
  await cloud.close();
});

test("the tarball is complete: code, prices, how to use it, licenses", () => {
  expect(readdirSync(pack).sort()).toEqual([
    "PulumiPolicy.yaml",
    "README.md",
    "THIRD-PARTY-LICENSES",
    "index.js",
    "package.json",
    "prices.yaml",
    "sizes.yaml",
  ]);
});

test("the unpacked tarball judges a plain program elsewhere, with prices and settings", async () => {
  const wall = (...sourceAddresses: string[]): Declared => ({
    name: "wall",
    type: "digitalocean:Firewall",
    args: { tags: ["web"], inboundRules: [{ protocol: "tcp", portRange: "22", sourceAddresses }] },
  });
  const web = (size: string): Declared => ({
    name: "web",
    type: "digitalocean:Droplet",
    args: {
      image: "ubuntu-24-04-x64",
      region: "nyc3",
      size,
      tags: ["web"],
      sshKeys: ["3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"],
    },
  });
  const run = () => project.preview(...judged(project, { "monthly-budget": { maxMonthlyUsd: 20 } }, pack));

  project.declare(wall("0.0.0.0/0"), web("s-2vcpu-4gb"));
  const refused = await run();
  expect(refused.code).not.toBe(0);
  const policies = violationsIn(refused).map(({ policy }) => policy);
  expect(policies.sort()).toEqual(["monthly-budget", "ssh-open"]);

  project.declare(wall("192.0.2.7"), web("s-1vcpu-1gb"));
  const passed = await run();
  expect([passed.code, violationsIn(passed)], passed.text).toEqual([0, []]);
});
