import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { tar } from "../../local/plugins/docker/tar.ts";
import type { ProgressEvent } from "../../runner/progress.ts";
import { servicesPull } from "../../runner/services/pull.ts";
import { type ServicesUpOptions, servicesUp } from "../../runner/services/up.ts";
import { buildDockerCompose } from "../../tools/docker-compose/build.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX, removeEverything } from "./docker-fixture.ts";
import { type OwnEngine, ownEngine } from "./own-engine.ts";
import { type TestRegistry, testRegistry } from "./registry.ts";
import { comparable } from "./services-inspect.ts";

const PROJECT = `${PREFIX}-images`;
const run = promisify(execFile);
let home: string;
let folder: string;
let registry: TestRegistry;

beforeAll(async () => {
  await makeBusyboxImage();
  registry = await testRegistry();
});
afterAll(async () => {
  registry.close();
  await removeEverything();
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "windlass-images-"));
  folder = mkdtempSync(join(tmpdir(), "windlass-compose-"));
});
afterEach(async () => {
  await remove(docker);
  for (const one of [home, folder]) rmSync(one, { recursive: true });
});

/** Containers and networks of the project. */
async function remove(engine: Docker): Promise<void> {
  const filters = { label: [`com.docker.compose.project=${PROJECT}`] };
  for (const { Id } of await engine.listContainers({ all: true, filters }))
    await engine.getContainer(Id).remove({ force: true, v: true });
  for (const { Id } of await engine.listNetworks({ filters })) await engine.getNetwork(Id).remove();
}

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const up = (options: Partial<ServicesUpOptions> = {}) => servicesUp({ files: [folder], home, ...options });
const inspected = (service: string) => docker.getContainer(`${PROJECT}-${service}-1`).inspect();
const id = async (service: string) => (await inspected(service)).Id;
const said = async (service: string) =>
  (await run("docker", ["exec", `${PROJECT}-${service}-1`, "cat", "/said"])).stdout.trim();

const BUILT = {
  "compose.yaml": `
name: ${PROJECT}
services:
  plain:
    build: app
    init: true
    command: [sleep, "1000"]
  named:
    image: ${PREFIX}/named:1
    build:
      context: app
      dockerfile: ../other.Dockerfile
      target: small
      args: { WORD: hello }
      labels: { own.label: given }
      tags: [${PREFIX}/named:also]
    init: true
    command: [sleep, "1000"]
`,
  "other.Dockerfile": `FROM ${BUSYBOX} AS small
LABEL ${PREFIX}=1
ARG WORD
RUN echo $WORD > /said
FROM small
RUN false
`,
  "app/Dockerfile": `FROM ${BUSYBOX}\nLABEL ${PREFIX}=1\nCOPY words /said\n`,
  "app/words": "one",
  "app/.dockerignore": "left-out\n",
  "app/left-out": "1",
};

describe("images that the file builds", () => {
  test("are those that docker compose builds, and are built again only when their context changes", async () => {
    write(BUILT);
    const compose = await buildDockerCompose();
    const env = { ...process.env, DOCKER_BUILDKIT: "0" };
    await run(compose, ["-f", join(folder, "compose.yaml"), "up", "-d", "--build"], { env });
    const theirs = await comparable(docker, PROJECT);
    await remove(docker);
    for (const name of [`${PROJECT}-plain`, `${PREFIX}/named:1`]) await docker.getImage(name).remove({ force: true });

    const first = await up({ environment: env });
    expect(first.notApplied).toEqual([]);
    // The images' ids differ: they were built at another time.
    const plain = (found: unknown) => JSON.parse(JSON.stringify(found).replaceAll(/sha256:[0-9a-f]+|\bANY\b/g, "ID"));
    expect(plain(await comparable(docker, PROJECT))).toEqual(plain(theirs));
    expect([await said("plain"), await said("named")]).toEqual(["one", "hello"]);
    const { Config } = await docker.getImage(`${PREFIX}/named:also`).inspect();
    expect(Config.Labels).toMatchObject({ "own.label": "given", "com.docker.compose.service": "named" });

    const before = await id("plain");
    write({ "app/left-out": "2" });
    expect((await up({ environment: env })).steps).toEqual([]);
    write({ "app/words": "two" });
    await up({ environment: env });
    expect([await said("plain"), await said("named")]).toEqual(["two", "hello"]);
    const after = await id("plain");
    expect(after).not.toBe(before);

    const inline = `
      context: app
      dockerfile_inline: |
        FROM ${BUSYBOX}
        LABEL ${PREFIX}=1
        RUN echo inline > /said`;
    write({ "compose.yaml": BUILT["compose.yaml"].replace("build: app", `build: ${inline}`) });
    await up();
    expect(await said("plain")).toBe("inline");
  });

  test("a build that fails tells its place and what its steps wrote; what runs stays", async () => {
    write(BUILT);
    await up();
    const before = [await id("plain"), await id("named")];
    write({ "other.Dockerfile": `FROM ${BUSYBOX} AS small\nLABEL ${PREFIX}=1\nRUN echo the disk is sad && false\n` });
    write({ "app/words": "changed" });
    await expect(up()).rejects.toMatchObject({
      code: "CommandFailed",
      details: {
        reason: expect.stringMatching(/compose\.yaml:10: services\.named\.build: [\s\S]*the disk is sad/),
        file: join(folder, "compose.yaml"),
        line: 10,
      },
    });
    expect([await id("plain"), await id("named")]).toEqual(before);
  });

  test("a context or a Dockerfile that is not there", async () => {
    write({ "compose.yaml": `name: ${PROJECT}\nservices:\n  web:\n    build: nowhere\n` });
    await expect(up()).rejects.toMatchObject({
      code: "ConfigInvalid",
      details: {
        reason: expect.stringMatching(/compose\.yaml:4: services\.web\.build: build context .*nowhere/),
        line: 4,
      },
    });
  });
});

/** A service with an image of the registry that the engine lacks; its content is `word`. */
async function publish(name: string, word: string, size = 0): Promise<string> {
  const image = `${registry.address}/${PREFIX}/${name}:1`;
  const files = [
    { path: "said", kind: "file" as const, content: Buffer.from(word) },
    { path: "filler", kind: "file" as const, content: noise(size) },
  ];
  const context = tar([
    {
      path: "Dockerfile",
      kind: "file",
      content: Buffer.from(`FROM ${BUSYBOX}\nLABEL ${PREFIX}=1\nCOPY said filler /\n`),
    },
    ...files,
  ]);
  await followed(await docker.buildImage(context as never, { t: image }));
  await followed(await docker.getImage(image).push({ authconfig: {} as never }));
  await docker.getImage(image).remove({ force: true });
  return image;
}

/** Makes the registry answer at its address in the network of the engine too: over a socket, which no network parts. */
async function way({ host }: OwnEngine, { address }: TestRegistry): Promise<() => void> {
  const at = host.replace("unix://", "").replace(/docker\.sock$/, "");
  const port = Number(address.split(":")[1]);
  const here = createServer(
    (one) =>
      void one
        .pipe(connect(port, "127.0.0.1"))
        .pipe(one)
        .on("error", () => {}),
  );
  await new Promise<void>((ready) => here.listen(join(at, "registry.sock"), ready));
  const relay = `const { connect, createServer } = require("node:net");
    createServer((one) => one.pipe(connect(${JSON.stringify(join(at, "registry.sock"))})).pipe(one).on("error", () => {}))
      .listen(${port}, "127.0.0.1", () => console.log("ready"));`;
  const pid = readFileSync(join(at, "pid"), "utf8").trim();
  const words = ["--target", pid, "--net", process.execPath, "-e", relay];
  const there = spawn("nsenter", words, { stdio: ["ignore", "pipe", "inherit"] });
  await once(there.stdout, "data");
  return () => {
    there.kill();
    here.close();
  };
}

/** Bytes that no layer compresses. */
function noise(size: number): Buffer {
  const { stdout } = spawnSync("head", ["-c", String(size), "/dev/urandom"], { maxBuffer: 1 << 28 });
  return stdout;
}

function followed(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((done, fail) =>
    docker.modem.followProgress(stream, (error, events: { error?: string }[] | null) => {
      const refused = events?.find((event) => event.error)?.error;
      if (error || refused) fail(error ?? new Error(refused));
      else done();
    }),
  );
}

const service = (name: string, image: string, more = "") =>
  `  ${name}:\n    image: ${image}\n    init: true\n    command: [sleep, "1000"]\n${more}`;

describe("images that are pulled", () => {
  test("side by side, with progress; those that cannot be had are told with their places, and what runs stays", async () => {
    const [one, two] = [await publish("one", "first", 300_000), await publish("two", "second", 300_000)];
    write({ "compose.yaml": `name: ${PROJECT}\nservices:\n${service("a", one)}${service("b", two)}` });
    const events: ProgressEvent[] = [];
    await up({ onEvent: (event) => events.push(event) });
    expect([await said("a"), await said("b")]).toEqual(["first", "second"]);
    const pulls = events.flatMap((event) => (event.kind === "resource" && event.action === "pull" ? [event] : []));
    expect(pulls.slice(0, 2).map(({ state, name }) => [state, name])).toEqual([
      ["started", one],
      ["started", two],
    ]);
    expect(pulls.slice(2).map(({ state }) => state)).toEqual(["finished", "finished"]);
    const waited = events.flatMap((event) =>
      event.kind === "waiting" && event.urn === `image ${one}` ? [event.text] : [],
    );
    expect(waited.at(-1)).toMatch(/^(\d+) of \1 layers/);

    const before = [await id("a"), await id("b")];
    const missing = `${registry.address}/${PREFIX}/none:1`;
    const nobody = "127.0.0.1:9/own/web:1";
    write({
      "compose.yaml": `name: ${PROJECT}\nservices:\n${service("a", one, "    labels: [changed]\n")}${service("b", missing)}${service("c", nobody)}`,
    });
    const file = join(folder, "compose.yaml");
    await expect(up()).rejects.toMatchObject({
      code: "CommandFailed",
      details: {
        reason: expect.stringContaining(`${file}:9: services.b.image: ${registry.address} has no image ${missing}`),
        suggestion: "check its name and tag, and that it was pushed",
        file,
        line: 9,
        also: [expect.stringContaining(`${file}:13: services.c.image: the registry 127.0.0.1:9 cannot be reached`)],
      },
    });
    expect([await id("a"), await id("b")]).toEqual(before);
  });

  test("pull_policy always looks for another image each time, services pull on demand", async () => {
    const moving = await publish("moving", "old");
    write({ "compose.yaml": `name: ${PROJECT}\nservices:\n${service("a", moving)}` });
    await up();
    await publish("moving", "new");
    await run("docker", ["tag", (await inspected("a")).Image, moving]);
    expect((await up()).steps).toEqual([]);
    expect(await servicesPull({ files: [PROJECT], home, dryRun: true })).toMatchObject({ pulls: [moving], images: [] });
    const { images } = await servicesPull({ files: [PROJECT], home });
    expect(images).toMatchObject([{ name: moving, services: ["a"], changed: true }]);
    expect(await said("a")).toBe("old");
    await up();
    expect(await said("a")).toBe("new");

    await publish("moving", "newest");
    await run("docker", ["tag", (await inspected("a")).Image, moving]);
    write({ "compose.yaml": `name: ${PROJECT}\nservices:\n${service("a", moving, "    pull_policy: always\n")}` });
    await up();
    expect(await said("a")).toBe("newest");
    expect((await servicesPull({ files: [PROJECT], home })).images).toMatchObject([{ changed: false }]);
    await expect(servicesPull({ files: [PROJECT], home, services: ["x"] })).rejects.toMatchObject({
      code: "NotFound",
      details: { reason: "there is no service x", suggestion: "there are: a" },
    });
  });

  test("a disk that is full during a pull: what to do, and what runs stays", async () => {
    const disk = mkdtempSync(join(tmpdir(), "disk-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", disk]);
    const engine = await ownEngine("--data-root", disk).catch(async (error) => {
      await run("umount", [disk]);
      throw error;
    });
    const closeWay = await way(engine, registry);
    try {
      const [small, big] = [await publish("small", "small"), await publish("big", "big", 60_000_000)];
      write({ "compose.yaml": `name: ${PROJECT}\nservices:\n${service("a", small)}` });
      const options = { host: engine.host };
      await up(options);
      const running = async () => (await engine.docker.listContainers()).map(({ Id }) => Id);
      const before = await running();
      write({ "compose.yaml": `name: ${PROJECT}\nservices:\n${service("a", small)}${service("b", big)}` });
      await expect(up(options)).rejects.toMatchObject({
        code: "CommandFailed",
        details: {
          reason: expect.stringMatching(
            /compose\.yaml:8: services\.b\.image: the disk of the Docker engine .* is full/,
          ),
          suggestion: expect.stringContaining("docker system df"),
        },
      });
      expect(await running()).toEqual(before);
    } finally {
      closeWay();
      await engine.remove();
      await run("umount", [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});
