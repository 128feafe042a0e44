import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SETTINGS_FILE } from "../../runner/gate/settings.ts";
import { openNodeStack, previewAny, recoverNode, resumeNode, stopNode, up } from "../../runner/index.ts";
import { placeMarker } from "../../runner/lifecycle/markers.ts";
import { errorOf, type TestStack, testStack } from "../stack.ts";

let stack: TestStack;
beforeAll(async () => {
  stack = await testStack({ actionScale: 0.0005 });
});
afterAll(() => stack.remove());

const open = (more = {}) => openNodeStack({ ...stack.options, ...more });
const ceiling = (usd: number) =>
  writeFileSync(
    join(stack.root, SETTINGS_FILE),
    JSON.stringify({ policies: { "node-price-ceiling": { maxHourlyUsd: usd } } }),
  );

async function droplets(): Promise<number> {
  return ((await stack.objects()).droplets ?? []).length;
}

async function markers(): Promise<string[]> {
  return ((await stack.objects()).tags ?? [])
    .flatMap(({ name }) => /^windlass-(stopping|stopped|resuming):/.exec(String(name))?.[1] ?? [])
    .sort();
}

describe("a node of a stack whose policies refuse it", () => {
  test("our own stack passes the whole pack as it is", async () => {
    const { policy } = await up(stack.options);
    expect(policy).toBeUndefined();
  });

  test("is stopped all the same: what ends a bill is never refused", async () => {
    ceiling(1);
    expect((await errorOf(up(stack.options))).details.violations).toMatchObject([
      { policy: "node-price-ceiling", resource: "node" },
    ]);
    await stopNode(await open(), { strategy: "snapshot" });
    expect(await droplets()).toBe(0);
  });

  test("is not resumed, and stays stopped as it was", async () => {
    const error = await errorOf(resumeNode(await open()));
    expect(error).toMatchObject({ code: "PolicyViolation", exitCode: 3 });
    expect(await droplets()).toBe(0);
    expect(await markers()).toEqual(["stopped"]);
  });

  test("is not resumed by a recovery either, which ends the resume that was killed", async () => {
    const { cloud, owner } = await open();
    await placeMarker(cloud, owner, {
      kind: "resuming",
      operation: "0000000000abc",
      image: "gpu-h100x1-base",
      size: "gpu-h100x1-80gb",
    });
    expect(await recoverNode(await open())).toMatchObject({ unfinished: "resume", finished: true });
    expect(await droplets()).toBe(0);
    expect(await markers()).toEqual(["stopped"]);
  });

  test("is resumed with an override", async () => {
    const overrides = [{ policy: "node-price-ceiling", why: "the evaluation of Friday" }];
    expect(await resumeNode(await open({ overrides }))).toMatchObject({ outcome: "resumed" });
    expect(await droplets()).toBe(1);
  });
});

test("a project that is not ours is previewed with its changes, its cost and what policies say, and left as it was", async () => {
  const root = mkdtempSync(join(tmpdir(), "windlass-foreign-"));
  try {
    symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(root, "node_modules"));
    writeFileSync(join(root, "package.json"), JSON.stringify({ name: "shop", type: "module", main: "index.ts" }));
    writeFileSync(
      join(root, "Pulumi.yaml"),
      JSON.stringify({ name: "shop", main: "index.ts", runtime: { name: "nodejs", options: { typescript: false } } }),
    );
    const size = 'image: "debian-12-x64", region: "tor1", size: "s-2vcpu-2gb"';
    writeFileSync(
      join(root, "index.ts"),
      `import * as digitalocean from "@pulumi/digitalocean";\nnew digitalocean.Droplet("web", { ${size} });\n`,
    );
    const plan = await previewAny({ root, home: stack.home, cloud: "local" });
    expect(plan.changes).toMatchObject({ create: 2 });
    expect(plan.cost.monthly).toBeGreaterThan(10);
    const violations = plan.policy.violations.map(({ policy, resource }) => `${policy} ${resource}`);
    expect(violations).toContain("firewall-required web");
    expect(violations.filter((one) => one.startsWith("unjudged"))).toEqual([]);
    expect(existsSync(join(root, "Pulumi.dev.yaml"))).toBe(false);
    writeFileSync(join(root, SETTINGS_FILE), "policies:\n  allowed-regions: { regions: [ams3] }\n");
    const again = await previewAny({ root, home: stack.home, cloud: "local" });
    expect(again.policy.violations).toContainEqual(expect.objectContaining({ policy: "allowed-regions" }));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
