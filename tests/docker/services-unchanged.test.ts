import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeContainer } from "../../local/cloud/backends/docker/engine.ts";
import { servicesDown } from "../../runner/services/down.ts";
import { servicesRestart } from "../../runner/services/restart.ts";
import { servicesUp } from "../../runner/services/up.ts";
import { until } from "./backend-fixture.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX } from "./docker-fixture.ts";

const PROJECT = `${PREFIX}-unchanged`;
/** A name that may be given to another image. */
const MOVING = `${PREFIX}/moving:1`;
const home = mkdtempSync(join(tmpdir(), "windlass-services-"));
const file = join(home, "compose.yaml");
let token = "one-secret";

const FILE = `
name: ${PROJECT}
services:
  db:
    image: ${BUSYBOX}
    init: true
    command: ["sh", "-c", "touch /ready; echo db is up; sleep 1000"]
    volumes: [data:/data]
    healthcheck: { test: ["CMD", "test", "-f", "/ready"], interval: 1s, timeout: 30s, retries: 5 }
  web:
    image: ${MOVING}
    init: true
    command: ["sleep", "1000"]
    environment: { GREETING: "\${TOKEN}" }
    depends_on: { db: { condition: service_healthy } }
volumes: { data: {} }
`;

const container = (service: string) => docker.getContainer(`${PROJECT}-${service}-1`);
const network = () => docker.getNetwork(`${PROJECT}_default`);
const up = () => servicesUp({ files: [file], home, environment: { TOKEN: token } });

async function commitContainer(service: string): Promise<string> {
  const { Id } = (await container(service).commit({ repo: `${PREFIX}/copy`, tag: "1" })) as { Id: string };
  return Id;
}

/** Each start of Pulumi's engine leaves a log. */
function engineStarts(): number {
  return readdirSync(join(home, "log")).length;
}

/** What an `up` changes, and whether it started the engine for it. */
async function changed(): Promise<{ steps: string[]; asked: boolean }> {
  const before = engineStarts();
  const { steps } = await up();
  const told = steps.map(({ action, kind, name }) => `${action} ${kind} ${name.replace(PROJECT, "")}`);
  return { steps: told.sort(), asked: engineStarts() > before };
}

async function clear(): Promise<void> {
  const filters = { label: [`com.docker.compose.project=${PROJECT}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) await removeContainer(docker, Id);
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove();
}

beforeAll(async () => {
  await makeBusyboxImage();
  await docker.getImage(BUSYBOX).tag({ repo: `${PREFIX}/moving`, tag: "1" });
  writeFileSync(file, FILE);
  await up();
});
afterAll(async () => {
  await clear();
  for (const image of [MOVING, BUSYBOX]) await docker.getImage(image).remove({ force: true });
  rmSync(home, { recursive: true });
});

test("what fits is left without asking Pulumi's engine", async () => {
  expect(await changed()).toEqual({ steps: [], asked: false });
  const { changes, services } = await up();
  expect(changes).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 6 });
  expect(services.map(({ name, health }) => [name, health])).toEqual([
    ["db", "healthy"],
    ["web", null],
  ]);
});

describe("what somebody has changed is put right, and then left", () => {
  test.each<[string, () => Promise<unknown>, string[]]>([
    ["a container is gone", () => container("web").remove({ force: true }), ["create container -web-1"]],
    ["a container was stopped", () => container("web").stop({ t: 0 }), ["update container -web-1"]],
    [
      "a limit was changed",
      () => container("web").update({ Memory: 2 ** 26, MemorySwap: 2 ** 27 }),
      ["replace container -web-1"],
    ],
    [
      "how it restarts was changed",
      () => container("web").update({ RestartPolicy: { Name: "always" } }),
      ["update container -web-1"],
    ],
    [
      "a container left its network",
      async () => network().disconnect({ Container: (await container("web").inspect()).Id }),
      ["replace container -web-1"],
    ],
    ["the image's name is another image's", moveImage, ["replace container -web-1"]],
    [
      "the network is gone",
      removeNetwork,
      ["create container -db-1", "create container -web-1", "create network _default"],
    ],
    ["the volume is gone", removeVolume, ["create container -db-1", "create volume _data"]],
    ["a secret is another one", takeAnotherSecret, ["replace container -web-1"]],
  ])("%s", async (_, meddle, expected) => {
    await meddle();
    expect(await changed()).toEqual({ steps: expected, asked: true });
    expect(await changed()).toEqual({ steps: [], asked: false });
  });

  test.each([
    ["of any image", async () => BUSYBOX],
    ["of an image made of ours, with our labels", () => commitContainer("web")],
  ])("a container %s in its place is refused, for it is somebody else's", async (_, imageOf) => {
    const Image = await imageOf();
    await container("web").remove({ force: true });
    const other = await docker.createContainer({ name: `${PROJECT}-web-1`, Image, Cmd: ["sleep", "1000"] });
    await other.start();
    await expect(up()).rejects.toThrow(/the name is in use by container/);
    expect((await other.inspect()).State.Running).toBe(true);
    await other.remove({ force: true });
    if (Image !== BUSYBOX) await docker.getImage(Image).remove();
    expect(await changed()).toEqual({ steps: ["create container -web-1"], asked: true });
  });

  test("the state is lost: what runs is found again by its marks", async () => {
    const { Id } = await container("db").inspect();
    rmSync(join(home, "services-state"), { recursive: true });
    expect((await changed()).asked).toBe(true);
    expect((await container("db").inspect()).Id).toBe(Id);
    expect(await changed()).toEqual({ steps: [], asked: false });
  });
});

test("an update whose runner was killed is ended before the next one goes on", async () => {
  const slow = `  late:
    image: ${BUSYBOX}
    init: true
    command: ["sh", "-c", "sleep 3; touch /ready; sleep 1000"]
    healthcheck: { test: ["CMD", "test", "-f", "/ready"], interval: 1s, timeout: 30s, retries: 60 }
`;
  writeFileSync(file, FILE.replace("volumes: { data", `${slow}volumes: { data`));
  const words = ["runner/cli/main.ts", "services", "up", file, "--yes"];
  const env = { ...process.env, WINDLASS_HOME: home, TOKEN: token };
  const runner = spawn(process.execPath, words, { env, stdio: "ignore" });
  const { Id } = await until(() => container("late").inspect());
  const ended = once(runner, "exit");
  runner.kill("SIGKILL");
  await ended;
  const { services } = await up();
  expect(services).toContainEqual(expect.objectContaining({ name: "late", health: "healthy" }));
  expect((await container("late").inspect()).Id).toBe(Id);
  expect(await changed()).toEqual({ steps: [], asked: false });
  writeFileSync(file, FILE);
  expect(await changed()).toEqual({ steps: ["delete container -late-1"], asked: true });
});

describe("health", () => {
  test("that is on its way after a restart is waited for", async () => {
    await servicesRestart({ files: [PROJECT], home, services: ["db"] });
    const { services } = await up();
    expect(services).toContainEqual(expect.objectContaining({ name: "db", health: "healthy" }));
  });

  test("that is lost is told with the last lines, though nothing is to be changed", async () => {
    const exec = await container("db").exec({ Cmd: ["sh", "-c", "busybox rm /ready"] });
    await exec.start({});
    await until(async () => (await container("db").inspect()).State.Health?.Status === "unhealthy" || undefined);
    await expect(up()).rejects.toMatchObject({
      code: "CommandFailed",
      details: { reason: expect.stringMatching(/-db-1" is unhealthy[\s\S]*db is up/) },
    });
  });
});

test("what is gone already is no obstacle to going down; volumes stay", async () => {
  await container("web").remove({ force: true });
  await servicesDown({ files: [PROJECT], home });
  const filters = { label: [`com.docker.compose.project=${PROJECT}`] };
  expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  expect(await docker.listNetworks({ filters })).toEqual([]);
  expect((await docker.listVolumes({ filters })).Volumes).toHaveLength(1);
  expect((await servicesDown({ files: [PROJECT], home })).changes.delete).toBe(0);
});

async function moveImage(): Promise<void> {
  const other = await docker.createContainer({ Image: BUSYBOX });
  await other.commit({ repo: `${PREFIX}/moving`, tag: "1" });
  await other.remove();
}

async function removeNetwork(): Promise<void> {
  for (const service of ["db", "web"]) await container(service).remove({ force: true });
  await network().remove();
}

async function removeVolume(): Promise<void> {
  await container("db").remove({ force: true });
  await docker.getVolume(`${PROJECT}_data`).remove();
}

async function takeAnotherSecret(): Promise<void> {
  token = "another";
}
