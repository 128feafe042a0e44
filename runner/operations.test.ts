import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { orphanedEngine, RUNNER_VARIABLE } from "./locks.ts";
import { endOperation, readOperation, startOperation } from "./operations.ts";
import type { Target } from "./target.ts";

const home = mkdtempSync(join(tmpdir(), "windlass-operations-"));
const target = { home, backend: `file://${home}`, project: "p", stack: "dev", cloud: "local" } as Target;
afterAll(() => rmSync(home, { recursive: true }));

test("an operation is noted before its engine runs, then with its engine, and is over when it ends", () => {
  const noteEngine = startOperation(target, "up");
  expect(readOperation(target)).toMatchObject({ kind: "up", runnerPid: process.pid });
  expect(readOperation(target)).not.toHaveProperty("enginePid");
  noteEngine(4711);
  expect(readOperation(target)).toMatchObject({ kind: "up", runnerPid: process.pid, enginePid: 4711 });
  endOperation(target);
  expect(readOperation(target)).toBeUndefined();
});

test("the engine of a runner that was killed while it started it is found by its environment", async () => {
  const runner = `
    const { startOperation } = await import(${JSON.stringify(join(import.meta.dirname, "operations.ts"))});
    startOperation(${JSON.stringify(target)}, "up");
    process.kill(process.pid, "SIGKILL");`;
  const dead = spawn(process.execPath, ["--input-type=module", "-e", runner], { stdio: "ignore" });
  await once(dead, "close");
  expect(readOperation(target)).toMatchObject({ runnerPid: dead.pid });
  expect(orphanedEngine(target)).toBeUndefined();
  const env = { ...process.env, [RUNNER_VARIABLE]: String(dead.pid) };
  const engine = spawn("bash", ["-c", "exec -a pulumi sleep 60"], { env, stdio: "ignore" });
  const ended = once(engine, "close");
  try {
    await vi.waitUntil(() => orphanedEngine(target) === engine.pid, { timeout: 15_000 });
  } finally {
    engine.kill();
    await ended;
  }
  expect(orphanedEngine(target)).toBeUndefined();
});
