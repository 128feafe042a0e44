import { existsSync, readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { follow } from "../../local/cloud/backends/docker/engine.ts";
import { tar } from "../../local/plugins/docker/tar.ts";
import { type MaintenanceOptions, maintain, maintenanceFile } from "../../runner/maintenance/maintain.ts";
import { until } from "./backend-fixture.ts";
import { BUSYBOX, makeBusyboxImage, removeEverything } from "./docker-fixture.ts";
import { type OwnEngine, ownEngine } from "./own-engine.ts";
import { type TestProject, testProject } from "./services-fixture.ts";

/** On an engine of its own: what it cleans up would be other tests' too. */
let engine: OwnEngine;
let shop: TestProject;
beforeAll(async () => {
  await makeBusyboxImage();
  engine = await ownEngine();
  await engine.load(BUSYBOX);
  shop = testProject("maintenance", engine);
  shop.write(`
services:
  noisy: { image: "${BUSYBOX}", init: true, command: [sh, -c, "busybox seq 200000; while true; do echo more; sleep 0.2; done"] }
  sick:
    image: ${BUSYBOX}
    init: true
    command: [sleep, "1000"]
    healthcheck: { test: [CMD, test, "!", -f, /sick], interval: 1s, retries: 1 }
  small: { image: "${BUSYBOX}", init: true, command: [sh, -c, "busybox ln -s busybox /bin/df; sleep 1000"], volumes: ["small:/data"] }
volumes: { small: { driver_opts: { type: tmpfs, device: tmpfs, o: "size=1m" } } }
`);
  await shop.up();
});
afterAll(async () => {
  await shop?.remove();
  await engine?.remove();
  await removeEverything();
});

const run = (options: Partial<MaintenanceOptions> = {}) =>
  maintain({ list: "daily", home: shop.home, minAgeMs: 1, logBytes: 500_000, ...options });
const kinds = ({ cleaned }: Awaited<ReturnType<typeof run>>) => [...new Set(cleaned.map(({ kind }) => kind))].sort();

test("daily: a large log is packed and begun anew, what is not well and what is full is told", async () => {
  await shop.exec("sick", "touch", "/sick");
  await shop.exec("small", "sh", "-c", "busybox head -c 1000000 /dev/zero > /data/file");
  await until(async () =>
    (await shop.container("sick").inspect()).State.Health?.Status === "unhealthy" ? true : undefined,
  );
  const { LogPath } = await shop.container("noisy").inspect();
  await until(() => (readFileSync(LogPath, "utf8").includes("more") ? true : undefined));
  const before = statSync(LogPath).size;

  const dry = await run({ dryRun: true });
  expect(dry.cleaned).toMatchObject([{ kind: "logs", name: `${shop.name}-noisy-1` }]);
  expect(statSync(LogPath).size).toBeGreaterThanOrEqual(before);
  expect(existsSync(maintenanceFile(shop.home))).toBe(false);

  const result = await run();
  expect(result.tasks.map(({ task, outcome }) => [task, outcome])).toEqual([
    ["health report", "done"],
    ["log rotation", "done"],
    ["disk check", "done"],
  ]);
  expect(result.services).toMatchObject([{ service: "sick", state: "running (unhealthy)" }]);
  const full = result.disks.find(({ where }) => where === "small:/data");
  expect(full?.usedPercent).toBeGreaterThan(90);
  expect(result.problems).toEqual(
    expect.arrayContaining([
      `${shop.name}-sick-1 is running (unhealthy)`,
      `small:/data is ${full?.usedPercent} % full: windlass runbook disk-full`,
    ]),
  );
  expect(statSync(LogPath).size).toBeLessThan(100_000);
  expect(gunzipSync(readFileSync(`${LogPath}.before.gz`)).toString()).toContain('"log":"199999\\n"');
  await until(() => (readFileSync(LogPath, "utf8").includes("more") ? true : undefined));
  expect((await run()).cleaned).toEqual([]);
  expect(readFileSync(maintenanceFile(shop.home), "utf8").trim().split("\n")).toHaveLength(2);
});

test("weekly: nameless images and build cache go; volumes, containers, named and young images stay", async () => {
  const { docker } = engine;
  await docker.createVolume({ Name: "nobody-uses-it" });
  const imported = await docker.importImage(tar([{ path: "x", kind: "file", content: Buffer.from("x") }]) as never, {});
  await follow(docker, imported, () => {});
  const context = tar([
    { path: "Dockerfile", kind: "file", content: Buffer.from(`FROM ${BUSYBOX}\nRUN echo built > /built\n`) },
  ]);
  const built = await docker.buildImage(context as never, { version: "2", t: "built-here:1", networkmode: "none" });
  await follow(docker, built, () => {});
  const cache = async () => ((await docker.df()) as { BuildCache: unknown[] | null }).BuildCache ?? [];
  const nameless = async () => (await docker.listImages({ filters: { dangling: ["true"] } })).length;
  expect([(await cache()).length > 0, await nameless()]).toEqual([true, 1]);

  expect(kinds(await run({ list: "weekly", minAgeMs: 86_400_000 }))).toEqual([]);
  const dry = await run({ list: "weekly", dryRun: true });
  expect(kinds(dry)).toEqual(["build-cache", "dangling-images"]);
  expect([(await cache()).length > 0, await nameless()]).toEqual([true, 1]);

  const result = await run({ list: "weekly" });
  expect(result.tasks.at(-1)).toMatchObject({ task: "clean-up", outcome: "done" });
  expect(kinds(result)).toEqual(["build-cache", "dangling-images"]);
  expect(await nameless()).toBe(0);
  const left = (await cache()) as { InUse: boolean; Shared: boolean }[];
  expect(left.filter(({ InUse, Shared }) => !InUse && !Shared)).toEqual([]);
  const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  expect(tags.sort()).toEqual([BUSYBOX, "built-here:1"].sort());
  const volumes = (await docker.listVolumes()).Volumes.map(({ Name }) => Name).sort();
  expect(volumes).toEqual([`${shop.name}_small`, "nobody-uses-it"].sort());
  expect(await docker.listContainers({ all: true })).toHaveLength(3);
});

test("an engine that is gone: every task says so, and none is done in silence", async () => {
  await engine.kill();
  const result = await run({ list: "weekly" });
  expect(result.tasks.map(({ outcome }) => outcome)).toEqual(["failed", "done", "failed", "failed"]);
  expect(result.problems[0]).toMatch(/health report on unix:.*does not answer/);
  await engine.start();
});
