import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEngine } from "../../clients/docker/engine.ts";
import type { Backend } from "../../local/cloud/backend.ts";
import { createDockerBackend } from "../../local/cloud/backends/docker/backend.ts";
import { namesOf } from "../../local/cloud/backends/docker/names.ts";
import { type RunbookOptions, runRunbook } from "../../runner/runbooks/run.ts";
import { belongings, dropletSpec, keys, type Ssh, ssh, until } from "./backend-fixture.ts";
import { BUSYBOX, docker, freeRange, makeBusyboxImage, PREFIX, removeEverything } from "./docker-fixture.ts";

/** A droplet with a simulated GPU and an engine of its own; all that is done there goes over ssh. */
const PROJECT = `${PREFIX}-gpu`;
let folder: string;
let backend: Backend;
let on: Ssh;
let options: Pick<RunbookOptions, "host" | "sshOpts" | "stack" | "home">;

beforeAll(async () => {
  await makeBusyboxImage();
  folder = mkdtempSync(join(tmpdir(), "windlass-runbooks-gpu-"));
  backend = createDockerBackend({ dataDir: join(folder, "cloud"), log: () => {} });
  await backend.prepare(() => {});
  const { publicIp } = await backend.ensureDroplet(dropletSpec(1, { vpcRange: await freeRange() }));
  on = await ssh(publicIp);
  await on.run("cloud-init status --wait");
  const key = join(folder, "key");
  writeFileSync(key, keys.private, { mode: 0o600 });
  writeFileSync(join(folder, "known_hosts"), "");
  const words = [`UserKnownHostsFile=${join(folder, "known_hosts")}`, "StrictHostKeyChecking=accept-new"];
  const sshOpts = ["-i", key, ...words.flatMap((word) => ["-o", word])];
  options = { host: `ssh://root@${publicIp}`, sshOpts, stack: PROJECT, home: join(folder, "home") };
  const remote = openEngine({ host: `ssh://root@${publicIp}`, sshOpts });
  await until(() => remote.ping());
  const image = await docker.getImage(BUSYBOX).get();
  const loading = await remote.loadImage(image);
  await new Promise((done, fail) =>
    remote.modem.followProgress(loading, (error) => (error ? fail(error) : done(undefined))),
  );
  // What a process takes on the card is free when it ends: at its start this one holds 2 GiB.
  const start = "echo 40 2048 50 200 > /machine/gpu-load; exec sleep 1000";
  for (const [service, gpu] of [
    ["training", true],
    ["web", false],
  ] as const)
    await on.run(
      `docker run -d --init ${gpu ? "--gpus all" : ""} --name ${service} -v /var/lib/windlass/machine:/machine --label com.docker.compose.project=${PROJECT} --label com.docker.compose.service=${service} --label com.docker.compose.oneoff=False --label com.docker.compose.container-number=1 ${BUSYBOX} sh -c "${gpu ? start : "exec sleep 1000"}"`,
    );
  await until(async () => (await on.run("cat /var/lib/windlass/machine/gpu-load")).startsWith("40 2048") || undefined);
});
afterAll(async () => {
  on?.close();
  await backend?.reset();
  await backend?.close();
  const { cloud } = namesOf(join(folder, "cloud"));
  rmSync(folder, { recursive: true, force: true });
  await removeEverything();
  expect(await belongings(cloud)).toEqual([]);
});

const look = (more: Partial<RunbookOptions> = {}) => runRunbook({ runbook: "gpu-memory-full", ...options, ...more });
const percent = ({ checks }: Awaited<ReturnType<typeof look>>) => checks.find(({ check }) => check === "memory")?.value;
const started = (name: string) => on.run(`docker inspect -f '{{.State.StartedAt}}' ${name}`);

test("the memory of a GPU is full: level 1 restarts what holds it, and only that", async () => {
  const well = await look();
  expect([well.causes, percent(well)]).toEqual([[], 2]);
  await backend.setGpu(1, [{ utilization: 99, memoryUsedMiB: 81_000, temperatureC: 70, powerW: 600 }]);
  const found = await look();
  expect([found.causes.map(({ id }) => id), percent(found)]).toEqual([["full"], 99]);
  expect(found.checks.find(({ check }) => check === "processes")?.text).toContain("81000 MiB");
  const before = { training: await started("training"), web: await started("web") };
  const mended = await look({ level: 1 });
  expect([mended.mended, percent(mended)]).toEqual([true, 2]);
  expect(mended.steps).toMatchObject([{ where: ["training"], outcome: "done" }]);
  expect((await started("training")) > before.training).toBe(true);
  expect(await started("web")).toBe(before.web);
});

test("level 2 stops what trains", async () => {
  await backend.setGpu(1, [{ utilization: 99, memoryUsedMiB: 81_000, temperatureC: 70, powerW: 600 }]);
  const { steps } = await look({ level: 2, dryRun: true });
  expect(steps.map(({ title, where }) => [title, ...where])).toEqual([["stop what trains", "training"]]);
});

test("the card's driver is gone: a person has to look", async () => {
  await on.run("mv /var/lib/windlass/machine/gpu /var/lib/windlass/machine/gpu.away");
  const { causes, steps } = await look({ level: 1, dryRun: true });
  expect(causes.map(({ id }) => id)).toEqual(["driver-gone"]);
  expect(steps).toMatchObject([{ title: "the driver" }]);
  await on.run("mv /var/lib/windlass/machine/gpu.away /var/lib/windlass/machine/gpu");
});

test("a host key that has changed is told, and nothing is run", async () => {
  const line = `${options.host?.split("@")[1]} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n`;
  writeFileSync(join(folder, "other_hosts"), line);
  const sshOpts = [
    "-i",
    join(folder, "key"),
    "-o",
    `UserKnownHostsFile=${join(folder, "other_hosts")}`,
    "-o",
    "StrictHostKeyChecking=yes",
  ];
  await expect(look({ sshOpts, level: 1 })).rejects.toThrow(/the host key has changed/);
});
