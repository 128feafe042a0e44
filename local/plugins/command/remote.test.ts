import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ResourceCall } from "../engine/provider.ts";
import { Archive, Asset, type Properties } from "../engine/values.ts";
import { commandPlugin } from "./provider.ts";
import { keyPair, type TestHost, type TestHostOptions, testHost } from "./test-host.ts";

const plugin = commandPlugin("1.2.1").open();
const command = plugin.resource("command:remote:Command")!;
const copy = plugin.resource("command:remote:CopyToRemote")!;

let lines: string[];
let stop: AbortController;
const closers: (() => unknown)[] = [];
beforeEach(() => {
  lines = [];
  stop = new AbortController();
  vi.stubEnv("SSH_AUTH_SOCK", "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0)) await close();
});

async function host(options: TestHostOptions = {}): Promise<TestHost> {
  const made = await testHost({ password: "pw", ...options });
  closers.push(made.close);
  return made;
}

function call(): ResourceCall {
  const log = { info() {}, warning() {}, status: (line: string) => void lines.push(line) };
  return { urn: "u", name: "one", type: "t", preview: false, timeoutSeconds: 0, log, signal: stop.signal };
}

async function run(at: TestHost, script: string, more: Properties = {}, connection: Properties = {}) {
  const inputs = {
    connection: { host: "127.0.0.1", port: at.port, password: "pw", ...connection },
    create: script,
    ...more,
  };
  return (await command.create({ ...call(), inputs })).outputs;
}

test("a command runs on the other machine, and its lines are shown while it runs", async () => {
  const outputs = await run(await host(), "echo one; echo two >&2; cat", { stdin: "three" });
  expect(outputs).toMatchObject({ stdout: "one\nthree", stderr: "two" });
  expect(lines.sort()).toEqual(["one", "three", "two"]);
});

test("a command that fails says how, and the end of what it printed", async () => {
  const at = await host();
  await expect(run(at, "echo E: no package >&2; exit 100")).rejects.toThrow(
    "the command failed with exit status 100:\nE: no package",
  );
  await expect(run(at, "kill -9 $$")).rejects.toThrow("the command was ended by SIGKILL, and printed nothing");
});

test("a private key lets in, with or without a password of its own", async () => {
  const key = keyPair("open");
  const at = await host({ publicKey: key.public });
  const connection = { password: undefined as never, privateKey: key.private, privateKeyPassword: "open" };
  expect((await run(at, "echo in", {}, connection)).stdout).toBe("in");
  await expect(run(at, "echo in", {}, { ...connection, privateKeyPassword: "wrong" })).rejects.toThrow(
    /^ssh root@127.0.0.1/,
  );
});

test("the expected host key is let through, another one is an error at once", async () => {
  const at = await host();
  expect((await run(at, "echo ok", {}, { hostKey: `${at.hostKey} root@node` })).stdout).toBe("ok");
  const other = keyPair().public;
  const before = at.connections;
  await expect(run(at, "echo ok", {}, { hostKey: other })).rejects.toThrow(
    /the host key is not the expected one: the machine was rebuilt, or it is another one \(expected ssh-ed25519 AAAA/,
  );
  expect(at.connections).toBe(before + 1);
  await expect(run(at, "echo ok", {}, { hostKey: "nonsense" })).rejects.toThrow("hostKey is not an OpenSSH public key");
});

test("a host that is not up yet is dialled again, as often as the connection allows", async () => {
  const late = await host({ refuseFirst: 2 });
  expect((await run(late, "echo up")).stdout).toBe("up");
  expect(lines[0]).toMatch(/^Dial root@127.0.0.1:\d+ 1\/10 failed: .*retrying$/);
  const never = await host({ refuseFirst: 99 });
  await expect(run(never, "true", {}, { dialErrorLimit: 1 })).rejects.toThrow(/\(after 2 dials\)$/);
});

test("a host that says nothing is given up after the time for one dial", async () => {
  const { createServer } = await import("node:net");
  const silent = createServer(() => {});
  closers.push(() => silent.close());
  await new Promise<void>((ready) => silent.listen(0, "127.0.0.1", ready));
  const at = { port: (silent.address() as { port: number }).port } as TestHost;
  const started = Date.now();
  await expect(run(at, "true", {}, { dialErrorLimit: 0, perDialTimeout: 1 })).rejects.toThrow("Timed out");
  // Of the 15 s that a dial may take where nobody says otherwise.
  expect(Date.now() - started).toBeLessThan(10_000);
});

test("a machine behind another is reached through it", async () => {
  const [proxy, target] = [await host({ password: "outer" }), await host({ password: "inner" })];
  const connection = { password: "inner", proxy: { host: "127.0.0.1", port: proxy.port, password: "outer" } };
  expect((await run(target, "echo inside", {}, connection)).stdout).toBe("inside");
  expect([proxy.connections, target.connections]).toEqual([1, 1]);
});

test("variables that the host does not accept are an error, not silently missing", async () => {
  const at = await host({ acceptEnv: ["LC_WHO"] });
  expect((await run(at, "echo $LC_WHO", { environment: { LC_WHO: "me" } })).stdout).toBe("me");
  await expect(run(at, "true", { environment: { LC_WHO: "me", TOKEN: "x" } })).rejects.toThrow(
    'could not set environment variable "TOKEN": this only works if the SSH server accepts it',
  );
});

test("a cancel ends the command on the other machine", async () => {
  const dir = folder();
  const running = run(await host(), `echo $$ > ${dir}/pid.new; mv ${dir}/pid.new ${dir}/pid; exec sleep 60`);
  await expect.poll(() => existsSync(join(dir, "pid"))).toBe(true);
  const pid = Number(readFileSync(join(dir, "pid"), "utf8"));
  stop.abort(new Error("cancelled"));
  await expect(running).rejects.toThrow("the command was cancelled");
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test("a cancel ends the dialling", async () => {
  const dialling = run(await host({ refuseFirst: 99 }), "true", {}, { dialErrorLimit: -1 });
  await expect.poll(() => lines).not.toEqual([]);
  stop.abort(new Error("cancelled"));
  await expect(dialling).rejects.toThrow("cancelled");
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "windlass-remote-"));
  closers.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function copyTo(root: string, source: Asset | Archive, remotePath: string) {
  const at = await host({ root });
  const connection = { host: "127.0.0.1", port: at.port, password: "pw" };
  await copy.create({ ...call(), inputs: { connection, source, remotePath } as Properties });
}

test("texts, files, folders and maps of them are copied by the official plugin's rules", async () => {
  const [from, to] = [folder(), folder()];
  mkdirSync(join(from, "src/deep"), { recursive: true });
  writeFileSync(join(from, "src/a.txt"), "A");
  writeFileSync(join(from, "src/deep/b.txt"), "B".repeat(200_000));
  const read = (path: string) => readFileSync(join(to, path), "utf8");

  await copyTo(to, new Asset({ text: "hello" }), "/new/place/greeting");
  expect(read("new/place/greeting")).toBe("hello");
  await copyTo(to, new Asset({ path: join(from, "src/a.txt") }), "/new/place");
  expect(read("new/place/a.txt")).toBe("A");
  await copyTo(to, new Asset({ path: join(from, "src/a.txt") }), "/renamed");
  expect(read("renamed")).toBe("A");
  await copyTo(to, new Archive({ path: join(from, "src") }), "/tree");
  expect(read("tree/src/deep/b.txt")).toBe("B".repeat(200_000));
  await copyTo(to, new Archive({ path: `${join(from, "src")}/` }), "/flat");
  expect(read("flat/deep/b.txt")).toHaveLength(200_000);
  await copyTo(to, new Archive({ assets: { "x/y": new Asset({ text: "z" }) } }), "/map");
  expect(read("map/x/y")).toBe("z");
});

test("what is in the way of a copy is named", async () => {
  const to = folder();
  writeFileSync(join(to, "file"), "");
  mkdirSync(join(to, "folder"));
  await expect(copyTo(to, new Archive({ path: to }), "/file")).rejects.toThrow(
    "remote path /file exists but is not a directory",
  );
  await expect(copyTo(to, new Asset({ text: "x" }), "/folder")).rejects.toThrow("remotePath must be a file path");
});

test("a copy is repeated only when what is copied, or where to, has changed", async () => {
  const at = await host({ root: folder() });
  const connection = { host: "127.0.0.1", port: at.port, password: "pw" };
  const inputs = { connection, source: new Asset({ text: "x", hash: "1" }), remotePath: "/a" };
  const update = { ...call(), id: "1", oldInputs: inputs, oldOutputs: inputs, ignoreChanges: [] };
  await copy.update({ ...update, inputs: { ...inputs, connection: { ...connection, user: "other" } } });
  expect(at.connections).toBe(0);
  await copy.update({ ...update, inputs: { ...inputs, source: new Asset({ text: "y", hash: "2" }) } });
  expect(at.connections).toBe(1);
});

/** An ended process may wait for its parent to notice. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
