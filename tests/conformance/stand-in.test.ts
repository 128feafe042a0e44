import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildStandIn } from "../../tools/images/stand-in/build.ts";
import { freePort } from "../../tools/test/free-port.ts";

/** The program in `tools/images/stand-in`: one of it runs here, with two paths and a bare port. */
const folder = mkdtempSync(join(tmpdir(), "stand-in-"));
const standIn = join(folder, "stand-in");
const curl = join(folder, "curl");
let web: number;
let bare: number;
let server: ChildProcess;
let said = "";

beforeAll(async () => {
  const program = await buildStandIn();
  for (const name of [standIn, curl]) symlinkSync(program, name);
  [web, bare] = [await freePort(), await freePort()];
  server = spawn(standIn, ["redis-server", "--maxmemory", "2gb"], { env: environment() });
  await new Promise<void>((done) =>
    server.stdout?.on("data", (part: Buffer) => {
      said += part;
      if (said.split("\n").length > 2) done();
    }),
  );
});

afterAll(() => {
  server.kill("SIGKILL");
});

function environment(ports = `${web}/health ${web}/-/ready ${bare}`) {
  return { STAND_IN_NAME: "shop", STAND_IN_PORTS: ports };
}

/** What the port answers until it closes, or until the answer holds `enough`. */
function talk(port: number, text: string | Buffer, enough?: string): Promise<string> {
  return new Promise((done, fail) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (part) => {
      answer += part;
      if (enough && answer.includes(enough)) socket.destroy();
    });
    socket.on("error", fail).on("close", () => done(answer));
  });
}

test.each(["/health", "/-/ready", "/health?full=1"])("answers %s with 200, as a stand-in", async (path) => {
  const response = await fetch(`http://127.0.0.1:${web}${path}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("server")).toBe("stand-in");
  expect(await response.json()).toEqual({ status: "ok", by: "stand-in for shop" });
});

test("answers any other path, and any path of another port, with 404 and what it is", async () => {
  for (const url of [`http://127.0.0.1:${web}/orders`, `http://127.0.0.1:${bare}/health`]) {
    const response = await fetch(url, { method: "POST", body: "a=1" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: "stand-in for shop" });
  }
});

test("gives no body to HEAD", async () => {
  const answer = await talk(web, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer.split("\r\n\r\n")[1]).toBe("");
});

test("answers PING of Redis in both forms, and refuses its other commands in its own name", async () => {
  expect(await talk(bare, "PING\r\n", "PONG")).toBe("+PONG\r\n");
  const commands = "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
  expect(await talk(bare, commands, "only")).toBe("+PONG\r\n-ERR stand-in for shop: it answers PING only\r\n");
});

test("answers srvr of ZooKeeper, and everybody else with what it is", async () => {
  expect(await talk(bare, "srvr\n")).toBe("stand-in for shop\nMode: standalone\n");
  expect(await talk(bare, Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))).toBe("stand-in for shop\n");
  expect(await talk(bare, "hello there\n")).toBe("stand-in for shop\n");
});

test("lives through a client that goes away or counts to a billion", async () => {
  await talk(bare, "*1000000000\r\n$1\r\na\r\n\r\n", "never").catch(() => "");
  connect(bare, "127.0.0.1", function (this: { destroy(): void }) {
    this.destroy();
  });
  expect((await fetch(`http://127.0.0.1:${web}/health`)).status).toBe(200);
});

test("under another name it is the health check of its ports", () => {
  const check = (ports?: string) =>
    spawnSync(curl, ["-f", "anything"], { env: environment(ports), encoding: "utf8", timeout: 10_000 });
  expect(check()).toMatchObject({ status: 0, stdout: "stand-in for shop: every port answers\n" });
  // Nobody listens there: it is tcpmux's, and for root alone.
  expect(check(`${web}/health 1`)).toMatchObject({ status: 1, stderr: expect.stringContaining("refused") });
  expect(check(`${web}/orders`)).toMatchObject({ status: 1, stderr: expect.stringContaining("404 Not Found") });
});

test.each([
  ["", "STAND_IN_PORTS names no port"],
  ["80a", '"80a" is no port'],
  ["0/health", '"0/health" is no port'],
  ["65536", '"65536" is no port'],
])("the ports %j are refused", (ports, reason) => {
  const run = spawnSync(standIn, [], { env: environment(ports), encoding: "utf8", timeout: 10_000 });
  expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining(reason) });
});

test("a port that is taken ends it", () => {
  const run = spawnSync(standIn, [], { env: environment(String(web)), encoding: "utf8", timeout: 10_000 });
  expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining("address already in use") });
});

test("says what it opens, and ends at once when it is told to", async () => {
  expect(said).toContain(`stand-in for shop: port ${web} is open /health /-/ready\n`);
  const ended = new Promise((done) => server.once("close", done));
  server.kill("SIGTERM");
  expect(await ended).toBe(0);
});
