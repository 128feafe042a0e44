import { createServer, type Server } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { servicesDown } from "../../runner/services/down.ts";
import { servicesPs } from "../../runner/services/ps.ts";
import { freePort } from "../../tools/test/free-port.ts";
import { until } from "./backend-fixture.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX, removeEverything } from "./docker-fixture.ts";
import { testProject } from "./services-fixture.ts";

const project = testProject("ports");
let server: Server | undefined;

beforeAll(makeBusyboxImage);
afterEach(async () => {
  await project.clear();
  await new Promise((done) => (server?.listening ? server.close(done) : done(undefined)));
  await removeEverything();
  await makeBusyboxImage();
});
afterAll(async () => {
  await project.remove();
  await removeEverything();
});

/** A port that this process listens on. */
async function heldPort(): Promise<number> {
  server = createServer((_, response) => response.end("not yours"));
  const port = await freePort();
  await new Promise<void>((done) => server?.listen(port, "127.0.0.1", done));
  return port;
}

/** A port that a container of somebody else has. */
async function heldByContainer(): Promise<number> {
  const port = await freePort();
  const container = await docker.createContainer({
    name: `${PREFIX}-stranger`,
    Image: BUSYBOX,
    Cmd: ["sleep", "1000"],
    ExposedPorts: { "80/tcp": {} },
    HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] }, Init: true },
  });
  await container.start();
  return port;
}

const serve = (text: string) =>
  `["sh", "-c", "mkdir -p /tmp/www; echo ${text} > /tmp/www/index.html; httpd -f -p 80 -h /tmp/www"]`;
/** What is served there, once it is. */
const text = (port: number | null | undefined) => until(async () => (await fetch(`http://127.0.0.1:${port}/`)).text());

test("a port that somebody has is left for the next free one, told to dependents, and kept until the stack goes down", async () => {
  const [process_, container] = [await heldPort(), await heldByContainer()];
  const file = project.write(`services:
  web:
    image: ${BUSYBOX}
    init: true
    command: ${serve("web")}
    ports:
      - 127.0.0.1:${process_}:80
  red-db:
    image: ${BUSYBOX}
    init: true
    command: ${serve("db")}
    ports: ["127.0.0.1:${container}:80"]
  user:
    image: ${BUSYBOX}
    init: true
    command: ["sleep", "1000"]
    network_mode: host
    environment: { WEB: "http://localhost:${process_}/" }
    depends_on: [web, red-db]
`);
  const first = await project.up();
  const at = (service: string) => first.movedPorts.find((one) => one.service === service);
  expect(at("web")).toMatchObject({ file, line: 8, wanted: process_, heldBy: `node (process ${process.pid})` });
  expect(at("red-db")).toMatchObject({ file, line: 13, wanted: container, heldBy: `container ${PREFIX}-stranger` });
  const [web, db] = [at("web")?.published, at("red-db")?.published];
  expect([web, db].every((port) => port && ![process_, container].includes(port))).toBe(true);
  expect([await text(web), await text(db), await text(process_)]).toEqual(["web\n", "db\n", "not yours"]);
  expect(await project.exec("user", "wget", "-qO-", `http://localhost:${web}/`)).toBe("web");
  const { Config } = await project.container("user").inspect();
  expect(Config.Env).toEqual(
    expect.arrayContaining([`WEB=http://localhost:${web}/`, `WEB_PORT=${web}`, `RED_DB_PUBLISHED_PORT=${db}`]),
  );
  const { services } = await servicesPs({ files: [project.name], home: project.home });
  expect(services.find(({ name }) => name === "web")?.ports).toEqual([
    { published: web, ip: "127.0.0.1", target: 80, protocol: "tcp", wanted: String(process_) },
  ]);

  const ids = await project.ids();
  await new Promise((done) => server?.close(done));
  await docker.getContainer(`${PREFIX}-stranger`).remove({ force: true });
  const again = await project.up();
  expect([again.steps, await project.ids(), again.movedPorts.map(({ heldBy }) => heldBy)]).toEqual([
    [],
    ids,
    [null, null],
  ]);

  await servicesDown({ files: [project.name], home: project.home });
  const fresh = await project.up();
  expect(fresh.movedPorts).toEqual([]);
  expect([await text(process_), await text(container)]).toEqual(["web\n", "db\n"]);
});

test("with strict ports every holder is named, and what runs stays as it is; a range gives a free one", async () => {
  const port = await heldPort();
  const small = `services:\n  web:\n    image: ${BUSYBOX}\n    init: true\n    command: ["sleep", "1000"]\n`;
  project.write(small);
  await project.up();
  const ids = await project.ids();
  const file = project.write(`${small}    ports: ["127.0.0.1:${port}:80"]\n`);
  await expect(project.up({ strictPorts: true })).rejects.toMatchObject({
    code: "PrecheckFailed",
    details: {
      reason: `${file}:7: services.web.ports.0: port ${port} belongs to node (process ${process.pid})`,
      file,
      line: 7,
      suggestion: expect.stringContaining("--strict-ports"),
    },
  });
  expect(await project.ids()).toEqual(ids);

  project.write(`${small}    scale: 2\n    ports: ["127.0.0.1:${port}-${port + 40}:80"]\n`);
  const { services } = await project.up();
  const published = services.flatMap(({ ports }) => ports.map((one) => one.published));
  expect(new Set(published).size).toBe(2);
  for (const one of published) expect(one).toBeGreaterThan(port);
  expect((await project.up()).steps).toEqual([]);
});
