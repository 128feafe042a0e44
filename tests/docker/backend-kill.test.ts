import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDockerBackend } from "../../local/cloud/backends/docker/backend.ts";
import { exec } from "../../local/cloud/backends/docker/engine.ts";
import { namesOf } from "../../local/cloud/backends/docker/names.ts";
import { belongings, keys, loopFiles, port, ssh } from "./backend-fixture.ts";
import { lower, raise, volumes } from "./backend-life.ts";

const dataDir = mkdtempSync(join(tmpdir(), "windlass-kill-"));
const names = namesOf(dataDir);
const life = join(import.meta.dirname, "backend-life.ts");
const kills = 6;
const fresh = () => createDockerBackend({ dataDir, log: () => {} });
const loops = () => loopFiles().filter((file) => file.includes(volumes.data));
const base = [
  names.blocks,
  names.publicNetwork,
  names.toolbox,
  names.vpcNetwork("5a4981aa-9653-4bd1-bef5-d6bff52042e4"),
];

beforeAll(() => fresh().prepare(() => {}));

afterAll(async () => {
  const backend = fresh();
  await backend.reset();
  await backend.close();
  rmSync(dataDir, { recursive: true, force: true });
  expect(await belongings(names.cloud)).toEqual([]);
  expect(loops()).toEqual([]);
});

/** Runs `what` as a process of its own and kills it after `patience` milliseconds; true where it had ended by itself. */
function run(what: "raise" | "lower", patience: number): Promise<boolean> {
  const child = spawn(process.execPath, [life, what, dataDir, keys.public], { stdio: ["ignore", "ignore", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  return new Promise((done, fail) => {
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") done(false);
      else if (code === 0) done(true);
      else fail(new Error(`${what} ended with ${code} after ${patience} ms`));
    });
  });
}

/**
 * Kills the work again and again, each time after another while: what one round left is where the next begins, so kills
 * fall into every step. Answers with the moments, for the message of what fails.
 */
async function killRepeatedly(what: "raise" | "lower"): Promise<string> {
  const patiences = Array.from({ length: kills }, () => Math.round(250 + Math.random() * 900));
  for (const patience of patiences) await run(what, patience);
  return `after kills of ${what} at ${patiences.join(", ")} ms`;
}

test("what is made comes out the same after kills at random moments", async () => {
  const history = await killRepeatedly("raise");
  const backend = fresh();
  const { publicIp } = await raise(backend, keys.public);
  expect(await raise(backend, keys.public)).toEqual({ publicIp });
  const snapshot = [names.snapshot(10), names.nestedDockerSnapshot(10)];
  const droplets = [1, 2].flatMap((id) => [names.droplet(id), names.nestedDocker(id)]);
  expect(await belongings(names.cloud), history).toEqual([...base, ...snapshot, ...droplets].sort());
  expect(loops(), history).toHaveLength(2);
  const machine = await ssh(publicIp);
  expect(
    await machine.run(
      "mount /dev/disk/by-id/scsi-0DO_Volume_data /mnt && echo kept > /mnt/file && findmnt -no FSTYPE /mnt",
    ),
  ).toBe("ext4");
  expect(await port(publicIp, 23)).toBe("closed");
  machine.close();
});

test("what is taken away is gone after kills at random moments, and nothing else is", async () => {
  const history = await killRepeatedly("lower");
  await lower(fresh());
  expect(await belongings(names.cloud), history).toEqual([...base, names.droplet(1), names.nestedDocker(1)].sort());
  expect(loops(), history).toHaveLength(1);
});

test("a restart of the host, which loses all loop devices, is made good", async () => {
  const backend = fresh();
  await backend.powerOff(1);
  await exec(new Docker(), names.toolbox, ["/usr/local/lib/windlass/block", "reset"]);
  expect(loops()).toEqual([]);
  await fresh().prepare(() => {});
  expect(loops()).toHaveLength(1);
  await backend.powerOn(1);
  const { publicIp } = await raise(backend, keys.public);
  const machine = await ssh(publicIp);
  expect(await machine.run("mount /dev/disk/by-id/scsi-0DO_Volume_data /mnt && cat /mnt/file")).toBe("kept");
  machine.close();
});
