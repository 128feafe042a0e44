import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ResourceCall } from "../engine/provider.ts";
import { Archive, Asset, type Properties, UNKNOWN } from "../engine/values.ts";
import { assetsIn } from "./globs.ts";
import { runLocally } from "./local.ts";
import { commandPlugin } from "./provider.ts";

let dir: string;
let lines: string[];
let stop: AbortController;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "windlass-command-"));
  lines = [];
  stop = new AbortController();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function call(more: Partial<ResourceCall> = {}): ResourceCall {
  const log = { info() {}, warning() {}, status: (line: string) => void lines.push(line) };
  return { urn: "u", name: "one", type: "t", preview: false, timeoutSeconds: 0, log, signal: stop.signal, ...more };
}

function run(command: string, inputs: Properties = {}, before: Properties = {}) {
  return runLocally(command, { dir, ...inputs }, before, call());
}

test("both streams are outputs without their last line end, and are shown line by line", async () => {
  expect(await run("echo a; echo b; echo c >&2")).toEqual({ stdout: "a\nb", stderr: "c" });
  expect(lines.sort()).toEqual(["a", "b", "c"]);
});

test("logging chooses what is shown, not what is an output", async () => {
  expect(await run("echo a; echo b >&2", { logging: "stderr" })).toEqual({ stdout: "a", stderr: "b" });
  expect(lines).toEqual(["b"]);
});

test("environment, folder, interpreter and stdin are the command's", async () => {
  const inputs = { environment: { WHO: "me" }, stdin: "in\n" };
  expect((await run('echo $WHO; pwd; cat; test "$HOME" && echo home', inputs)).stdout).toBe(`me\n${dir}\nin\nhome`);
  const script = "process.stdout.write(String(6 * 7))";
  expect((await run(script, { interpreter: [process.execPath, "-e"] })).stdout).toBe("42");
});

test("the output of the run before is in the environment of the next, unless that is not wanted", async () => {
  const before = { stdout: "old", stderr: "" };
  const script = 'echo "$PULUMI_COMMAND_STDOUT|$PULUMI_COMMAND_STDERR"';
  expect((await run(script, {}, before)).stdout).toBe("old|");
  expect((await run(script, { addPreviousOutputInEnv: false }, before)).stdout).toBe("|");
});

test("a command that fails says how, and the end of what it printed", async () => {
  await expect(run("echo doing; echo no such thing >&2; exit 3")).rejects.toThrow(
    /^the command failed with exit status 3:\n(doing\nno such thing|no such thing\ndoing)$/,
  );
  await expect(run("yes | head -c 9000; exit 1")).rejects.toThrow(/exit status 1:\n\[\.\.\.\]\s*y/);
  await expect(run("kill -9 $$")).rejects.toThrow("was ended by SIGKILL, and printed nothing");
  await expect(run("true", { dir: join(dir, "none") })).rejects.toThrow(`could not be started in ${dir}/none`);
});

test("a cancel ends the command and what it has started", async () => {
  const file = join(dir, "pid");
  const running = run(`sh -c 'echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 60' & wait`);
  await expect.poll(() => existsSync(file)).toBe(true);
  const pid = Number(readFileSync(file, "utf8"));
  stop.abort(new Error("cancelled"));
  await expect(running).rejects.toThrow("the command was cancelled");
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test("patterns choose the files that become assets", async () => {
  for (const path of ["assets/logos", "src/deep"]) mkdirSync(join(dir, path), { recursive: true });
  for (const path of ["assets/logos/logo.svg", "src/index.js", "src/secret.js", "src/deep/a.js", "top.js"]) {
    writeFileSync(join(dir, path), path);
  }
  const found = await assetsIn(dir, ["assets/**", "src/**.js", "!**secret.*"]);
  expect(Object.keys(found)).toEqual(["assets/logos/logo.svg", "src/deep/a.js", "src/index.js"]);
  expect(Object.keys(await assetsIn(dir, ["*.js"]))).toEqual(["top.js"]);
  const outputs = await run("true", { assetPaths: ["top.js"], archivePaths: ["*.js"] });
  expect(outputs.assets).toEqual({ "top.js": new Asset({ path: join(dir, "top.js") }) });
  expect(outputs.archive).toBeInstanceOf(Archive);
});

const resource = commandPlugin("1.2.1").open().resource("command:local:Command")!;

test("create, update and delete run their own scripts; an update without one runs create again", async () => {
  const file = join(dir, "log");
  const inputs = {
    dir,
    create: "echo made | tee -a log",
    update: "echo changed | tee -a log",
    delete: "echo gone >> log",
  };
  const { id, outputs } = await resource.create({ ...call(), inputs });
  expect(id).toMatch(/^one[0-9a-f]{8}$/);
  expect(outputs).toEqual({ ...inputs, stdout: "made", stderr: "" });
  const update = { ...call(), id, oldInputs: inputs, oldOutputs: outputs, ignoreChanges: [] };
  expect((await resource.update({ ...update, inputs })).stdout).toBe("changed");
  const { update: _, ...without } = inputs;
  expect((await resource.update({ ...update, inputs: without })).stdout).toBe("made");
  await resource.delete({ ...call(), id, oldOutputs: outputs });
  expect(readFileSync(file, "utf8")).toBe("made\nchanged\nmade\ngone\n");
});

test("a preview runs nothing: the outputs are unknown", async () => {
  const inputs = { dir, create: "touch made" };
  const { outputs } = await resource.create({ ...call({ preview: true }), inputs });
  expect(outputs).toEqual({ ...inputs, stdout: UNKNOWN, stderr: UNKNOWN });
  expect(Object.keys(await assetsIn(dir, ["**"]))).toEqual([]);
});

test("a change of a trigger replaces, any other change updates", () => {
  const before = { create: "a", triggers: [1], environment: { A: "1" } };
  const diff = (inputs: Properties) =>
    resource.diff({ ...call(), id: "1", oldInputs: before, oldOutputs: before, inputs, ignoreChanges: [] }).changes;
  expect(diff({ ...before, triggers: [2] })).toEqual([{ path: "triggers[0]", kind: "update", replaces: true }]);
  expect(diff({ ...before, create: "b" })).toEqual([{ path: "create", kind: "update", replaces: false }]);
  expect(diff({ ...before, environment: { A: "2" } })).toEqual([
    { path: "environment.A", kind: "update", replaces: false },
  ]);
  expect(diff(before)).toEqual([]);
});

test("a command takes no longer than the user's time limit", async () => {
  const inputs = { dir, create: "sleep 60" };
  await expect(resource.create({ ...call({ timeoutSeconds: 0.2 }), inputs })).rejects.toThrow("was cancelled");
});

/** An ended process may wait for its parent to notice. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
