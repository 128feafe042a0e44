import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeDeadFolders } from "../../tests/temporary-folder.ts";
import { isOfDeadRun, markOf } from "./run-mark.ts";

const parent = mkdtempSync(join(tmpdir(), "marks-"));
const own = markOf(process.pid);
let dead: string;

async function started(child: ChildProcess): Promise<number> {
  await once(child, "spawn");
  return child.pid ?? 0;
}

beforeAll(async () => {
  const child = spawn("sleep", ["60"]);
  dead = markOf(await started(child));
  expect(isOfDeadRun(dead)).toBe(false);
  child.kill("SIGKILL");
  await once(child, "close");
});
afterAll(() => rmSync(parent, { recursive: true }));

test("what a process that runs has made is not taken for a dead one's", () => {
  expect(isOfDeadRun(`/${own}-shop-web-1`)).toBe(false);
  expect(isOfDeadRun(`/tmp/${own}-Xy12Zq/cloud`)).toBe(false);
  expect(isOfDeadRun("windlass-dev-1")).toBe(false);
});

test("what an ended process has made is, also below the folder of one that runs", () => {
  expect(isOfDeadRun(`${dead}/busybox:1`)).toBe(true);
  expect(isOfDeadRun(`/tmp/${own}-Xy12Zq/runs/${dead}-aaaaaa/cloud`)).toBe(true);
});

test("a number that another process has got since is not mistaken for the old one", () => {
  const [, , pid, start, space] = own.split("-");
  expect(isOfDeadRun(`windlass-test-${pid}-${start}1-${space}`)).toBe(true);
});

test("a process of another space of numbers cannot be judged and is left alone", () => {
  expect(isOfDeadRun(dead.replace(/\w+$/, "1"))).toBe(false);
});

test("the folder of a dead run goes, and with it what still runs in it", async () => {
  const [gone, stays] = [join(parent, `${dead}-aaaaaa`), join(parent, `${own}-bbbbbb`)];
  for (const folder of [gone, stays]) mkdirSync(join(folder, "state"), { recursive: true });
  const inFolder = (TMPDIR: string) => spawn("sleep", ["60"], { env: { ...process.env, TMPDIR }, detached: true });
  const [left, other] = [inFolder(gone), inFolder(stays)];
  await Promise.all([started(left), started(other)]);
  removeDeadFolders(parent);
  expect(await once(left, "close")).toEqual([null, "SIGKILL"]);
  expect([existsSync(gone), existsSync(stays), other.signalCode]).toEqual([false, true, null]);
  other.kill();
});
