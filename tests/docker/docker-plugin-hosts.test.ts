import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { keyPair, testHost } from "../../local/plugins/command/test-host.ts";
import { type Declared, type Project, throwAwayProject } from "../engine/harness.ts";
import { until } from "./backend-fixture.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX, removeEverything } from "./docker-fixture.ts";

const SOCKET = "/var/run/docker.sock";
const closers: (() => void)[] = [];
let project: Project;
let dir: string;
beforeAll(async () => {
  await removeEverything();
  await makeBusyboxImage();
});
afterAll(removeEverything);
beforeEach(() => {
  project = throwAwayProject({ url: "http://127.0.0.1:1", token: "none" });
  dir = mkdtempSync(join(tmpdir(), "windlass-docker-hosts-"));
});
afterEach(async () => {
  await project.destroy();
  for (const close of closers.splice(0)) close();
  await removeEverything();
  await makeBusyboxImage();
  project.remove();
  rmSync(dir, { recursive: true, force: true });
});

const named = (name: string) => `${PREFIX}-${name}`;

/** The provider of one engine, and things on it. */
function on(host: Record<string, unknown>, ...declared: Declared[]): void {
  const provider: Declared = { name: "host", type: "docker:Provider", args: host };
  project.declare(provider, ...declared.map((one) => ({ ...one, options: { ...one.options, provider: "host" } })));
}

function container(name: string, args: Record<string, unknown> = {}): Declared {
  const usual = { image: BUSYBOX, name: named(name), command: ["sleep", "1000"], destroyGraceSeconds: 1 };
  return { name, type: "docker:Container", args: { ...usual, ...args } };
}

const network: Declared = { name: "net", type: "docker:Network", args: { name: named("net") } };
const volume: Declared = { name: "data", type: "docker:Volume", args: { name: named("data") } };

async function listen(server: Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  closers.push(() => server.close());
  return (server.address() as { port: number }).port;
}

/**
 * The engine at a TCP port, but the answers of these requests are lost, once each: they reach the engine, and then the line breaks.
 * @param lost beginnings of request lines, as in `POST /networks/create`
 */
async function losingEngine(lost: Set<string>): Promise<number> {
  const pipe = (client: Socket) => {
    const engine = connect(SOCKET);
    let cut = false;
    client.on("data", (chunk) => {
      const line = chunk.toString("latin1").split("\r\n", 1)[0] ?? "";
      for (const one of lost) {
        if (!line.startsWith(one)) continue;
        cut = true;
        lost.delete(one);
      }
      engine.write(chunk);
    });
    engine.on("data", (chunk) => (cut ? client.destroy() : client.write(chunk)));
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      one.on("close", () => other.destroy()).on("error", () => other.destroy());
    }
  };
  return listen(createServer(pipe));
}

test("a create whose answer is lost happens once", async () => {
  const lost = new Set(["POST /containers/create", "POST /networks/create", "POST /volumes/create"]);
  on({ host: `tcp://127.0.0.1:${await losingEngine(lost)}` }, network, volume, container("web"));
  const up = await project.up();
  expect([up.errors, lost.size]).toEqual([[], 0]);
  const all = await docker.listContainers({ all: true, filters: { name: [named("web")] } });
  expect(all.map(({ Id }) => Id)).toEqual([project.state().resources.find((one) => one.urn.endsWith("::web"))?.id]);
  const networks = (await docker.listNetworks()).filter(({ Name }) => Name === named("net"));
  expect(networks.length).toBe(1);
  expect(project.outputs("web").labels).toBeUndefined();
  expect((await project.up()).ops).toMatchObject({ net: "same", data: "same", web: "same" });
});

test("what a killed update has made is found by the next one, and nobody else's things are taken", async () => {
  await docker.createNetwork({ Name: named("net"), CheckDuplicate: true });
  await docker.createVolume({ Name: named("data") });
  const port = await losingEngine(new Set());
  on({ host: `tcp://127.0.0.1:${port}` }, network, volume, container("web"));
  // The first refusal would keep what has not begun from being made.
  const first = await project.up("--continue-on-error");
  const refusals = first.errors.filter((error) => error.includes("which this resource did not make"));
  expect(refusals.length).toBe(2);
  const before = project.state().resources.find((one) => one.urn.endsWith("::web"))?.id as string;
  // As after a kill between the create and the note of it: the engine of the state has never heard of the container.
  await project.pulumi([
    "state",
    "delete",
    "--yes",
    project.state().resources.find((one) => one.id === before)?.urn as string,
  ]);
  on({ host: `tcp://127.0.0.1:${port}` }, container("web"));
  expect((await project.up()).errors).toEqual([]);
  expect(project.state().resources.find((one) => one.urn.endsWith("::web"))?.id).toBe(before);
});

test("an engine behind TLS is reached with the right certificates, and the wrong ones are told", async () => {
  const ssl = (...args: string[]) => {
    const made = spawnSync("openssl", args, { cwd: dir, encoding: "utf8" });
    if (made.status !== 0) throw new Error(made.stderr);
  };
  const read = (name: string) => readFileSync(join(dir, name), "utf8");
  for (const authority of ["ca", "other"]) {
    ssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${authority}`,
      "-keyout",
      `${authority}-key.pem`,
      "-out",
      `${authority}.pem`,
    );
  }
  writeFileSync(join(dir, "names"), "subjectAltName=IP:127.0.0.1");
  for (const side of ["server", "client"]) {
    ssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-subj",
      `/CN=${side}`,
      "-keyout",
      `${side}-key.pem`,
      "-out",
      `${side}.csr`,
    );
    ssl(
      "x509",
      "-req",
      "-in",
      `${side}.csr`,
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca-key.pem",
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      "names",
      "-out",
      `${side}.pem`,
    );
  }
  const server = { key: read("server-key.pem"), cert: read("server.pem"), ca: read("ca.pem") };
  const secured = createTlsServer({ ...server, requestCert: true, rejectUnauthorized: true }, (client) => {
    const engine = connect(SOCKET);
    client.pipe(engine).pipe(client);
    client.on("error", () => engine.destroy());
    engine.on("error", () => client.destroy());
  }).on("tlsClientError", () => {});
  const host = `tcp://127.0.0.1:${await listen(secured)}`;
  const material = { certMaterial: read("client.pem"), keyMaterial: { $secret: read("client-key.pem") } };
  on({ host, ...material, caMaterial: read("other.pem") }, volume);
  expect((await project.up()).errors.join()).toMatch(/the TLS connection to the Docker engine at tcp:.* failed/);
  on({ host, ...material, caMaterial: read("ca.pem") }, volume);
  expect((await project.up()).errors).toEqual([]);
  expect((await docker.getVolume(named("data")).inspect()).Name).toBe(named("data"));
});

test("an engine over ssh is reached where the host key is the known one; another key, and no key, are refused", async () => {
  const keys = keyPair();
  const machine = await testHost({ publicKey: keys.public });
  closers.push(() => void machine.close());
  writeFileSync(join(dir, "key"), keys.private, { mode: 0o600 });
  const host = `ssh://root@127.0.0.1:${machine.port}`;
  const sshOpts = ["-i", join(dir, "key"), "-o", `UserKnownHostsFile=${join(dir, "known_hosts")}`];
  on({ host, sshOpts }, volume);
  const unknown = await project.up();
  expect(unknown.errors.join()).toMatch(
    /the host key is not in .*known_hosts: add it there \(ssh-keyscan -p \d+ 127.0.0.1/,
  );
  writeFileSync(join(dir, "known_hosts"), `[127.0.0.1]:${machine.port} ${machine.hostKey}\n`);
  on({ host, sshOpts }, network, volume, container("web", { networksAdvanced: [{ name: { $ref: "net.name" } }] }));
  const up = await project.up();
  expect(up.errors).toEqual([]);
  expect((await docker.getContainer(named("web")).inspect()).State.Running).toBe(true);
  // One connection for each provider process, whatever the number of requests.
  expect(machine.connections).toBe(1);
  const known = readFileSync(join(dir, "known_hosts"), "utf8");
  writeFileSync(join(dir, "known_hosts"), `[127.0.0.1]:${machine.port} ${keyPair().public}\n`);
  const changed = await project.refresh();
  expect(changed.errors.join()).toMatch(
    /the host key is not the expected one: the machine was rebuilt, or it is another one/,
  );
  writeFileSync(join(dir, "known_hosts"), known);
  expect((await project.destroy()).errors).toEqual([]);
});

test("more requests at once than sshd lets one connection have sessions for go over another connection", async () => {
  const keys = keyPair();
  const machine = await testHost({ publicKey: keys.public, maxSessions: 3 });
  closers.push(() => void machine.close());
  writeFileSync(join(dir, "key"), keys.private, { mode: 0o600 });
  writeFileSync(join(dir, "known_hosts"), `[127.0.0.1]:${machine.port} ${machine.hostKey}\n`);
  const sshOpts = ["-i", join(dir, "key"), "-o", `UserKnownHostsFile=${join(dir, "known_hosts")}`];
  const many = Array.from({ length: 24 }, (_, at): Declared => {
    return { name: `data-${at}`, type: "docker:Volume", args: { name: named(`data-${at}`) } };
  });
  on({ host: `ssh://root@127.0.0.1:${machine.port}`, sshOpts }, ...many);
  expect((await project.up()).errors).toEqual([]);
  expect(machine.connections).toBeGreaterThan(1);
});

test("an engine that is not there is told with its address, and the state keeps everything", async () => {
  on({ host: `unix://${join(dir, "nothing.sock")}` }, volume);
  const failed = await project.up();
  expect(failed.errors.join()).toMatch(
    /creating volume "data": .*engine at unix:.*nothing.sock cannot be reached \(ENOENT\)/,
  );
  on({ host: "carrier-pigeon://x" }, volume);
  expect((await project.up()).errors.join()).toContain("expected unix://PATH, tcp://HOST:PORT or ssh://USER@HOST");
});

test("a wait that is cancelled leaves the container in the state", async () => {
  const healthcheck = { tests: ["CMD", "false"], interval: "1s" };
  on({ host: `unix://${SOCKET}` }, container("web", { wait: true, waitTimeout: 250, healthcheck }));
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  await project.preview();
  const running = project.pulumi(["up", "--yes", "--skip-preview", "--json", "--non-interactive"], {
    started: (child) => (kill = (signal) => child.kill(signal)),
  });
  // A look at its health comes a second after its start, which the plugin waits for by then.
  await until(async () => (await docker.getContainer(named("web")).inspect()).State.Health?.Log?.[0], 120);
  const interrupted = Date.now();
  kill?.("SIGINT");
  const cancelled = await running;
  expect(cancelled.code).not.toBe(0);
  expect(Date.now() - interrupted).toBeLessThan(100_000);
  const kept = project.state().resources.find((one) => one.urn.endsWith("::web"));
  expect(kept?.id).toBe((await docker.getContainer(named("web")).inspect()).Id);
  expect(project.state().pending).toEqual([]);
});
