import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { archivePath, hookScript, packRoot, pauseTraining, startTraining, unpackRoot } from "./node-scripts.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windlass-scripts-"));
  for (const folder of ["bin", "mount", "kept/.cache"]) mkdirSync(join(root, folder), { recursive: true });
  // The volume is a plain folder here.
  writeFileSync(join(root, "bin/mountpoint"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function run(script: string) {
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}` };
  return spawnSync("bash", ["-c", script], { env, encoding: "utf8" });
}

test("what is packed comes back, caches do not, and an archive that is whole is not packed again", () => {
  const [mount, kept] = [join(root, "mount"), join(root, "kept")];
  writeFileSync(join(kept, "a b"), "data");
  writeFileSync(join(kept, ".cache/c"), "cache");
  expect(run(packRoot(mount, "op1", [kept, join(root, "absent")])).status).toBe(0);
  const packed = readFileSync(archivePath(mount, "op1"));
  writeFileSync(join(kept, "a b"), "changed");
  expect(run(packRoot(mount, "op1", [kept])).status).toBe(0);
  expect(readFileSync(archivePath(mount, "op1"))).toEqual(packed);
  rmSync(kept, { recursive: true });
  expect(run(unpackRoot(mount, "op1"))).toMatchObject({ status: 0, stdout: "restored\n" });
  expect(readFileSync(join(kept, "a b"), "utf8")).toBe("data");
  expect(existsSync(join(kept, ".cache"))).toBe(false);
});

test("a damaged archive is not unpacked, a missing one is nothing to do, an older one goes", () => {
  const [mount, kept] = [join(root, "mount"), join(root, "kept")];
  expect(run(unpackRoot(mount, "op1"))).toMatchObject({ status: 0, stdout: "none\n" });
  run(packRoot(mount, "op1", [kept]));
  expect(run(packRoot(mount, "op2", [kept])).status).toBe(0);
  expect(existsSync(archivePath(mount, "op1"))).toBe(false);
  appendFileSync(archivePath(mount, "op2"), "x");
  expect(run(unpackRoot(mount, "op2")).status).toBe(3);
});

test("every script is one that bash can read, whatever is in the words", () => {
  const word = "/mnt/it's $(here)";
  const scripts = [pauseTraining(word), startTraining(word), hookScript(`echo 'x' "$y"`, 5, "op1")];
  for (const script of [...scripts, packRoot(word, "op1", [word]), unpackRoot(word, "op1")])
    expect(spawnSync("bash", ["-n"], { input: script, encoding: "utf8" }).stderr).toBe("");
});
