import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { failuresIn } from "../../domain/failure-line.ts";
import { freePort } from "../../tools/test/free-port.ts";
import { readManifest } from "./manifest.ts";
import { newKeyPair } from "./testing/key.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";

vi.setConfig({ testTimeout: 60_000 });
const pair = newKeyPair();
let server: TestServer;
let root: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "windlass-programs-"));
  server = await startTestServer(pair.publicKey);
});
afterEach(() => server.close());

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs one of the programs as the stack does: by `node`, from the root, told where to go by environment. */
function run(program: string, args: string[], more: Record<string, string> = {}): Promise<Ended> {
  const environment = {
    PATH: process.env.PATH,
    WINDLASS_HOME: join(root, "home"),
    WINDLASS_SSH_HOST: "127.0.0.1",
    WINDLASS_SSH_PORT: String(server.port),
    WINDLASS_SSH_PRIVATE_KEY: pair.privateKey,
    ...more,
  };
  const child = spawn(process.execPath, [`clients/ssh/${program}.ts`, ...args], { env: environment });
  const ended: Ended = { code: null, stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    ended.stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ ...ended, code })));
}

const pinned = () => ({ WINDLASS_SSH_HOST_KEY: server.hostKey });

test("pin prints the host key line and nothing else", async () => {
  expect(await run("pin", [])).toEqual({ code: 0, stdout: `${server.hostKey}\n`, stderr: "" });
});

test("pin waits for a machine that is still starting", async () => {
  const port = await freePort();
  const pinning = run("pin", [], { WINDLASS_SSH_PORT: String(port) });
  const late = await startTestServer(pair.publicKey, { port });
  expect(await pinning).toMatchObject({ code: 0, stdout: `${late.hostKey}\n` });
  await late.close();
});

test("pin gives up in the end, and says why as programs read it", async () => {
  const ended = await run("pin", [], { WINDLASS_SSH_PORT: String(await freePort()), WINDLASS_SSH_WAIT_SECONDS: "1" });
  expect(ended.code).toBe(1);
  expect(failuresIn(ended.stderr).map((error) => error.toJSON())).toMatchObject([
    { error: "SSHConnectionFailed", details: { host: "127.0.0.1", kind: "refused", user: "root" } },
  ]);
  expect(ended.stderr).not.toContain("PRIVATE KEY");
});

test("sync sends a folder with its checksums, and then only what changed", async () => {
  const source = join(root, "source");
  mkdirSync(source);
  writeFileSync(join(source, "a.txt"), "a");
  writeFileSync(join(source, "b c.txt"), "b");
  const [target, manifest] = [join(root, "target"), join(root, "state/data.sha256")];
  const first = await run("sync", [source, target, manifest], pinned());
  expect(JSON.parse(first.stdout)).toEqual({ files: 2, bytes: 2, digest: readManifest(source).digest });
  expect(execFileSync("sha256sum", ["--check", manifest], { cwd: target, encoding: "utf8" })).toBe(
    "a.txt: OK\nb c.txt: OK\n",
  );
  writeFileSync(join(source, "a.txt"), "A");
  const second = await run("sync", [source, target, manifest], pinned());
  expect(second.stderr).toContain("1 of 2 files sent");
  expect(readFileSync(join(target, "a.txt"), "utf8")).toBe("A");
});

test("sync sends nothing to a machine with another host key", async () => {
  writeFileSync(join(root, "a.txt"), "a");
  const ended = await run("sync", [join(root, "a.txt"), join(root, "target"), join(root, "m")], {
    WINDLASS_SSH_HOST_KEY: newKeyPair().publicKey,
  });
  expect(failuresIn(ended.stderr)[0]?.details.kind).toBe("host-key-changed");
  expect(server.commands).toEqual([]);
});

test("send-repository sends the commit asked for, then only what is new, and leaves the repository as it is", async () => {
  const repository = join(root, "repository");
  const git = (folder: string, ...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@t", ...args], {
      encoding: "utf8",
    }).trim();
  mkdirSync(repository);
  git(repository, "init", "-q", "-b", "main");
  writeFileSync(join(repository, "big.bin"), Buffer.alloc(100_000, Math.random().toString()));
  const commit = () => {
    git(repository, "add", ".");
    git(repository, "commit", "-qm", "more");
    return git(repository, "rev-parse", "HEAD");
  };
  const send = (wanted: string) => run("send-repository", [repository, wanted, bundle, folder], pinned());
  const [bundle, folder] = [join(root, "repository.bundle"), join(root, "there")];
  const first = commit();
  const refs = git(repository, "for-each-ref");
  expect(await send(first)).toMatchObject({ code: 0 });
  git(root, "init", "-q", folder);
  const take = () => git(folder, "fetch", "-q", "--force", bundle, "refs/heads/windlass:refs/windlass/head");
  take();
  expect(git(repository, "for-each-ref")).toBe(refs);
  expect((await send(first)).stderr).toContain("the node has");
  writeFileSync(join(repository, "small.txt"), "new");
  const second = commit();
  expect(await send(second)).toMatchObject({ code: 0 });
  expect(git(root, "bundle", "list-heads", bundle)).toContain(second);
  expect(readFileSync(bundle).length).toBeLessThan(2000);
  take();
  expect(await send(first), "an earlier commit again").toMatchObject({ code: 0 });
  take();
  expect(git(folder, "rev-parse", "refs/windlass/head")).toBe(first);
});
