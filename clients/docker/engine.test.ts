import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { containerLogs, projectContainers } from "./containers.ts";
import { asking, openEngine } from "./engine.ts";
import { sshWords } from "./ssh-agent.ts";

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "docker-client-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((done) => (server ? server.close(done) : done(undefined)));
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** An engine at a socket that gives these answers by path. */
async function engineOf(answers: Record<string, string | Buffer>) {
  const path = join(folder, "docker.sock");
  server = createServer(({ url = "" }, response) => {
    const answer = answers[url.split("?")[0] ?? ""];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(answer ?? JSON.stringify({ message: `no ${url}` }));
  }).listen(path);
  await new Promise((done) => server?.once("listening", done));
  return { host: `unix://${path}` };
}

/** A chunk of the engine's multiplexed logs. */
function chunk(stream: 1 | 2, text: string | Buffer): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

test("containers by service and number, with health and ports", async () => {
  const one = (service: string, number: number, more: object) => ({
    Id: `${service}${number}`,
    Names: [`/shop-${service}-${number}`],
    Image: "a",
    State: "running",
    Status: "Up 2 seconds",
    Ports: [],
    Labels: { "com.docker.compose.service": service, "com.docker.compose.container-number": String(number) },
    ...more,
  });
  const list = [
    one("web", 10, { Status: "Up 1 second (health: starting)" }),
    one("web", 2, { Status: "Up 9 hours (unhealthy)" }),
    one("db", 1, {
      State: "exited",
      Status: "Exited (137) 1 second ago",
      Ports: [
        { PrivatePort: 80, Type: "tcp" },
        { PrivatePort: 8, PublicPort: 9, IP: "::", Type: "udp" },
      ],
    }),
  ];
  const address = await engineOf({ "/containers/json": JSON.stringify(list) });
  const found = await projectContainers(openEngine(address), address, "shop");
  expect(found.map(({ name, health, exitCode }) => [name, health, exitCode])).toEqual([
    ["shop-db-1", null, 137],
    ["shop-web-2", "unhealthy", null],
    ["shop-web-10", "starting", null],
  ]);
  expect(found[0]?.ports).toEqual([
    { published: 9, ip: "::", target: 8, protocol: "udp" },
    { published: null, ip: null, target: 80, protocol: "tcp" },
  ]);
});

describe("logs", () => {
  const smile = Buffer.from("2026-01-01T00:00:02Z \u{1f642}\n");
  const raw = Buffer.concat([
    chunk(1, "2026-01-01T00:00:03Z last\n2026-01-01T00:00:01Z fir"),
    chunk(2, smile.subarray(0, 23)),
    chunk(1, "st\r\n"),
    chunk(2, smile.subarray(23)),
    chunk(1, "2026-01-01T00:00:04Z without an end"),
  ]);
  const inspect = (Tty: boolean) => JSON.stringify({ Config: { Tty } });

  test("are cut into lines and put in order, whole characters from two chunks", async () => {
    const address = await engineOf({ "/containers/a/json": inspect(false), "/containers/a/logs": raw });
    const lines = await collected(containerLogs(openEngine(address), address, "a"));
    expect(lines).toEqual([
      { time: "2026-01-01T00:00:01Z", stream: "stdout", text: "first" },
      { time: "2026-01-01T00:00:02Z", stream: "stderr", text: "\u{1f642}" },
      { time: "2026-01-01T00:00:03Z", stream: "stdout", text: "last" },
      { time: "2026-01-01T00:00:04Z", stream: "stdout", text: "without an end" },
    ]);
  });

  test("come as they are written while they are followed, and end with the container", async () => {
    const address = await engineOf({ "/containers/a/json": inspect(false), "/containers/a/logs": raw });
    const lines = await collected(containerLogs(openEngine(address), address, "a", { follow: true }));
    expect(lines.map(({ text }) => text).sort()).toEqual(["first", "last", "without an end", "\u{1f642}"]);
  });

  test("of a terminal are one stream", async () => {
    const address = await engineOf({
      "/containers/a/json": inspect(true),
      "/containers/a/logs": "2026-01-01T00:00:01Z one\r\n",
    });
    expect(await collected(containerLogs(openEngine(address), address, "a"))).toMatchObject([{ text: "one" }]);
  });
});

describe("over ssh", () => {
  test("the words for ssh", () => {
    const words = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=15"];
    const end = ["--", "nas", "docker system dial-stdio"];
    expect(sshWords("ssh://nas")).toEqual([...words, ...end]);
    expect(sshWords("ssh://me@nas:2222", ["-i", "key"])).toEqual([
      "-l",
      "me",
      "-p",
      "2222",
      ...words,
      "-i",
      "key",
      ...end,
    ]);
  });

  test.each(["ssh://", "ssh://nas/path", "ssh://-oProxyCommand=x", "nas"])("%s is no address", (url) => {
    expect(() => sshWords(url)).toThrow(/is no ssh address/);
  });

  function fakeSsh(script: string): void {
    writeFileSync(join(folder, "ssh"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "ssh"), 0o755);
    vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
  }

  test("a request goes through ssh to the engine's own command there", async () => {
    fakeSsh(
      `echo "$@" > ${folder}/words\nread line\nprintf 'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n[]'`,
    );
    const address = { host: "ssh://root@nas", sshOpts: ["-o", "UserKnownHostsFile=/k"] };
    expect(await projectContainers(openEngine(address), address, "shop")).toEqual([]);
  });

  test("many requests at once do not dial more than sshd lets in at once", async () => {
    const answer = "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n[]";
    fakeSsh(
      `: > ${folder}/live.$$\nls ${folder} | grep -c ^live >> ${folder}/counts\nsleep 0.2\nrm ${folder}/live.$$\nread line\nprintf '${answer}'`,
    );
    const address = { host: "ssh://root@nas" };
    const docker = openEngine(address);
    await Promise.all(Array.from({ length: 20 }, () => projectContainers(docker, address, "shop")));
    const counts = readFileSync(join(folder, "counts"), "utf8").trim().split("\n").map(Number);
    expect(counts).toHaveLength(20);
    expect(Math.max(...counts)).toBeLessThan(10);
  });

  test("what ssh says is told when it fails", async () => {
    const address = { host: "ssh://root@nas" };
    const ask = () => projectContainers(openEngine(address), address, "shop");
    fakeSsh("echo 'No route to host' >&2; exit 255");
    await expect(ask()).rejects.toThrow(
      /the Docker engine at ssh:\/\/root@nas does not answer: ssh ended with 255: No route to host/,
    );
    fakeSsh("echo 'Host key verification failed.' >&2; exit 255");
    await expect(ask()).rejects.toThrow(/ssh:\/\/root@nas: the host key is not known here/);
  });
});

test.each(["nas", "ftp://nas", "unix://"])("%s is no address of an engine", (host) => {
  expect(() => openEngine({ host })).toThrow(/is no address of a Docker engine; write unix:\/\/\/PATH/);
});

test("an engine that refuses, and one that does not answer, are told apart", async () => {
  const address = await engineOf({});
  const ask = (host: string) => asking({ host }, "look", () => openEngine({ host }).getContainer("x").inspect());
  await expect(ask(address.host)).rejects.toMatchObject({ code: "CommandFailed", details: { status: 404 } });
  await expect(ask("unix:///nowhere.sock")).rejects.toMatchObject({ details: { host: "unix:///nowhere.sock" } });
});
