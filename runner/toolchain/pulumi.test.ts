import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engineFits } from "./engine.ts";
import { pulumiPart } from "./pulumi.ts";
import { Machine } from "./testing/machine.ts";

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
  const engine = "tools/engine";
  mkdirSync(join(machine.root, engine), { recursive: true });
  cpSync(resolve(engine), join(machine.root, engine), { recursive: true });
  machine.program("clone/tools/language-host/pulumi-language-nodejs", "exit 0");
});
afterEach(() => machine.remove());

const lines: string[] = [];
const progress = (line: string) => lines.push(line);

/** A Go that answers for its version and "builds" an engine that says the one it was told in the linker flags. */
function goStub(version = "go1.26.8", build = 'printf "#!/bin/sh\\necho v3.259.0\\n" > "$7"; chmod +x "$7"'): void {
  const log = join(machine.folder, "go-calls");
  machine.program("go", `echo "$@" >> ${log}\ncase $1 in env) echo ${version} ;; build) ${build} ;; esac`);
}
const builds = () => readFileSync(join(machine.folder, "go-calls"), "utf8").match(/^build/gm)?.length ?? 0;

describe("what is there", () => {
  test.each([
    ["v3.259.0", true],
    ["v3.270.1-dev.0", true],
    ["3.300.2", true],
    ["v3.258.9", false],
    ["v4.0.0", false],
    ["", false],
  ])("version %s fits: %s", (version, fits) => expect(engineFits(version)).toBe(fits));

  test("the user's own engine on PATH is used when its language host is beside it", async () => {
    const path = machine.program("pulumi", "echo v3.261.0");
    machine.program("pulumi-language-nodejs", "exit 0");
    expect(await pulumiPart(machine.host()).check()).toEqual({ ok: true, found: `v3.261.0 (${path})`, fix: "" });
  });

  test("one that is too old or has no language host is not", async () => {
    machine.program("pulumi", "echo v3.261.0");
    const alone = await pulumiPart(machine.host()).check();
    expect(alone).toMatchObject({ ok: false, found: expect.stringContaining("without pulumi-language-nodejs") });
    machine.program("pulumi", "echo v3.100.0");
    expect(await pulumiPart(machine.host()).check()).toMatchObject({
      ok: false,
      found: expect.stringContaining("not >= 3.259.0 and < 4"),
    });
  });
});

describe("building it", () => {
  test("once per machine: a second clone takes it from the cache", async () => {
    goStub();
    const part = pulumiPart(machine.host());
    expect((await part.check()).ok).toBe(false);
    await part.install?.(progress);
    expect((await part.check()).found).toBe(`v3.259.0 (${join(machine.root, ".tools/pulumi/bin/pulumi")})`);
    expect(builds()).toBe(1);

    const second = { ...machine.host(), root: join(machine.folder, "second") };
    cpSync(join(machine.root, "tools"), join(second.root, "tools"), { recursive: true });
    await pulumiPart(second).install?.(progress);
    expect((await pulumiPart(second).check()).ok).toBe(true);
    expect(builds()).toBe(1);
    const inode = (root: string) => statSync(join(root, ".tools/pulumi/bin/pulumi")).ino;
    expect(inode(second.root)).toBe(inode(machine.root));
  });

  test("two at once build it once", async () => {
    goStub("go1.26.8", `sleep 0.3; printf "#!/bin/sh\\necho v3.259.0\\n" > "$7"; chmod +x "$7"`);
    const part = pulumiPart(machine.host());
    await Promise.all([part.install?.(progress), part.install?.(progress)]);
    expect(builds()).toBe(1);
  });

  test("a build that was killed half-way leaves nothing in the way of the next", async () => {
    const cache = machine.host().cache;
    machine.file("cache/windlass/pulumi-build.killed/bin/pulumi", "half", 0o755);
    mkdirSync(join(machine.root, ".tools/pulumi/bin"), { recursive: true });
    writeFileSync(join(machine.root, ".tools/pulumi/bin/pulumi"), "half");
    goStub();
    await pulumiPart(machine.host()).install?.(progress);
    expect((await pulumiPart(machine.host()).check()).ok).toBe(true);
    expect(readdirSync(cache).filter((name) => name.startsWith("pulumi-build."))).toEqual([]);
  });

  test("a failed build leaves nothing behind and says why", async () => {
    goStub("go1.26.8", 'echo "dial tcp: no route to host" >&2; exit 1');
    const error = await pulumiPart(machine.host())
      .install?.(progress)
      .catch((caught) => caught);
    expect(error.toJSON()).toMatchObject({ error: "ToolMissing", details: { part: "pulumi" } });
    expect(error.message).toMatch(/go build failed: .*no route to host; check that Go modules can be fetched/s);
    expect(existsSync(join(machine.root, ".tools/pulumi/bin/pulumi"))).toBe(false);
    expect(readdirSync(machine.host().cache)).toEqual([]);
  });

  test("a full disk is told as one", async () => {
    goStub("go1.26.8", 'echo "write /tmp/x: no space left on device" >&2; exit 1');
    await expect(pulumiPart(machine.host()).install?.(progress)).rejects.toThrow(/^the disk is full.*free some space/);
  });

  test("a cache that cannot be written is told as such", async () => {
    goStub();
    machine.file("cache", "a file where the folder should be");
    await expect(pulumiPart(machine.host()).install?.(progress)).rejects.toMatchObject({ code: "ToolMissing" });
  });

  test("without Go, or with an old one, it says what to install", async () => {
    const host = machine.host({ PATH: machine.programs });
    await expect(pulumiPart(host).install?.(progress)).rejects.toThrow(
      /there is no Go; install the Pulumi CLI yourself/,
    );
    goStub("go1.19.8");
    await expect(pulumiPart(machine.host()).install?.(progress)).rejects.toThrow(/Go is go1\.19\.8/);
  });
});
