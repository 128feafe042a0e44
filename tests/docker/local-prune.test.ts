import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeCloudAt } from "../../local/cloud/backends/docker/clouds.ts";
import { namesOf } from "../../local/cloud/backends/docker/names.ts";
import { Networks } from "../../local/cloud/backends/docker/networks.ts";
import { belongings } from "./backend-fixture.ts";
import { docker, freeRange } from "./docker-fixture.ts";

const run = promisify(execFile);
let parent: string;
let folder: string;
let range: string;

/** What is left of a cloud with a VPC and a disk. */
beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), "windlass-prune-"));
  folder = join(parent, "cloud");
  mkdirSync(folder);
  range = await freeRange();
  const names = namesOf(folder);
  await new Networks(docker, names).ensureVpc("one", range);
  await docker.createVolume({ Name: names.nestedDocker(1), Labels: names.labels });
});
afterEach(async () => {
  await removeCloudAt(docker, folder);
  rmSync(parent, { recursive: true, force: true });
});

async function prune(...flags: string[]): Promise<{ stdout: string; stderr: string; code?: number }> {
  return run(process.execPath, ["runner/cli/main.ts", "local", "prune", folder, ...flags]).catch((error) => error);
}

const besides = () => new Networks(docker, namesOf(join(parent, "other")));
const left = () => belongings(namesOf(folder).cloud);

test("a range that a cloud holds whose folder is gone is refused with the command that frees it", async () => {
  await expect(besides().ensureVpc("two", range)).rejects.toThrow(`of the local cloud in ${folder})`);
  rmSync(folder, { recursive: true });
  const refused = `left by a local cloud whose folder ${folder} is gone: windlass local prune removes it`;
  await expect(besides().ensureVpc("two", range)).rejects.toThrow(refused);
  expect((await besides().foreign()).map(({ by }) => by)).toContainEqual(expect.stringContaining(refused));

  const names = namesOf(folder);
  const shown = JSON.parse((await prune("--dry-run", "--json")).stdout);
  const found = { containers: [], networks: [names.vpcNetwork("one")], volumes: [names.nestedDocker(1)], images: [] };
  expect(shown).toEqual({ wouldRemove: [{ folder, ...found }] });
  const unconfirmed = await prune();
  expect(unconfirmed).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
  expect(await left()).toHaveLength(2);

  expect((await prune("--yes")).stdout).toContain(`Nothing is left of the local cloud in ${folder}.`);
  expect(await left()).toEqual([]);
  await besides().ensureVpc("two", range);
  await removeCloudAt(docker, join(parent, "other"));
});

test("a cloud whose folder is there is never touched", async () => {
  expect(JSON.parse((await prune("--yes", "--json")).stdout)).toEqual({ removed: [] });
  expect(await left()).toHaveLength(2);
});
