import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCloud } from "../../runner/cloud.ts";
import { down, preview, resolveTarget, up } from "../../runner/index.ts";
import { counts, errorOf, ONE_OF_EACH, type TestStack, testStack } from "../stack.ts";

/** The procedures of docs/disaster-recovery.md that need no machines. */
let stack: TestStack;
beforeEach(async () => {
  stack = await testStack({ actionScale: 0 });
  await up(stack.options);
});
afterEach(() => stack?.remove());

test("another region: a new node and an empty volume there; the old volume stays where it is", async () => {
  const cloud = await openCloud(resolveTarget(stack.options));
  const [old] = await cloud.volumes();
  await down(stack.options);
  stack.configure({ gpuRegion: "nyc2", volumeName: "finance-smollm3-data-2" });
  await up(stack.options);
  const [droplet, ...more] = await cloud.droplets();
  expect(more).toEqual([]);
  expect(droplet?.region.slug).toBe("nyc2");
  const volumes = await cloud.volumes();
  expect(volumes.map(({ region }) => region.slug).sort()).toEqual(["nyc2", "tor1"]);
  expect(droplet?.volume_ids).not.toContain(old?.id);
  expect((await preview(stack.options)).changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
});

test("a lost state: up doubles nothing; after what is in its way is gone, it takes the volume up", async () => {
  const cloud = await openCloud(resolveTarget(stack.options));
  const [volume] = await cloud.volumes();
  rmSync(join(stack.home, "state"), { recursive: true });
  expect((await errorOf(up(stack.options))).toJSON()).toMatchObject({ error: "ProvisionFailed" });
  expect(await counts(stack)).toEqual(ONE_OF_EACH);
  for (const { id } of await cloud.droplets()) await cloud.deleteDroplet(id);
  for (const { id } of await cloud.firewalls()) await cloud.deleteFirewall(id);
  for (const { id } of await cloud.sshKeys()) await cloud.deleteSshKey(id);
  for (const vpc of await cloud.vpcs()) if (!vpc.default) await removeVpc(vpc.id);
  await up(stack.options);
  expect(await counts(stack)).toEqual(ONE_OF_EACH);
  expect((await cloud.droplets())[0]?.volume_ids).toEqual([volume?.id]);
});

async function removeVpc(id: string): Promise<void> {
  const { url, token } = JSON.parse(readFileSync(join(stack.home, "cloud/cloud.json"), "utf8")) as Record<
    string,
    string
  >;
  const answer = await fetch(`${url}/v2/vpcs/${id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(204);
}
