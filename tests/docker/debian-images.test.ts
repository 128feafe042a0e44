import { afterAll, expect, test } from "vitest";
import { exec, removeContainer } from "../../local/cloud/backends/docker/engine.ts";
import { type DebianImage, makeImage } from "../../tools/images/debian/make-image.ts";
import { until } from "./backend-fixture.ts";
import { docker, PREFIX } from "./docker-fixture.ts";

const started: string[] = [];
afterAll(async () => {
  for (const name of started) await removeContainer(docker, name);
});

/** Starts it without a network: what is asked of it is asked inside. Answers with what a command says once it succeeds. */
async function asked(image: DebianImage, options: { Env?: string[]; Cmd?: string[] }, ...command: string[]) {
  const name = `${PREFIX}-debian-${image}`;
  started.push(name);
  const container = await docker.createContainer({
    name,
    Image: await makeImage(docker, image),
    HostConfig: { NetworkMode: "none" },
    ...options,
  });
  await container.start();
  return until(() => exec(docker, name, command), 120);
}

test("PostgreSQL makes its database from the variables, with pgvector and TimescaleDB", async () => {
  const Env = ["POSTGRES_PASSWORD=pw", "POSTGRES_USER=admin", "POSTGRES_DB=devtools"];
  const Cmd = ["postgres", "-c", "shared_preload_libraries=timescaledb"];
  const psql = ["psql", "-h", "127.0.0.1", "-U", "admin", "devtools", "-tA"];
  await asked("postgres", { Env: [...Env, "PGPASSWORD=pw"], Cmd }, ...psql, "-c", "select 1");
  const create = ["-c", "create extension vector", "-c", "create extension timescaledb"];
  await exec(docker, `${PREFIX}-debian-postgres`, [...psql, ...create]);
  const distance = ["-c", "select '[1,0]'::vector <-> '[4,4]'"];
  expect(await exec(docker, `${PREFIX}-debian-postgres`, [...psql, ...distance])).toBe("5\n");
});

test("PostgreSQL without a password is refused", async () => {
  const name = `${PREFIX}-debian-no-password`;
  started.push(name);
  const container = await docker.createContainer({
    name,
    Image: await makeImage(docker, "postgres"),
    HostConfig: { NetworkMode: "none" },
  });
  await container.start();
  expect(await container.wait()).toEqual({ StatusCode: 1, Error: null });
});

test("Redis takes its command's options, and does not run as root", async () => {
  const Cmd = ["redis-server", "--maxmemory", "1mb"];
  expect(await asked("redis", { Cmd }, "redis-cli", "config", "get", "maxmemory")).toContain("1048576");
  expect(await exec(docker, `${PREFIX}-debian-redis`, ["stat", "-c", "%U", "/proc/1"])).toBe("redis\n");
});

test("nginx serves files", async () => {
  expect(await asked("nginx", {}, "curl", "-fsS", "http://localhost/")).toContain("Welcome to nginx");
});

test("Prometheus is ready, with its own configuration", async () => {
  const url = "http://localhost:9090";
  await asked("prometheus", {}, "wget", "-qO-", `${url}/-/ready`);
  const ask = ["wget", "-qO-", `${url}/api/v1/status/config`];
  expect(await exec(docker, `${PREFIX}-debian-prometheus`, ask)).toContain("job_name: prometheus");
});

test("Docker's registry answers", async () => {
  const perl = ["perl", "-MIO::Socket::INET", "-e"];
  const ask = `my $s = IO::Socket::INET->new("127.0.0.1:5000") or exit 1; print $s "GET /v2/ HTTP/1.0\\r\\n\\r\\n"; print <$s>;`;
  expect(await asked("registry", {}, ...perl, ask)).toContain("200 OK");
});
