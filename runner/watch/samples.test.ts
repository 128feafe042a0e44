import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { newKeyPair } from "../../clients/ssh/testing/key.ts";
import { startTestServer, type TestServer } from "../../clients/ssh/testing/server.ts";
import { judgeIdleness } from "../../domain/idleness.ts";
import { type ConnectionPool, connectionPool, type PooledNode } from "./connection-pool.ts";
import { type PollResult, pollNode, pollNodes } from "./samples.ts";

/** Real ssh servers that run the nodes' own program here, with a stand-in for nvidia-smi and nobody logged in. */
const PROGRAM = fileURLToPath(new URL("../../catalog/node/sample.sh", import.meta.url));
const NOW = Date.parse("2026-03-01T12:00:00Z");
const MINUTE = 60_000;
const pair = newKeyPair();

let root: string;
let server: TestServer;
let pool: ConnectionPool;
let rewrite: (command: string) => string;

beforeAll(async () => {
  server = await startTestServer(pair.publicKey, { rewrite: (command) => rewrite(command) });
});
afterAll(() => server.close());
beforeEach(() => {
  pool = connectionPool();
  root = mkdtempSync(join(tmpdir(), "windlass-poll-"));
  stub("nvidia-smi", "case $* in *compute-apps*) ;; *) echo '0, 500' ;; esac");
  stub("ps", "true");
  const environment = `WINDLASS_STATE_FOLDER=${root}/state PATH=${root}/bin:$PATH`;
  rewrite = (command) => command.replace("/usr/local/lib/windlass-node/sample", `${environment} bash ${PROGRAM}`);
});
afterEach(() => pool.close());

function stub(name: string, body: string): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  writeFileSync(join(root, "bin", name), `#!/bin/bash\n${body}\n`);
  chmodSync(join(root, "bin", name), 0o755);
}

const node = (more: Partial<PooledNode> = {}): PooledNode => ({
  name: "train-001",
  host: "127.0.0.1",
  port: server.port,
  privateKey: pair.privateKey,
  hostKey: server.hostKey,
  ...more,
});
const poll = (now = NOW, more: Partial<PooledNode> = {}) =>
  pollNode(node(more), { windowMs: 60 * MINUTE, now, pool, timeoutMs: 20_000 });
const failureOf = (result: PollResult) => ("failure" in result ? result.failure : JSON.stringify(result.samples));

test("a poll takes a reading stamped with the watcher's time, whatever the node's", async () => {
  const gpus = [{ utilization: 0, memoryUsedMiB: 500 }];
  expect(await poll()).toEqual({
    node: "train-001",
    samples: [{ at: NOW, gpus, sshSessions: 0, jobs: 0, loading: false }],
  });
});

test("ten minutes of polls on a driven clock are ten idle minutes, over one connection", async () => {
  const before = server.connections();
  let result: PollResult | undefined;
  for (let minute = 0; minute <= 10; minute += 2) result = await poll(NOW + minute * MINUTE);
  const rule = { now: NOW + 10 * MINUTE, windowMs: 10 * MINUTE, stepMs: MINUTE, percent: 5, gpus: 1 };
  if (!result || "failure" in result) throw new Error(JSON.stringify(result));
  expect(result.samples).toHaveLength(6);
  expect(judgeIdleness(result.samples, rule)).toMatchObject({ idle: true, coverage: 1 });
  expect(server.connections() - before).toBe(1);
});

test("a reading that fails is malformed, and the node is no failure", async () => {
  stub("nvidia-smi", "echo 'No devices were found'; exit 6");
  expect(await poll()).toEqual({
    node: "train-001",
    samples: [{ at: NOW, malformed: "nvidia-smi ended with code 6: No devices were found" }],
  });
});

test("a connection that broke between passes is made anew", async () => {
  await poll();
  server.cut();
  expect(failureOf(await poll(NOW + MINUTE))).toContain('"jobs":0');
});

test("a node at another address is not asked at the old one", async () => {
  const other = await startTestServer(pair.publicKey, { rewrite: (command) => rewrite(command) });
  await poll();
  const before = server.commands.length;
  expect(failureOf(await poll(NOW, { port: other.port, hostKey: other.hostKey }))).toContain('"jobs":0');
  expect([server.commands.length - before, other.commands.length]).toEqual([0, 1]);
  await pool.close();
  await other.close();
});

test("another host key than the pinned one is named", async () => {
  expect(failureOf(await poll(NOW, { hostKey: newKeyPair().publicKey }))).toMatch(/^host key changed: pinned SHA256/);
});

test("nobody there, nobody answering, and a node without the program each have their reason", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((ready) => silent.listen(0, "127.0.0.1", ready));
  const { port } = silent.address() as { port: number };
  const refused = await pollNode(node({ port: 1 }), { windowMs: MINUTE, now: NOW });
  const late = await pollNode(node({ port }), { windowMs: MINUTE, now: NOW, timeoutMs: 100 });
  silent.close();
  expect(failureOf(refused)).toBe("connection refused on port 1");
  expect(failureOf(late)).toMatch(/^connection timeout/);
  rewrite = (command) => command;
  expect(failureOf(await poll())).toMatch(/^it takes no readings .*run windlass up/);
});

test.each([
  ["echo '1000 gpu=0,500 ssh=0 jobs=0 loading=0'", /^its answer has no end/],
  ["echo 'No space left on device' >&2; exit 1", /^its reading ended with code 1: No space left on device$/],
  ["yes | head -c 35000000", /^it answered with more than 33554432 bytes$/],
])("%s is a failure", async (command, reason) => {
  rewrite = () => command;
  expect(failureOf(await poll())).toMatch(reason);
});

test("a reading that hangs is given up, and the node asked anew the next time", async () => {
  const works = rewrite;
  // The connection is there already, so that the time limit is the reading's.
  await poll();
  rewrite = () => "sleep 600";
  const options = { windowMs: MINUTE, now: NOW, pool, timeoutMs: 300 };
  expect(failureOf(await pollNode(node(), options))).toBe("the command did not end within 0.3 s");
  rewrite = works;
  expect(failureOf(await poll())).toContain('"jobs":0');
});

test("every node has one result, whatever becomes of the others, and no more are asked at once than allowed", async () => {
  rewrite = () => `n=$(ls ${root} | wc -l); touch ${root}/$$; sleep 0.05; rm ${root}/$$; echo "$n error x"; echo end`;
  const nodes = Array.from({ length: 12 }, (_, index) =>
    node({ name: `node-${index}`, ...(index % 3 === 0 ? { port: 1 } : {}) }),
  );
  const results: PollResult[] = [];
  for await (const result of pollNodes(nodes, { windowMs: MINUTE, now: NOW, concurrency: 3, pool }))
    results.push(result);
  expect(results.map((result) => result.node).sort()).toEqual(nodes.map(({ name }) => name).sort());
  expect(results.filter((result) => "failure" in result)).toHaveLength(4);
  const atOnce = results.flatMap((result) =>
    "samples" in result ? result.samples.map(({ at = 0 }) => at / 1000) : [],
  );
  expect(Math.max(...atOnce)).toBeLessThanOrEqual(3);
});

test("a pass that is abandoned leaves nothing behind", async () => {
  for await (const _ of pollNodes([node(), node({ name: "other" })], { windowMs: MINUTE, now: NOW })) break;
});
