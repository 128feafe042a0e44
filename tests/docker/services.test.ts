import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { servicesDown } from "../../runner/services/down.ts";
import { servicesPs } from "../../runner/services/ps.ts";
import { servicesRestart } from "../../runner/services/restart.ts";
import type { ServicesUpOptions, ServicesUpResult } from "../../runner/services/up.ts";
import { buildDockerCompose } from "../../tools/docker-compose/build.ts";
import { until } from "./backend-fixture.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX } from "./docker-fixture.ts";
import { type TestProject, testProject } from "./services-fixture.ts";
import { comparable } from "./services-inspect.ts";

const PROJECT = `${PREFIX}-shop`;
const IMAGE = BUSYBOX;
const run = promisify(execFile);
let compose: string;
let shop: TestProject;
let home: string;
let folder: string;

beforeAll(async () => {
  await makeBusyboxImage();
  compose = await buildDockerCompose();
});
afterAll(() => docker.getImage(IMAGE).remove({ force: true }));
beforeEach(() => {
  shop = testProject("shop");
  ({ home, folder } = shop);
});
afterEach(() => shop.remove());

const write = (text: string, name?: string) => shop.write(text, name);
const up = (options?: Partial<ServicesUpOptions>) => shop.up(options);
const container = (service: string) => shop.container(service);
const id = (service: string) => shop.id(service);
const exec = (service: string, ...command: string[]) => shop.exec(service, ...command);

const SHOP = `
services:
  db:
    image: ${IMAGE}
    init: true
    command: ["sh", "-c", "echo db is up; sleep 1; touch /ready; sleep 1000"]
    volumes: [data:/data]
    healthcheck: { test: ["CMD", "test", "-f", "/ready"], interval: 1s, timeout: 30s, retries: 60 }
  migrate:
    image: ${IMAGE}
    command: ["sh", "-c", "echo once >> /data/migrated"]
    volumes: [data:/data]
    depends_on: { db: { condition: service_healthy } }
  web:
    image: ${IMAGE}
    init: true
    command: ["sh", "-c", "echo web is up; sleep 1000"]
    environment: { GREETING: hello }
    secrets: [token]
    ports: ["127.0.0.1::80"]
    oom_score_adj: 100
    depends_on: { migrate: { condition: service_completed_successfully } }
  other:
    image: ${IMAGE}
    init: true
    command: ["sleep", "1000"]
volumes: { data: {} }
secrets: { token: { environment: TOKEN } }
`;

const state = () => readFileSync(join(home, "services-state", ".pulumi", "stacks", PROJECT, "services.json"), "utf8");

describe("a project", () => {
  test("comes up in order, stays as it is, changes where the file does, and goes without its data", async () => {
    const file = write(SHOP);
    const first = await up();
    expect(first.changes).toEqual({ create: 7, update: 0, replace: 0, delete: 0, same: 0 });
    expect(first.notApplied).toMatchObject([{ file, line: 22, path: "services.web.oom_score_adj" }]);
    expect(first.services.map(({ name, state, health }) => [name, state, health])).toEqual([
      ["db", "running", "healthy"],
      ["migrate", "exited", null],
      ["other", "running", null],
      ["web", "running", null],
    ]);
    expect(first.services.at(-1)?.ports).toMatchObject([
      { ip: "127.0.0.1", target: 80, published: expect.any(Number) },
    ]);
    const [migrated, started] = [await container("migrate").inspect(), await container("web").inspect()];
    expect(started.State.StartedAt > migrated.State.FinishedAt).toBe(true);
    expect(await exec("web", "cat", "/run/secrets/token")).toBe("one-secret");
    expect(state()).not.toContain("one-secret");

    const seen = await run(compose, ["-p", PROJECT, "ps", "-a", "--format", "{{.Name}} {{.Service}} {{.State}}"]);
    expect(seen.stdout.trim().split("\n").sort()).toEqual([
      `${PROJECT}-db-1 db running`,
      `${PROJECT}-migrate-1 migrate exited`,
      `${PROJECT}-other-1 other running`,
      `${PROJECT}-web-1 web running`,
    ]);

    const before = { db: await id("db"), other: await id("other"), web: await id("web"), migrate: await id("migrate") };
    const again = await up({ files: [PROJECT] });
    expect([again.changes.same, again.steps]).toEqual([7, []]);

    await exec("db", "sh", "-c", "echo kept > /data/file");
    write(SHOP.replace("GREETING: hello", "GREETING: bye"));
    const changed = await up();
    expect(changed.steps).toMatchObject([{ action: "replace", kind: "container", name: `${PROJECT}-web-1` }]);
    const after = { db: await id("db"), other: await id("other"), web: await id("web"), migrate: await id("migrate") };
    expect(after).toEqual({ ...before, web: expect.not.stringContaining(before.web) });

    const gone = await servicesDown({ files: [PROJECT], home });
    expect(gone.keeps).toContainEqual({ kind: "volume", name: `${PROJECT}_data` });
    expect((await servicesPs({ files: [PROJECT], home })).services).toEqual([]);
    await up();
    expect(await exec("db", "cat", "/data/file", "/data/migrated")).toBe("kept\nonce\nonce");
  });

  test("a restart keeps the containers; one that was stopped or removed by hand comes back, the others stay", async () => {
    write(SHOP);
    await up();
    const web = await container("web").inspect();
    const { restarted } = await servicesRestart({ files: [PROJECT], home, services: ["web"] });
    expect(restarted).toEqual([`${PROJECT}-web-1`]);
    const now = await container("web").inspect();
    expect([now.Id, now.State.Running]).toEqual([web.Id, true]);
    expect(now.State.StartedAt > web.State.StartedAt).toBe(true);
    await expect(servicesRestart({ files: [PROJECT], home, services: ["wep"] })).rejects.toThrow(
      `${PROJECT} has no container of wep; it has: db, migrate, other, web`,
    );
    const before = { db: await id("db"), web: await id("web") };
    await container("web").stop({ t: 0 });
    await container("other").remove({ force: true });
    const { services } = await servicesPs({ files: [PROJECT], home });
    expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "db running",
      "migrate exited",
      "other missing",
      "web exited",
    ]);
    const { steps } = await up();
    expect(steps.map(({ action, name }) => [action, name]).sort()).toEqual([
      ["create", `${PROJECT}-other-1`],
      ["update", `${PROJECT}-web-1`],
    ]);
    expect({ db: await id("db"), web: await id("web") }).toEqual(before);
    expect((await container("web").inspect()).State.Running).toBe(true);
  });

  test("what the file does not name any more goes, but for volumes: they stay with their data and are used again", async () => {
    write(SHOP);
    await up();
    await exec("db", "sh", "-c", "echo kept > /data/file");
    const small = `services: {db: {image: "${IMAGE}", init: true, command: [sleep, "1000"]}}`;
    write(small);
    const told = ({ steps }: ServicesUpResult) =>
      steps.map(({ action, kind, name }) => `${action} ${kind} ${name.replace(PROJECT, "")}`).sort();
    const expected = [
      "delete container -migrate-1",
      "delete container -other-1",
      "delete container -web-1",
      "replace container -db-1",
    ];
    const before = state();
    expect(told(await up({ dryRun: true }))).toEqual(expected);
    expect(state()).toBe(before);
    expect(told(await up())).toEqual(expected);
    write(`${small}\nnetworks: {default: {driver_opts: {com.docker.network.driver.mtu: 1400}}}`);
    expect(told(await up())).toEqual(["replace container -db-1", "replace network _default"]);
    write(SHOP);
    await up();
    expect(await exec("db", "cat", "/data/file")).toBe("kept");
  });

  test("an update that is killed is gone on with: what it has made is used", async () => {
    write(SHOP);
    const words = ["runner/cli/main.ts", "services", "up", folder, "--yes"];
    const runner = spawn(process.execPath, words, {
      env: { ...process.env, WINDLASS_HOME: home, TOKEN: "x" },
      stdio: "ignore",
    });
    const ended = new Promise((done) => runner.once("exit", done));
    const made = await until(async () => (await container("db").inspect()).Id);
    const operation = readFileSync(join(home, "operations", `local-${PROJECT}-services.json`), "utf8");
    // The engine first: without its runner it would end by itself.
    process.kill(-JSON.parse(operation).enginePid, "SIGKILL");
    runner.kill("SIGKILL");
    await ended;
    const { services } = await up();
    expect(services.map(({ state }) => state)).toEqual(["running", "exited", "running", "running"]);
    expect(await id("db")).toBe(made);
  });
});

describe("what does not come up is told, and the rest stays", () => {
  test("a task that fails: what waits for its end is not started", async () => {
    write(SHOP.replace("echo once >> /data/migrated", "echo broken schema; test -f /data/mended || exit 3"));
    await expect(up()).rejects.toThrow(/web is not started: migrate has ended with exit code 3/);
    expect((await container("db").inspect()).State.Running).toBe(true);
    await expect(container("web").inspect()).rejects.toMatchObject({ statusCode: 404 });
    await exec("db", "touch", "/data/mended");
    expect((await up()).services.map(({ state }) => state)).toEqual(["running", "exited", "running", "running"]);
  });

  test("an image that is nowhere", async () => {
    write(`services: {a: {image: "127.0.0.1:9/none:1"}}`);
    await expect(up()).rejects.toThrow(/127\.0\.0\.1:9\/none:1/);
  });

  test("an engine that does not answer, and another engine than before", async () => {
    write(SHOP);
    await expect(up({ host: "unix:///nowhere.sock" })).rejects.toThrow(
      /engine at unix:\/\/\/nowhere.sock does not answer/,
    );
    await up({ dryRun: true });
    await expect(servicesDown({ files: [PROJECT], home })).rejects.toMatchObject({ code: "NotFound" });
    expect(await docker.listContainers({ all: true, filters: { name: [PROJECT] } })).toEqual([]);
  });
});

describe("containers are those that docker compose makes", () => {
  const files = new URL("services-compose/", import.meta.url).pathname;
  test.each(["storage", "network", "limits"])("%s", async (name) => {
    const text = readFileSync(join(files, `${name}.yaml`), "utf8").replaceAll("IMAGE", IMAGE);
    const file = write(text);
    write("a secret\n", "token");
    await run(compose, ["-f", file, "up", "-d", "--wait"], { env: { ...process.env, TOKEN: "x" } });
    const theirs = await comparable(docker, PROJECT);
    await run(compose, ["-f", file, "down", "-v", "-t", "0"]);
    await up();
    expect(await comparable(docker, PROJECT)).toEqual(theirs);
  });
});
