import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEngine } from "../../clients/docker/engine.ts";
import type { Backend } from "../../local/cloud/backend.ts";
import { createDockerBackend } from "../../local/cloud/backends/docker/backend.ts";
import type { ServicesUpOptions } from "../../runner/services/up.ts";
import { dropletSpec, keys, ssh, until } from "./backend-fixture.ts";
import { BUSYBOX, docker as machines, makeBusyboxImage } from "./docker-fixture.ts";
import { type TestProject, testProject } from "./services-fixture.ts";

/** A GPU droplet with two cards, whose engine is reached over ssh. */
const folder = mkdtempSync(join(tmpdir(), "windlass-gpus-"));
const projects: TestProject[] = [];
let backend: Backend;
let host: { host: string; docker: Docker };
let sshOpts: string[];

beforeAll(async () => {
  await makeBusyboxImage();
  backend = createDockerBackend({ dataDir: join(folder, "cloud"), log: () => {} });
  await backend.prepare(() => {});
  const gpu = { model: "nvidia_h100", count: 2, memoryMiB: 81_920 };
  const { publicIp } = await backend.ensureDroplet(dropletSpec(1, { gpu }));
  const shell = await ssh(publicIp);
  await shell.run("cloud-init status --wait");
  shell.close();
  writeFileSync(join(folder, "key"), keys.private, { mode: 0o600 });
  const known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
  sshOpts = ["-i", join(folder, "key"), ...known];
  const address = `ssh://root@${publicIp}`;
  host = { host: address, docker: openEngine({ host: address, sshOpts }) };
  await until(async () => (await host.docker.ping()) as unknown);
  const saved = spawn("docker", ["save", BUSYBOX], { stdio: ["ignore", "pipe", "inherit"] });
  const loading = await host.docker.loadImage(saved.stdout);
  await new Promise((done, fail) =>
    host.docker.modem.followProgress(loading, (error) => (error ? fail(error) : done(undefined))),
  );
});

afterAll(async () => {
  for (const project of projects) await project.remove().catch(() => {});
  await backend.reset();
  await backend.close();
  await machines.getImage(BUSYBOX).remove({ force: true });
  rmSync(folder, { recursive: true, force: true });
});

/** A project whose services reserve a card each. */
function project(name: string, ...services: string[]) {
  const made = testProject(name, host);
  projects.push(made);
  const lines = services.map(
    (service) =>
      `  ${service}:\n    image: ${BUSYBOX}\n    init: true\n    command: [sleep, "1000"]\n    stop_grace_period: 1s\n    gpus:\n      - count: 1\n`,
  );
  const file = made.write(`services:\n${lines.join("")}`);
  return { ...made, file, up: (options: Partial<ServicesUpOptions> = {}) => made.up({ sshOpts, ...options }) };
}

/** Words that tell when a runner waits. */
function listening() {
  const told: string[] = [];
  const onEvent: NonNullable<ServicesUpOptions["onEvent"]> = (event) => {
    if (event.kind === "phase") told.push(event.text);
  };
  return { onEvent, waits: () => until(() => told.find((text) => text.startsWith("waiting for GPUs"))) };
}

const leftovers = async () =>
  (await host.docker.listVolumes()).Volumes.map(({ Name }) => Name).filter((name) => name.includes("gpu"));

test("each service gets a card of its own, others wait their turn, first come, first served", async () => {
  const first = project("gpu-a", "one", "two");
  appendFileSync(first.file, '    ports: ["22:80"]\n');
  const { gpus, movedPorts } = await first.up();
  expect(movedPorts).toMatchObject([
    { service: "two", wanted: 22, published: 23, heldBy: expect.stringMatching(/^sshd/) },
  ]);
  const [one, two] = gpus.map(({ gpus: uuids }) => uuids[0] ?? "");
  expect([one, two].every((uuid) => uuid?.startsWith("GPU-"))).toBe(true);
  expect(one).not.toBe(two);
  const { HostConfig, Config } = await first.container("two").inspect();
  expect(HostConfig.DeviceRequests).toMatchObject([{ DeviceIDs: [two], Capabilities: [["gpu"]] }]);
  expect(Config.Labels["windlass.gpus"]).toBe(two);
  expect(await leftovers()).toEqual([]);
  const ids = await first.ids();
  expect((await first.up()).gpus).toEqual(gpus);
  expect(await first.ids()).toEqual(ids);

  const [second, third] = [project("gpu-b", "mine"), project("gpu-c", "mine")];
  await expect(second.up()).rejects.toMatchObject({
    code: "PrecheckFailed",
    details: {
      reason: expect.stringMatching(
        `${second.file}:9: services.mine.gpus.0: 1 GPU is wanted, 0 of 2 are free .*; held by container ${first.name}-.*-1, container`,
      ),
      suggestion: expect.stringContaining("--gpu-wait"),
    },
  });
  await expect(project("gpu-d", "a", "b", "c").up({ gpuWaitSeconds: 600 })).rejects.toThrow(
    /3 GPUs are wanted, the host has 2 .*ask for what the host has, let the project's services share them/,
  );

  const [early, late] = [listening(), listening()];
  const order: string[] = [];
  const came = (name: string) => (result: { gpus: { gpus: string[] }[] }) => {
    order.push(name);
    return result.gpus[0]?.gpus[0];
  };
  const b = second.up({ gpuWaitSeconds: 280, onEvent: early.onEvent }).then(came("b"));
  await early.waits();
  const c = third.up({ gpuWaitSeconds: 280, onEvent: late.onEvent }).then(came("c"));
  await late.waits();
  await first.container("two").stop({ t: 0 });
  expect(await b).toBe(two);
  expect(order).toEqual(["b"]);
  await first.container("one").stop({ t: 0 });
  expect(await c).toBe(one);
  expect(order).toEqual(["b", "c"]);
  expect(await leftovers()).toEqual([]);
});

test("a host without a card refuses before anything is made; without GPUs the services run there", async () => {
  const none = testProject("gpu-none");
  projects.push(none);
  const file = none.write(
    `services:\n  a:\n    image: ${BUSYBOX}\n    command: [sleep, "1000"]\n    init: true\n    gpus: all\n`,
  );
  await expect(none.up()).rejects.toMatchObject({
    code: "PrecheckFailed",
    details: {
      reason: expect.stringContaining(`${file}:7: services.a.gpus`),
      suggestion: expect.stringContaining("--gpu off"),
    },
  });
  expect(await none.ids()).toEqual({});
  expect((await none.up({ gpu: "off" })).gpus).toEqual([]);
  expect((await none.container("a").inspect()).HostConfig.DeviceRequests ?? []).toEqual([]);
});
