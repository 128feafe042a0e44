import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serviceStackFile } from "../../catalog/services/names.ts";
import { load, required } from "../../catalog/services/testing/load.ts";
import { openEngine } from "../../clients/docker/engine.ts";
import type { Backend } from "../../local/cloud/backend.ts";
import { createDockerBackend } from "../../local/cloud/backends/docker/backend.ts";
import { tar } from "../../local/plugins/docker/tar.ts";
import { servicesDown } from "../../runner/services/down.ts";
import { servicesPs } from "../../runner/services/ps.ts";
import { servicesUp } from "../../runner/services/up.ts";
import { makeImage } from "../../tools/images/debian/make-image.ts";
import { makeServiceImages } from "../../tools/images/service-images.ts";
import { freePort } from "../../tools/test/free-port.ts";
import { dropletSpec, keys, port, type Ssh, ssh, until } from "./backend-fixture.ts";
import { docker as machines, PREFIX } from "./docker-fixture.ts";
import { SOON } from "./stand-in-file.ts";

/** The stack of agent-tools on a droplet: its engine has nothing, and pulls all from a registry with TLS. */
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "windlass-droplet-"));
const { project } = load("agent-tools");
const pushed: string[] = [];
let made: string[] = [];
let backend: Backend;
let shell: Ssh;
let droplet: { ip: string; docker: Docker; address: { host: string; sshOpts: string[] } };
let registry: string;

beforeAll(async () => {
  backend = createDockerBackend({ dataDir: join(folder, "cloud"), log: () => {} });
  await backend.prepare(() => {});
  const image = { slug: "docker-20-04", gpu: false, docker: true };
  const { publicIp: ip } = await backend.ensureDroplet(dropletSpec(1, { image, gpu: undefined }));
  shell = await ssh(ip);
  await shell.run("cloud-init status --wait");
  writeFileSync(join(folder, "key"), keys.private, { mode: 0o600 });
  writeFileSync(join(folder, "known_hosts"), `${ip} ${hostKey(shell.hostKey)}\n`);
  const sshOpts = ["-i", join(folder, "key"), "-o", `UserKnownHostsFile=${join(folder, "known_hosts")}`];
  const address = { host: `ssh://root@${ip}`, sshOpts };
  const docker = openEngine(address);
  await until(async () => (await docker.ping()) as unknown);
  droplet = { ip, docker, address };
  registry = await startRegistry();
});

afterAll(async () => {
  shell?.close();
  const left = await machines.listContainers({ all: true, filters: { name: [`${PREFIX}-registry`] } });
  for (const { Id } of left) await machines.getContainer(Id).remove({ force: true, v: true });
  for (const name of [...pushed, ...made]) await machines.getImage(name).remove({ force: true });
  await backend.reset();
  await backend.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `TYPE KEY` of a line in known_hosts: the key's own first field is its type. */
function hostKey(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  return `${bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString()} ${base64}`;
}

/** Debian's docker-registry on this machine, with a certificate that the droplet trusts. Answers with its address as the droplet has it. */
async function startRegistry(): Promise<string> {
  const gateway = await shell.run("ip -4 route show default | awk '{ print $3; exit }'");
  const free = await freePort();
  const subject = ["-subj", "/CN=registry", "-addext", `subjectAltName=IP:${gateway},IP:127.0.0.1`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await run("openssl", ["req", "-x509", ...key, ...subject, "-keyout", "tls.key", "-out", "tls.crt"], { cwd: folder });
  const container = await machines.createContainer({
    name: `${PREFIX}-registry`,
    Image: await makeImage(machines, "registry"),
    Env: [
      `REGISTRY_HTTP_ADDR=0.0.0.0:${free}`,
      "REGISTRY_HTTP_TLS_CERTIFICATE=/tls.crt",
      "REGISTRY_HTTP_TLS_KEY=/tls.key",
    ],
    HostConfig: { NetworkMode: "host" },
  });
  const files = ["tls.crt", "tls.key"].map((path) => ({
    path,
    kind: "file" as const,
    content: readFileSync(join(folder, path)),
  }));
  await container.putArchive(tar(files), { path: "/" });
  await container.start();
  const address = `${gateway}:${free}`;
  const trusted = `/etc/docker/certs.d/${address}`;
  await shell.run(
    `mkdir -p ${trusted} && cat > ${trusted}/ca.crt << 'END'\n${readFileSync(join(folder, "tls.crt"), "utf8")}END\n`,
  );
  await until(async () => (await port("127.0.0.1", free)) === "open" || undefined);
  return address;
}

/** Pushes an image of this machine's engine under a name of the registry. The engine trusts every registry at 127.0.0.1. */
async function push(image: string, name: string): Promise<string> {
  const local = `127.0.0.1:${registry.split(":")[1]}/${name}`;
  const [repo, tag] = [local.slice(0, local.lastIndexOf(":")), local.slice(local.lastIndexOf(":") + 1)];
  await machines.getImage(image).tag({ repo, tag });
  pushed.push(local);
  const stream = await machines.getImage(local).push({ authconfig: {} as never });
  await new Promise((done, fail) =>
    machines.modem.followProgress(stream, (error, events: { error?: string }[] | null) => {
      const refused = events?.find((event) => event.error)?.error;
      if (error || refused) fail(error ?? new Error(refused));
      else done(undefined);
    }),
  );
  return `${registry}/${name}`;
}

/** The declared names of what is our own, at this registry; for what others publish, the same names below it. */
async function publish(): Promise<{ files: string[]; environment: NodeJS.ProcessEnv }> {
  const { images, made: own } = await makeServiceImages(machines, project, PREFIX);
  made = own;
  const changes: string[] = [];
  for (const [service, { image = "" }] of Object.entries(project.services)) {
    const isOurs = image.startsWith(required.REGISTRY);
    const name = isOurs ? image.replace(required.REGISTRY, "the-shop-infra") : image;
    const pulled = await push(images.get(service) ?? "", name);
    changes.push(`  ${service}:`, ...(isOurs ? [] : [`    image: ${pulled}`]), `    healthcheck: ${SOON}`);
  }
  mkdirSync(join(folder, "files"));
  const file = join(folder, "files", "here.yaml");
  writeFileSync(file, ["services:", ...changes, ""].join("\n"));
  const secrets = Object.values(project.secrets ?? {}).map(({ environment = "" }) => [environment, "not-a-secret"]);
  const environment = { PATH: process.env.PATH, ...Object.fromEntries(secrets) };
  return {
    files: [serviceStackFile("agent-tools") ?? "", file],
    environment: { ...environment, IMAGE_TAG: required.IMAGE_TAG, REGISTRY: `${registry}/the-shop-infra` },
  };
}

test("agent-tools comes up on a droplet that only pulls, and its ports answer", async () => {
  const { files, environment } = await publish();
  expect(await droplet.docker.listImages()).toEqual([]);
  const options = {
    files,
    environment,
    projectName: `${PREFIX}-tools`,
    home: join(folder, "home"),
    ...droplet.address,
  };
  const first = await servicesUp(options);
  expect(first.services.map(({ name, health, standIn }) => [name, health, standIn])).toEqual([
    ["gateway-mcp", "healthy", true],
    ["postgres", "healthy", false],
    ["prometheus", "healthy", false],
    ["qdrant", "healthy", true],
    ["rag-context", "healthy", true],
    ["state-persistence", "healthy", true],
  ]);
  const there = await droplet.docker.listImages();
  expect(there).toHaveLength(6);
  for (const { RepoDigests } of there) expect(RepoDigests?.[0]).toMatch(new RegExp(`^${registry}/.*@sha256:`));

  const open = { "gateway-mcp": 8000, "rag-context": 8007, "state-persistence": 8008 };
  for (const [service, number] of Object.entries(open)) {
    const answer = await fetch(`http://${droplet.ip}:${number}/health`);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining(`stand-in for ${service}`)]);
  }
  for (const number of [5432, 6333, 9090]) expect(await port(droplet.ip, number)).not.toBe("open");
  expect(await shell.run("curl -fsS http://127.0.0.1:9090/-/ready")).toContain("Prometheus Server is Ready");
  const postgres = `docker exec ${PREFIX}-tools-postgres-1`;
  // Its own check goes over the socket, where also the server answers that makes the database.
  await until(() => shell.run(`${postgres} pg_isready -h 127.0.0.1`));
  const psql = `${postgres} psql -U admin -d devtools -tAc`;
  expect(
    await shell.run(`${psql} 'create table kept (word text); insert into kept values (1); select * from kept'`),
  ).toContain("1");

  expect((await servicesUp(options)).steps).toEqual([]);
  await servicesDown({ files: [options.projectName], home: options.home });
  await servicesUp(options);
  await until(() => shell.run(`${postgres} pg_isready -h 127.0.0.1`));
  expect(await shell.run(`${psql} 'select count(*) from kept'`)).toBe("1");
  const ps = await servicesPs({ files: [options.projectName], home: options.home });
  expect([ps.host, ps.services.length]).toEqual([droplet.address.host, 6]);
});
