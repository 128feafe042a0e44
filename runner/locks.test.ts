import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { orphanedEngine, refuseLiveLocks, removeLock, stackLocks } from "./locks.ts";
import type { Target } from "./target.ts";

const home = () => mkdtempSync(join(tmpdir(), "windlass-locks-"));
const targetIn = (folder: string) =>
  ({ home: folder, backend: `file://${folder}`, project: "p", stack: "dev", cloud: "local" }) as Target;

function lock(folder: string, content: object | string) {
  const locks = join(folder, ".pulumi", "locks", "organization", "p", "dev");
  mkdirSync(locks, { recursive: true });
  const text =
    typeof content === "string"
      ? content
      : JSON.stringify({ username: "me", timestamp: "2026-11-21T10:00:00Z", ...content });
  for (const name of ["1.json", "1.json.attrs"]) writeFileSync(join(locks, name), text);
  return locks;
}

/** A process that looks like the engine, and the number of one that is gone. */
async function processes() {
  const live = spawn("bash", ["-c", "exec -a pulumi sleep 60"]);
  onTestFinished(() => void live.kill());
  const gone = spawn("true");
  await new Promise((resolve) => gone.once("close", resolve));
  await expect.poll(() => stackName(live.pid as number)).toBe("pulumi");
  return { live: live.pid as number, gone: gone.pid as number };
}

async function stackName(pid: number): Promise<string | undefined> {
  const { readFileSync } = await import("node:fs");
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0];
}

test("a lock is dead when its process is gone, or is another program by now", async () => {
  const { gone } = await processes();
  for (const pid of [gone, process.pid]) {
    const folder = home();
    const locks = lock(folder, { pid, hostname: hostname() });
    const [found] = stackLocks(targetIn(folder));
    expect(found).toMatchObject({ pid, state: "dead" });
    expect(() => refuseLiveLocks(targetIn(folder), stackLocks(targetIn(folder)))).not.toThrow();
    removeLock(found as NonNullable<typeof found>);
    expect(readdirSync(locks)).toEqual([]);
  }
});

test("a lock of a live engine is refused, with who holds it", async () => {
  const { live } = await processes();
  const folder = home();
  lock(folder, { pid: live, hostname: hostname() });
  const target = targetIn(folder);
  expect(() => refuseLiveLocks(target, stackLocks(target))).toThrow(`process ${live} of me on ${hostname()}`);
});

test("an engine whose runner is gone is orphaned", async () => {
  const { live, gone } = await processes();
  const folder = home();
  lock(folder, { pid: live, hostname: hostname() });
  mkdirSync(join(folder, "operations"));
  const note = (runnerPid: number, enginePid: number) => {
    const operation = { kind: "up", enginePid, runnerPid, startedAt: "" };
    writeFileSync(join(folder, "operations", "local-p-dev.json"), JSON.stringify(operation));
  };
  note(gone, live);
  expect(stackLocks(targetIn(folder))).toMatchObject([{ state: "orphaned" }]);
  expect(orphanedEngine(targetIn(folder))).toBe(live);
  note(process.pid, live);
  expect(orphanedEngine(targetIn(folder))).toBeUndefined();
  note(gone, gone);
  expect(orphanedEngine(targetIn(folder))).toBeUndefined();
});

test("a lock from another machine cannot be judged; one cut short is nobody's", () => {
  const folder = home();
  lock(folder, { pid: 1, hostname: "elsewhere" });
  expect(stackLocks(targetIn(folder))).toMatchObject([{ state: "foreign" }]);
  lock(folder, "");
  expect(stackLocks(targetIn(folder))).toMatchObject([{ state: "dead" }]);
  expect(stackLocks(targetIn(home()))).toEqual([]);
});
