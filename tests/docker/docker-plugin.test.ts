import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { freePort } from "../../tools/test/free-port.ts";
import { type Declared, type Project, throwAwayProject } from "../engine/harness.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX, removeEverything } from "./docker-fixture.ts";

let project: Project;
beforeAll(async () => {
  await removeEverything();
  await makeBusyboxImage();
});
afterAll(removeEverything);
beforeEach(() => {
  project = throwAwayProject({ url: "http://127.0.0.1:1", token: "none" });
});
afterEach(async () => {
  await project.destroy();
  project.remove();
});

const named = (name: string) => `${PREFIX}-${name}`;

/** A container that sleeps, unless told otherwise. */
function container(name: string, args: Record<string, unknown> = {}, options?: Record<string, unknown>): Declared {
  const usual = { image: BUSYBOX, name: named(name), command: ["sleep", "1000"], destroyGraceSeconds: 1 };
  return { name, type: "docker:Container", args: { ...usual, ...args }, ...(options ? { options } : {}) };
}

function inspect(name: string) {
  return docker.getContainer(named(name)).inspect();
}

test("a network, a volume and a container come up, stay as they are, and go", async () => {
  project.declare(
    { name: "net", type: "docker:Network", args: { name: named("net"), labels: [{ label: "a", value: "b" }] } },
    { name: "data", type: "docker:Volume", args: { name: named("data") } },
    container("web", {
      envs: ["B=2", "A=1"],
      labels: [{ label: "com.docker.compose.project", value: "x" }],
      networksAdvanced: [{ name: { $ref: "net.name" }, aliases: ["www"] }],
      volumes: [{ volumeName: { $ref: "data.name" }, containerPath: "/data" }],
      ports: [{ internal: 80 }],
      memory: 64,
      restart: "unless-stopped",
      healthcheck: { tests: ["CMD", "true"], interval: "60s" },
      uploads: [{ file: "/etc/hello", content: "hi\n" }],
    }),
  );
  const first = await project.up();
  expect(first.errors).toEqual([]);
  expect(first.ops).toEqual({ net: "create", data: "create", web: "create" });
  const found = await inspect("web");
  expect(found.State.Running).toBe(true);
  expect(Object.keys(found.NetworkSettings.Networks)).toEqual([named("net")]);
  expect(found.HostConfig.Memory).toBe(64 * 1024 * 1024);
  expect(project.outputs("web").networkDatas).toMatchObject([{ networkName: named("net") }]);
  const published = found.NetworkSettings.Ports["80/tcp"]?.[0]?.HostPort;
  expect(project.outputs("web").ports).toMatchObject([{ internal: 80, external: Number(published) }]);
  const again = await project.up();
  expect([again.ops, again.diffs, again.errors]).toEqual([{ net: "same", data: "same", web: "same" }, {}, []]);
  const refreshed = await project.refresh();
  expect([refreshed.diffs, refreshed.errors]).toEqual([{}, []]);
  const after = await project.up();
  expect([after.ops, after.diffs]).toEqual([{ net: "same", data: "same", web: "same" }, {}]);
  const gone = await project.destroy();
  expect(gone.errors).toEqual([]);
  await expect(inspect("web")).rejects.toThrow("No such container");
});

test("what the engine can change in a running container is changed there; everything else makes a new one", async () => {
  const args = {
    envs: ["A=1", "B=2"],
    memory: 32,
    restart: "no",
    healthcheck: { tests: ["CMD", "true"], interval: "60s" },
  };
  project.declare(container("web", args));
  await project.up();
  const { Id } = await inspect("web");
  const same = { envs: ["B=2", "A=1"], healthcheck: { tests: ["CMD", "true"], interval: "1m" } };
  project.declare(container("web", { ...args, ...same }));
  expect((await project.preview()).ops).toEqual({ web: "same" });
  project.declare(container("web", { ...args, ...same, memory: 64, restart: "on-failure", maxRetryCount: 3 }));
  const tuned = await project.up();
  expect([tuned.ops, tuned.errors]).toEqual([{ web: "update" }, []]);
  const after = await inspect("web");
  expect(after.Id).toBe(Id);
  expect(after.HostConfig).toMatchObject({
    Memory: 64 * 1024 * 1024,
    RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
  });
  project.declare(container("web", { ...args, envs: ["A=2"] }));
  const replaced = await project.up();
  expect([replaced.ops, replaced.errors]).toEqual([{ web: "replace" }, []]);
  const fresh = await inspect("web");
  expect(fresh.Id).not.toBe(Id);
  expect(fresh.Config.Env).toContain("A=2");
});

test("a container that somebody has stopped is started, one that somebody has removed is made again", async () => {
  project.declare(container("web"));
  await project.up();
  const { Id } = await inspect("web");
  await docker.getContainer(Id).stop({ t: 0 });
  const seen = await project.refresh();
  expect(seen.errors).toEqual([]);
  const started = await project.up();
  expect([started.ops, started.diffs.web]).toEqual([{ web: "update" }, { mustRun: "update" }]);
  expect(await inspect("web")).toMatchObject({ Id, State: { Running: true } });
  await docker.getContainer(Id).update({ Memory: 48 * 1024 * 1024, MemorySwap: 96 * 1024 * 1024 });
  await docker.getContainer(Id).remove({ force: true });
  await project.refresh();
  const made = await project.up();
  expect([made.ops, made.errors]).toEqual([{ web: "create" }, []]);
  const { Id: third } = await inspect("web");
  // The engine shows providers nothing of the state in a `--replace`, so this one could be what a killed update has left.
  const kept = await project.up("--replace", "**::web");
  expect(kept.text).toContain("was not replaced: under the same name it cannot be told from one that");
  expect(await inspect("web")).toMatchObject({ Id: third, State: { Running: true } });
  project.declare(container("web", {}, { deleteBeforeReplace: true }));
  expect((await project.up("--replace", "**::web")).errors).toEqual([]);
  const replaced = await inspect("web");
  expect([replaced.State.Running, replaced.Id === third]).toEqual([true, false]);
});

test("one that does not become healthy stays in the state, says why, and is waited for again", async () => {
  const healthcheck = { tests: ["CMD", "test", "-e", "/tmp/ready"], interval: "200ms", retries: 2 };
  const args = { command: ["sh", "-c", "echo no luck today; sleep 1000"], wait: true, waitTimeout: 15, healthcheck };
  project.declare(container("web", args));
  const failed = await project.up();
  expect(failed.code).not.toBe(0);
  expect(failed.errors.join()).toMatch(
    /still unhealthy after 15 s[\s\S]*the last health check ended with 1[\s\S]*no luck today/,
  );
  const [kept] = project.state().resources.filter((one) => one.type.includes("container"));
  expect(kept?.initErrors?.length).toBe(1);
  const { Id } = await inspect("web");
  const exec = await docker.getContainer(Id).exec({ Cmd: ["touch", "/tmp/ready"] });
  await exec.start({});
  const mended = await project.up();
  expect([mended.errors, (await inspect("web")).Id]).toEqual([[], Id]);
  expect(project.state().resources.find((one) => one.type.includes("container"))?.initErrors).toBeUndefined();
});

test("a program that ends while it is waited for is told at once", async () => {
  const args = { command: ["sh", "-c", "echo broken; false"], wait: true, waitTimeout: 100 };
  project.declare(container("web", { ...args, healthcheck: { tests: ["CMD", "true"], interval: "30s" } }));
  const failed = await project.up();
  expect(failed.errors.join()).toMatch(/has ended with exit code 1[\s\S]*broken/);
});

test("a task is waited for, and its output is kept", async () => {
  project.declare(container("task", { command: ["echo", "done"], attach: true, logs: true, mustRun: false }));
  expect((await project.up()).errors).toEqual([]);
  expect(project.outputs("task")).toMatchObject({ containerLogs: "done\n", exitCode: 0 });
  expect((await project.up()).ops).toEqual({ task: "same" });
});

test("a port that is taken, an image that is not there, a name that is somebody else's", async () => {
  const external = await freePort();
  const holder = await docker.createContainer({
    name: named("holder"),
    Image: BUSYBOX,
    Cmd: ["sleep", "1000"],
    ExposedPorts: { "80/tcp": {} },
    HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: String(external) }] } },
  });
  await holder.start();
  project.declare(
    container("web", { ports: [{ internal: 80, external }] }),
    container("none", { image: `${PREFIX}/none:1` }),
    container("holder"),
  );
  const { errors } = await project.up();
  const about = (name: string) => errors.find((error) => error.includes(`"${name}"`));
  expect(about("web")).toMatch(/port is already allocated.*another program or container of the host has the port/);
  expect(about("none")).toMatch(/No such image.*make it with docker.RemoteImage or docker.Image first/);
  expect(about("holder")).toMatch(
    /the name is in use by container .* which this resource did not make.*pulumi import/s,
  );
  expect((await holder.inspect()).State.Running).toBe(true);
  await holder.remove({ force: true });
  const mended = await project.up("--target", "**web");
  expect(mended.errors).toEqual([]);
  expect((await inspect("web")).State.Running).toBe(true);
});

test("what is there is imported, and the program that describes it changes nothing", async () => {
  const external = await freePort();
  const args = {
    envs: ["A=1"],
    labels: [{ label: "a", value: "b" }],
    ports: [{ internal: 80, external }],
    memory: 32,
  };
  await docker.createVolume({ Name: named("data"), Labels: { x: "y" } });
  const network = await docker.createNetwork({ Name: named("net"), CheckDuplicate: true });
  const made = await docker.createContainer({
    name: named("web"),
    Image: BUSYBOX,
    Cmd: ["sleep", "1000"],
    Env: args.envs,
    Labels: { a: "b" },
    ExposedPorts: { "80/tcp": {} },
    HostConfig: {
      Memory: 32 * 1024 * 1024,
      PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: String(external) }] },
      Binds: [`${named("data")}:/data:rw`],
    },
  });
  await made.start();
  const volumes = [{ volumeName: named("data"), containerPath: "/data" }];
  project.declare(
    {
      name: "data",
      type: "docker:Volume",
      args: { name: named("data"), labels: [{ label: "x", value: "y" }] },
      options: { import: named("data") },
    },
    { name: "net", type: "docker:Network", args: { name: named("net") }, options: { import: network.id } },
    container("web", { ...args, volumes, destroyGraceSeconds: undefined }, { import: made.id }),
  );
  const imported = await project.up();
  expect([imported.errors, imported.ops]).toEqual([[], { data: "import", net: "import", web: "import" }]);
  expect((await inspect("web")).Id).toBe(made.id);
});
