import { createServer, connect as dial } from "node:net";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UserError } from "../../domain/errors.ts";
import { freePort } from "../../tools/test/free-port.ts";
import { type ConnectOptions, connect } from "./connection.ts";
import { keyFingerprint, publicKeyLine } from "./key.ts";
import { newKeyPair } from "./testing/key.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";
import { connectToRunning } from "./wait.ts";

const pair = newKeyPair();
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(pair.publicKey);
});
afterAll(() => server.close());

const options = (more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  host: "127.0.0.1",
  port: server.port,
  privateKey: pair.privateKey,
  hostKey: server.hostKey,
  ...more,
});

async function failure(attempt: Promise<unknown>): Promise<UserError> {
  return attempt.then(
    () => {
      throw new Error("did not fail");
    },
    (error) => error as UserError,
  );
}

test("one connection runs many commands at once, more than the server's session limit", async () => {
  const ssh = await connect(options());
  const results = await Promise.all(Array.from({ length: 25 }, (_, index) => ssh.exec(`echo ${index}`)));
  await ssh.close();
  expect(results.map((result) => result.stdout)).toEqual(Array.from({ length: 25 }, (_, index) => `${index}\n`));
});

test("exit code, signal, both outputs and standard input are the command's own", async () => {
  const ssh = await connect(options());
  expect(await ssh.exec("cat; echo oops >&2; exit 7", { stdin: "hello" })).toEqual({
    code: 7,
    signal: undefined,
    stdout: "hello",
    stderr: "oops\n",
  });
  expect(await ssh.exec("kill -TERM $$")).toMatchObject({ code: null, signal: "SIGTERM" });
  await ssh.close();
});

test("output streams while the command runs", async () => {
  const ssh = await connect(options());
  const arrived = new Promise<string>((resolve) => {
    void ssh.exec("echo first; sleep 60", { onStdout: (chunk) => resolve(`${chunk}`) }).catch(() => undefined);
  });
  expect(await arrived).toBe("first\n");
  await ssh.close();
});

test("a command that takes too long is ended and named", async () => {
  const ssh = await connect(options());
  const error = await failure(ssh.exec("sleep 60", { timeoutMs: 50 }));
  expect(error.toJSON()).toMatchObject({
    error: "CommandFailed",
    details: { command: "sleep 60", reason: "the command did not end within 0.05 s" },
  });
  expect((await ssh.exec("echo still here")).stdout).toBe("still here\n");
  await ssh.close();
});

test("a stop by the user is Cancelled", async () => {
  const ssh = await connect(options());
  const stop = new AbortController();
  const running = failure(ssh.exec("sleep 60", { signal: stop.signal }));
  stop.abort();
  expect((await running).code).toBe("Cancelled");
  await ssh.close();
});

test("a connection that breaks fails its commands at once", async () => {
  const ssh = await connect(options());
  const running = failure(ssh.exec("echo up; sleep 60", { onStdout: () => server.cut() }));
  expect((await running).toJSON()).toMatchObject({ error: "SSHConnectionFailed", details: { kind: "lost" } });
});

test("first contact shows the key, later contact with that key works", async () => {
  const shown: string[] = [];
  const first = await connect(options({ hostKey: undefined, onFirstContact: (key) => shown.push(key) > 0 }));
  await first.close();
  expect(shown).toEqual([server.hostKey]);
  const again = await connect(options({ hostKey: `${shown[0]} a comment` }));
  await again.close();
});

test("without a pinned key and without consent nothing is sent", async () => {
  const error = await failure(connect(options({ hostKey: undefined })));
  expect(error.details.reason).toContain("is not known and was not accepted");
});

test("another host key is refused with both fingerprints", async () => {
  const other = newKeyPair().publicKey;
  const error = await failure(connect(options({ hostKey: other })));
  expect(error.toJSON()).toMatchObject({
    error: "SSHConnectionFailed",
    details: { kind: "host-key-changed", pinned: keyFingerprint(other), shown: keyFingerprint(server.hostKey) },
  });
});

test("a pinned key of a type that the host has not is a changed key as well", async () => {
  const rsa = `ssh-rsa ${Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.from("ssh-rsa")]).toString("base64")}`;
  expect((await failure(connect(options({ hostKey: rsa })))).details.kind).toBe("host-key-changed");
});

test("a stranger's key is not let in", async () => {
  const error = await failure(connect(options({ privateKey: newKeyPair().privateKey })));
  expect(error.details).toMatchObject({ host: "127.0.0.1", user: "root", kind: "auth-failed" });
  expect(error.details.suggestion).toContain("windlass:sshKeyFile");
});

test("nobody listening is refused, a silent host a timeout, a hang-up closed", async () => {
  const silent = createServer(() => undefined);
  const rude = createServer((socket) => socket.end());
  await Promise.all([silent, rude].map((tcp) => new Promise<void>((ready) => tcp.listen(0, "127.0.0.1", ready))));
  const port = (tcp: typeof silent) => (tcp.address() as { port: number }).port;
  expect((await failure(connect(options({ port: 1 })))).details.kind).toBe("refused");
  const late = await failure(connect(options({ port: port(silent), timeoutMs: 100 })));
  expect(late.details.kind).toBe("timeout");
  expect((await failure(connect(options({ port: port(rude) })))).details.kind).toBe("closed");
  silent.close();
  rude.close();
});

test("a server that starts anew is waited for, and given up when it stays away", async () => {
  const port = await freePort();
  const back = createServer((socket) => socket.pipe(dial(server.port, "127.0.0.1")).pipe(socket));
  setTimeout(() => back.listen(port, "127.0.0.1"), 500);
  const ssh = await connectToRunning(options({ port }));
  expect((await ssh.exec("echo back")).stdout).toBe("back\n");
  await ssh.close();
  await new Promise((done) => back.close(done));
  expect((await failure(connectToRunning(options({ port })))).details.kind).toBe("refused");
});

test("a timeout reads as documented", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((ready) => silent.listen(0, "127.0.0.1", ready));
  const error = await failure(connect(options({ port: (silent.address() as { port: number }).port, timeoutMs: 1000 })));
  silent.close();
  expect(error.details.reason).toBe("connection timeout after 1s");
});

test("a shell is joined to the terminal and answers with its exit code", async () => {
  const ssh = await connect(options());
  const input = new PassThrough();
  const output = new PassThrough();
  let seen = "";
  output.on("data", (chunk) => {
    seen += chunk;
  });
  const code = ssh.shell({ input: input as never, output: output as never });
  input.write("echo $((6 * 7)); exit 3\n");
  expect(await code).toBe(3);
  expect(seen).toContain("42");
  await ssh.close();
});

test("a key line is read from the wire form", () => {
  const blob = Buffer.from(pair.publicKey.split(" ")[1] ?? "", "base64");
  expect(publicKeyLine(blob)).toBe(pair.publicKey);
});
