import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { servicesPs } from "../../runner/services/ps.ts";
import { until } from "./backend-fixture.ts";
import { BUSYBOX, docker, makeBusyboxImage } from "./docker-fixture.ts";
import { type OwnEngine, ownEngine } from "./own-engine.ts";
import { type TestProject, testProject } from "./services-fixture.ts";

let projects: TestProject[] = [];
beforeAll(makeBusyboxImage);
afterEach(async () => {
  for (const project of projects) await project.remove();
  projects = [];
});
afterAll(() => docker.getImage(BUSYBOX).remove({ force: true }));

function made(name: string, engine?: OwnEngine): TestProject {
  const project = testProject(name, engine);
  projects.push(project);
  return project;
}

const CHECK = '{ test: ["CMD", "test", "-f", "/ready"], interval: 1s, timeout: 30s, retries: 30 }';
const FILE = `
services:
  db:
    image: ${BUSYBOX}
    init: true
    restart: always
    command: ["sh", "-c", "touch /ready; sleep 1000"]
    environment: { SIZE: small }
    volumes: [data:/data]
    healthcheck: ${CHECK}
  app:
    image: ${BUSYBOX}
    init: true
    restart: unless-stopped
    command: ["sh", "-c", "touch /ready; sleep 1000"]
    healthcheck: ${CHECK}
    depends_on: { db: { condition: service_healthy } }
  other:
    image: ${BUSYBOX}
    init: true
    restart: always
    command: ["sleep", "1000"]
volumes: { data: {} }
`;

const ps = async ({ name, home }: TestProject) =>
  Object.fromEntries((await servicesPs({ files: [name], home })).services.map((one) => [one.name, one]));
const starts = async (project: TestProject, ...services: string[]) =>
  Promise.all(services.map(async (service) => (await project.container(service).inspect()).State.StartedAt));

describe("on this machine's engine", () => {
  test("a program that fails again and again is given up after its three attempts, and ps tells of it", async () => {
    const shop = made("fails");
    shop.write(`
services:
  broken: { image: "${BUSYBOX}", restart: "on-failure:3", command: ["sh", "-c", "echo no configuration; exit 7"] }
  fine: { image: "${BUSYBOX}", init: true, command: ["sleep", "1000"] }`);
    const told: string[] = [];
    await shop.up({ onEvent: (event) => void (event.kind === "note" && told.push(event.text)) });
    const found = await until(async () => {
      const { broken, fine } = await ps(shop);
      return broken?.state === "exited" ? { broken, fine } : undefined;
    });
    expect(found.broken).toMatchObject({
      restarts: 3,
      lastExit: { code: 7 },
      status: expect.stringContaining("Exited (7)"),
    });
    expect(found.fine).toMatchObject({ state: "running", restarts: 0 });
  });

  test("a change of one service moves that one alone, though another waited for its health", async () => {
    const shop = made("changed");
    shop.write(FILE);
    await shop.up();
    const [ids, others] = [await shop.ids(), await starts(shop, "app", "other")];
    await shop.exec("db", "sh", "-c", "echo kept > /data/file");
    shop.write(FILE.replace("SIZE: small", "SIZE: large"));
    const { steps } = await shop.up();
    expect(steps.map(({ action, name }) => [action, name])).toEqual([["replace", `${shop.name}-db-1`]]);
    expect(await shop.ids()).toEqual({ ...ids, db: expect.not.stringContaining(ids.db ?? "") });
    expect(await starts(shop, "app", "other")).toEqual(others);
    expect(await shop.exec("db", "cat", "/data/file")).toBe("kept");
    expect((await ps(shop)).db?.health).toBe("healthy");
  });
});

describe("on an engine of their own", () => {
  let engine: OwnEngine;
  beforeAll(async () => {
    engine = await ownEngine();
    await engine.load(BUSYBOX);
  });
  afterAll(() => engine?.remove());

  // An engine remembers its last 256 events, and health checks of others are among them: how the program has ended would be forgotten.
  test("a container whose program is killed is started again by its policy, and ps tells of it", async () => {
    const shop = made("killed", engine);
    shop.write(FILE);
    await shop.up();
    expect((await ps(shop)).db).toMatchObject({ restarts: 0, lastExit: null });
    const [ids, others] = [await shop.ids(), await starts(shop, "app", "other")];
    const killed = Date.now();
    // Not `docker kill`, after which the engine lets it be.
    process.kill((await shop.container("db").inspect()).State.Pid, "SIGKILL");
    const { db, app } = await until(async () => {
      const found = await ps(shop);
      return found.db?.restarts && found.db.health === "healthy" ? found : undefined;
    });
    expect(db).toMatchObject({ state: "running", restarts: 1, lastExit: { code: 137, outOfMemory: false } });
    expect(Date.parse(db?.lastExit?.at ?? "")).toBeGreaterThanOrEqual(killed);
    expect(app).toMatchObject({ restarts: 0, lastExit: null });
    expect([await shop.ids(), await starts(shop, "app", "other")]).toEqual([ids, others]);
    expect((await shop.up()).steps).toEqual([]);
  });

  test("where the engine itself is killed, containers, volumes and state are kept: the next up changes nothing", async () => {
    const shop = made("daemon", engine);
    // An engine of Docker 20.10 that comes back leaves those with `unless-stopped` as they are: stopped by itself, as it were.
    shop.write(FILE.replace("unless-stopped", "always"));
    await shop.up();
    const ids = await shop.ids();
    await shop.exec("db", "sh", "-c", "echo kept > /data/file");
    await engine.kill();
    const gone = {
      code: "CommandFailed",
      details: { reason: expect.stringContaining("does not answer"), host: engine.host },
    };
    await expect(ps(shop)).rejects.toMatchObject(gone);
    await expect(shop.up()).rejects.toMatchObject(gone);
    await engine.start();
    await until(async () => ((await ps(shop)).app?.health === "healthy" ? true : undefined));
    await until(async () => ((await ps(shop)).db?.health === "healthy" ? true : undefined));
    const again = await shop.up();
    expect([again.steps, again.services.map(({ state }) => state)]).toEqual([[], ["running", "running", "running"]]);
    expect(await shop.ids()).toEqual(ids);
    expect(await shop.exec("db", "cat", "/data/file")).toBe("kept");
  });
});
