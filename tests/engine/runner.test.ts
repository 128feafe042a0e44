import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provisionResultSchema } from "../../domain/provision-result.ts";
import { api, objects } from "./harness.ts";
import { type RunnerProject, runnerProject } from "./runner-project.ts";

let project: RunnerProject;
beforeAll(() => {
  project = runnerProject();
});
afterAll(() => project.remove());

/** Droplets, volumes and so on that exist now, by kind. */
async function counts(): Promise<Record<string, number>> {
  const all = await objects(project.cloud());
  return Object.fromEntries(Object.entries(all).map(([kind, list]) => [kind, list.length]));
}

describe("the life of a stack", () => {
  test("without a terminal and without --yes nothing is done: exit code 2, and the flag is named", async () => {
    const { code, stderr } = await project.windlass("up");
    expect(code).toBe(2);
    expect(stderr).toContain("--yes");
    expect(existsSync(join(project.home, "state"))).toBe(false);
  });

  test("preview starts the local cloud, changes nothing, and tells the cost", async () => {
    const plan = await project.json(["preview"]);
    expect(Object.keys(plan)).toEqual(["stack", "changes", "cost", "policy"]);
    expect(plan.changes.create).toBeGreaterThan(5);
    expect(plan.policy).toEqual({ violations: [] });
    expect(plan.cost).toMatchObject({ currency: "USD", previousMonthly: 0, unpriced: [] });
    expect(plan.cost.monthly).toBeCloseTo(plan.cost.diffMonthly);
    expect(plan.cost.monthly).toBeGreaterThan(2000);
    expect(await counts()).toMatchObject({ droplets: 0, volumes: 0 });
  });

  test("up makes it and prints the Droplet Provision Result", async () => {
    const result = await project.json(["up", "--yes"]);
    expect(Object.keys(result)).toEqual(["stack", "changes", "nodes", "cost", "outputs"]);
    expect(Object.keys(result.changes)).toEqual(["create", "update", "replace", "delete", "same"]);
    const [node] = result.nodes;
    expect(provisionResultSchema.parse(node)).toEqual(node);
    const { droplets, volumes } = await objects(project.cloud());
    expect(node.droplet_id).toBe(droplets?.[0]?.id);
    expect(node.volumes[0].id).toBe(volumes?.[0]?.id);
    expect(result.outputs.node.dropletId).toBe(node.droplet_id);
  });

  test("the key that was made is for its owner alone, the stack file is as it was", () => {
    expect(statSync(join(project.home, "keys", "dev")).mode & 0o777).toBe(0o600);
    expect(statSync(join(project.home, "passphrase")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(project.root, "Pulumi.dev.yaml"), "utf8")).not.toContain("encryptionsalt");
  });

  test("up again changes nothing", async () => {
    const before = await counts();
    const { changes } = await project.json(["up", "--yes"]);
    expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    expect(await counts()).toEqual(before);
  });

  test("status tells the node as the cloud sees it", async () => {
    const status = await project.json(["status"]);
    expect(status).toMatchObject({ stack: "dev", cloud: "local", state: "up", drift: "not checked" });
    expect(status.nodes[0]).toMatchObject({ status: "active", size: "gpu-h100x1-80gb", region: "tor1" });
    expect(status.cost.monthly).toBeGreaterThan(2000);
    expect(status.lastUpdate).toMatchObject({ kind: "update", result: "succeeded" });
    expect(status.localCloud.running).toBe(true);
  });

  test("what was changed outside is found by refresh and put right by up", async () => {
    const [droplet] = (await objects(project.cloud())).droplets ?? [];
    await api(project.cloud(), "POST", `/v2/droplets/${droplet?.id}/actions`, { type: "rename", name: "someone-else" });
    const looked = await project.json(["refresh", "--dry-run"]);
    expect(looked.drift).toMatchObject([{ name: "node", change: "update" }]);
    const { drift } = await project.json(["refresh"]);
    expect(drift).toMatchObject([{ name: "node", change: "update" }]);
    expect((await project.json(["up", "--yes"])).changes).toMatchObject({ create: 0, update: 1 });
    expect((await objects(project.cloud())).droplets?.[0]?.name).toBe("finance-smollm3-gpu-train-001");
  });

  test("the exports of env make a plain pulumi work on the same state", async () => {
    const { stdout } = await project.windlass("env");
    expect(stdout).toMatch(/^export PULUMI_HOME='/m);
    const { execFileSync } = await import("node:child_process");
    const script = `eval "$ENV"; pulumi preview --stack dev --non-interactive --expect-no-changes`;
    const text = execFileSync("sh", ["-c", script], {
      cwd: project.root,
      env: { ...process.env, ENV: stdout },
      encoding: "utf8",
    });
    expect(text).toContain("unchanged");
    project.configure({});
  });

  test("down shows what goes and what stays, and keeps the volume", async () => {
    const plan = await project.json(["down", "--dry-run"]);
    expect(plan.keeps).toMatchObject([{ name: "finance-smollm3-data", sizeGiB: 10, monthlyUsd: 1 }]);
    const { kept } = await project.json(["down", "--yes"]);
    const left = await objects(project.cloud());
    expect(left.volumes?.map(({ id }) => id)).toEqual([kept[0].id]);
    expect(left.droplets).toEqual([]);
    expect(left.firewalls).toEqual([]);
    expect(project.state().resources).toEqual([]);
    expect(await project.json(["status"])).toMatchObject({ state: "empty", nodes: [] });
  });

  test("up finds the volume by its name again", async () => {
    const [volume] = (await objects(project.cloud())).volumes ?? [];
    const { nodes, changes } = await project.json(["up", "--yes"]);
    expect(nodes[0].volumes[0].id).toBe(volume?.id);
    expect(changes.import).toBe(1);
  });

  test("volumes are deleted only when their names are given", async () => {
    const refused = await project.json(["down", "--yes", "--remove-volumes"], 2);
    expect(refused.error).toBe("UsageError");
    expect(refused.details.suggestion).toContain("--confirm finance-smollm3-data");
    expect((await counts()).droplets).toBe(1);
    await project.json(["down", "--yes", "--remove-volumes", "--confirm", "finance-smollm3-data"]);
    expect(await counts()).toMatchObject({ droplets: 0, volumes: 0, firewalls: 0, ssh_keys: 0 });
  });

  test("what is gone from the cloud is noticed and made again, by one up", async () => {
    const before = await project.json(["up", "--yes"]);
    await project.json(["local", "reset", "--yes"]);
    const plan = await project.json(["preview"]);
    expect(plan.changes.create).toBeGreaterThan(3);
    const { stderr } = await project.windlass("up", "--yes");
    expect(stderr).toContain(`node (${before.nodes[0].droplet_id}) is gone from the cloud`);
    expect(await counts()).toMatchObject({ droplets: 1, volumes: 1, firewalls: 1 });
    expect((await project.json(["up", "--yes"])).changes).toMatchObject({ create: 0, update: 0, delete: 0 });
  });

  test("down of what is gone from the cloud ends well", async () => {
    await project.json(["local", "reset", "--yes"]);
    await project.json(["down", "--yes"]);
    expect(project.state().resources).toEqual([]);
  });

  test("two commands that both need the local cloud start one", async () => {
    await project.json(["local", "stop"]);
    const answers = await Promise.all([project.json(["local", "start"]), project.json(["local", "start"])]);
    expect(answers[0].pid).toBe(answers[1].pid);
    expect(Object.keys(answers[0])).toEqual(["url", "token", "pid", "backend"]);
  });

  test("down of an empty stack is nothing to do", async () => {
    expect(await project.json(["down", "--yes"])).toMatchObject({ removed: [], kept: [] });
  });
});
