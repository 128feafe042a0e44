import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { withLock } from "./lock.ts";

const folder = mkdtempSync(join(tmpdir(), "windlass-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));

const worksUnder = (path: string) =>
  withLock(
    path,
    () => {},
    async () => "worked",
  );

test("two that want the same thing follow each other", async () => {
  const path = join(folder, "shared");
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await new Promise((done) => setTimeout(done, 20));
    order.push(`${name} ends`);
  };
  const waited: number[] = [];
  const onWait = (owner: number) => waited.push(owner);
  await Promise.all([withLock(path, onWait, work("first")), withLock(path, onWait, work("second"))]);
  expect(order).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  expect(waited).toEqual([process.pid]);
  expect(existsSync(path)).toBe(false);
});

test("the lock of a dead process is broken, even when another died while breaking it", async () => {
  const path = join(folder, "dead");
  const dead = String(spawnSync("true").pid);
  symlinkSync(dead, path);
  symlinkSync(dead, `${path}.break`);
  expect(await worksUnder(path)).toBe("worked");
});

test.skipIf(!existsSync("/proc/self/stat"))(
  "a lock left by a process whose number another one has now is broken",
  async () => {
    const path = join(folder, "used-again");
    symlinkSync(`${process.pid}:1`, path);
    expect(await worksUnder(path)).toBe("worked");
  },
);

test("an error of the work frees the lock", async () => {
  const path = join(folder, "failing");
  await expect(
    withLock(
      path,
      () => {},
      () => Promise.reject(new Error("no")),
    ),
  ).rejects.toThrow("no");
  expect(await worksUnder(path)).toBe("worked");
});
