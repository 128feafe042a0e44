import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Machine } from "./testing/machine.ts";

let machine: Machine;
let launcher: string;
beforeEach(() => {
  machine = new Machine();
  mkdirSync(join(machine.root, "runner/toolchain"), { recursive: true });
  cpSync(resolve("windlass"), join(machine.root, "windlass"));
  cpSync(resolve("runner/toolchain/bootstrap.sh"), join(machine.root, "runner/toolchain/bootstrap.sh"));
  machine.file(
    "clone/runner/cli/main.ts",
    'const given: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify({ given, cwd: process.cwd(), flags: process.execArgv }));\nprocess.exit(given[0] === "fail" ? 3 : 0);\n',
  );
  machine.file("clone/package-lock.json", '{"version":1}');
  machine.program("npm", `echo "$@" >> ${machine.folder}/npm-calls; sleep 0.2; mkdir -p node_modules`);
  symlinkSync(process.execPath, join(machine.programs, "node"));
  launcher = join(machine.root, "windlass");
});
afterEach(() => machine.remove());

/** Of the system only what a shell script needs: the machine's Node and npm are the test's own. */
function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const tools = join(machine.folder, "tools");
  if (!existsSync(tools)) {
    mkdirSync(tools);
    for (const name of "sh cmp cp date dirname id ln ls mkdir mktemp mv readlink rm sleep tar uname".split(" ")) {
      symlinkSync(spawnSync("which", [name], { encoding: "utf8" }).stdout.trim(), join(tools, name));
    }
  }
  return { PATH: `${machine.programs}:${tools}`, XDG_CACHE_HOME: join(machine.folder, "cache"), ...extra };
}

function launch(args: string[] = [], path = launcher, cwd = "/", env = environment()): SpawnSyncReturns<string> {
  return spawnSync(path, args, { cwd, env, encoding: "utf8" });
}
const npmCalls = () => {
  const log = join(machine.folder, "npm-calls");
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
};

describe("a start", () => {
  test("hands arguments, folder and exit code through", () => {
    const result = launch(["one", "two words", ""]);
    expect(JSON.parse(result.stdout)).toEqual({ given: ["one", "two words", ""], cwd: "/", flags: [] });
    expect(launch(["fail"]).status).toBe(3);
  });

  test("of a watcher keeps its memory low", () => {
    const result = JSON.parse(launch(["watch", "--once"]).stdout);
    expect(result).toMatchObject({ given: ["watch", "--once"], flags: ["--max-semi-space-size=8"] });
  });

  test("links the system's Node and installs the dependencies once", () => {
    expect(launch().stderr).toMatch(/Node: using .*npm dependencies: installed in \d+ s/s);
    expect(readlinkSync(join(machine.root, ".tools/node/bin/node"))).toBe(join(machine.programs, "node"));
    expect(launch().stderr).toBe("");
    expect(npmCalls()).toEqual([expect.stringMatching(/^ci --ignore-scripts/)]);
    machine.file("clone/package-lock.json", '{"version":2}');
    launch();
    expect(npmCalls()).toHaveLength(2);
  });

  test.each(["relative", "through a link", "without HOME or a cache folder"])("works %s", (how) => {
    const link = join(machine.folder, "link");
    symlinkSync(launcher, link);
    const result =
      how === "relative"
        ? launch(["x"], "./windlass", machine.root)
        : how === "through a link"
          ? launch(["x"], link)
          : launch(["x"], launcher, "/", environment({ XDG_CACHE_HOME: undefined, HOME: undefined }));
    expect(JSON.parse(result.stdout).given).toEqual(["x"]);
  });

  test("of several at once: one installs, the others wait for it", async () => {
    const starts = ["a", "b", "c"].map(
      (name) =>
        new Promise<number | null>((ended) => {
          spawn(launcher, [name], { env: environment(), stdio: "ignore" }).once("close", ended);
        }),
    );
    expect(await Promise.all(starts)).toEqual([0, 0, 0]);
    expect(npmCalls()).toHaveLength(1);
  });

  test("goes past the lock of a dead process", () => {
    mkdirSync(join(machine.root, ".tools"));
    symlinkSync(String(spawnSync("true").pid), join(machine.root, ".tools/bootstrap.lock"));
    expect(launch().status).toBe(0);
    expect(existsSync(join(machine.root, ".tools/bootstrap.lock"))).toBe(false);
  });
});

describe("what it says when something is missing", () => {
  const oldNode = `case $1 in --version) echo v20.20.2 ;; *) exec ${process.execPath} "$@" ;; esac`;

  test("an old Node and no npm", () => {
    rmSync(join(machine.programs, "npm"));
    rmSync(join(machine.programs, "node"));
    machine.program("node", oldNode);
    expect(launch().stderr).toContain("Node 22.18 or newer is needed");
  });

  test("neither Node nor npm", () => {
    rmSync(join(machine.programs, "npm"));
    rmSync(join(machine.programs, "node"));
    const result = launch();
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("Node 22.18 or newer is needed and neither it nor npm is on PATH: install Node 24");
  });

  test("Node, but no npm", () => {
    rmSync(join(machine.programs, "npm"));
    const result = launch();
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("npm is needed to install the dependencies and is not on PATH");
  });

  test("a Node package that is not the pinned one is not installed", () => {
    rmSync(join(machine.programs, "node"));
    machine.program("node", oldNode);
    machine.program("npm", "echo other > node.tgz");
    const result = launch();
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/node-.*@24.* is not what it should be: its sha512 is .*nothing was installed/);
    expect(existsSync(join(machine.root, ".tools/node/bin/node"))).toBe(false);
  });

  test("an npm ci that fails is tried again at the next start", () => {
    machine.program("npm", "echo 'npm error ENOTFOUND' >&2; exit 1");
    const result = launch();
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/ENOTFOUND.*npm ci failed in .*: check the network/s);
    machine.program("npm", "mkdir -p node_modules");
    expect(launch().status).toBe(0);
  });
});
