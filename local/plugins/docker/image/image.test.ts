import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loginFor } from "./auth.ts";
import { queryOf } from "./build.ts";
import { buildContext } from "./context.ts";
import { ignoreRules } from "./ignore.ts";
import { imageName, registryOf } from "./names.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "windlass-context-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(path: string, content = path): void {
  mkdirSync(join(dir, dirname(path)), { recursive: true });
  writeFileSync(join(dir, path), content);
}

test("names have a registry, a path and a tag", () => {
  const parts = (name: string) => Object.values(imageName(name));
  expect(parts("redis")).toEqual(["docker.io", "library/redis", "redis", "latest"]);
  expect(parts("grafana/loki:3")).toEqual(["docker.io", "grafana/loki", "grafana/loki", "3"]);
  expect(parts("localhost:5000/a/b")).toEqual(["localhost:5000", "a/b", "localhost:5000/a/b", "latest"]);
  const digest = `sha256:${"0".repeat(64)}`;
  expect(parts(`ghcr.io/a/b:1@${digest}`)).toEqual(["ghcr.io", "a/b", "ghcr.io/a/b", "1", digest]);
  expect(["https://index.docker.io/v1/", "registry-1.docker.io", "https://ghcr.io"].map(registryOf)).toEqual([
    "docker.io",
    "docker.io",
    "ghcr.io",
  ]);
});

test("logins come from the provider, from a text, or from the file of docker login", () => {
  const configFileContent = JSON.stringify({
    auths: { "ghcr.io": { auth: Buffer.from("me:a:b").toString("base64") } },
  });
  const settings = [
    { address: "https://index.docker.io/v1/", username: "u", password: "p" },
    { address: "ghcr.io", configFileContent },
    { address: "open.example", authDisabled: true },
  ];
  expect(loginFor("redis", settings)).toEqual({ username: "u", password: "p", serveraddress: "docker.io" });
  expect(loginFor("ghcr.io/a/b", settings)).toMatchObject({ username: "me", password: "a:b" });
  expect(loginFor("open.example/a", settings)).toBeUndefined();
  expect(loginFor("other.example/a", settings)).toBeUndefined();
});

test.each([
  ["*.log", ["a.log"], ["a.txt", "sub/a.log"]],
  ["**/*.log", ["a.log", "sub/deep/a.log"], ["a.txt"]],
  ["node_modules", ["node_modules", "node_modules/a/b"], ["sub/node_modules", "node_modules2"]],
  ["/dist/", ["dist", "dist/x"], ["a/dist"]],
  ["a/*/c", ["a/b/c", "a/b/c/d"], ["a/c", "a/b/d"]],
  ["file?.[ch]", ["file1.c", "fileA.h"], ["file.c", "file1.o"]],
  ["# no\n\n*\n!keep\n!src/**", ["other", "src2"], ["keep", "src/a/b"]],
])(".dockerignore %j", (text, out, stays) => {
  const ignored = ignoreRules(text);
  expect([out.filter((path) => !ignored(path)), stays.filter((path) => ignored(path))]).toEqual([[], []]);
});

test("an archive has what tar reads from it: long names, links, modes, and no ignored files", async () => {
  const long = `${"a-long-folder-name/".repeat(8)}file-with-ümläuts.txt`;
  write("Dockerfile", "FROM scratch\n");
  write("run.sh");
  chmodSync(join(dir, "run.sh"), 0o755);
  write(long);
  write("secret.key");
  write("out/keep");
  write("out/drop");
  symlinkSync("run.sh", join(dir, "start"));
  write(".dockerignore", "*.key\nout\n!out/keep\nDockerfile\n");
  const context = buildContext(dir, join(dir, "Dockerfile"));
  writeFileSync(join(dir, "..", "context.tar"), await buffer(context.archive()));
  const list = spawnSync("tar", ["-tvf", join(dir, "..", "context.tar")], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  rmSync(join(dir, "..", "context.tar"));
  expect([list.status, list.stderr]).toEqual([0, ""]);
  const names = list.stdout.split("\n").map((line) => line.split(/\s+/).slice(5).join(" "));
  expect(names).toContain("start -> run.sh");
  expect(list.stdout).toMatch(/^-rwxr-xr-x .* run\.sh$/m);
  expect(list.stdout).toContain("file-with-");
  expect(names).toEqual(expect.arrayContaining(["Dockerfile", "out/keep", ".dockerignore"]));
  expect(names).not.toContain("out/drop");
  expect(names).not.toContain("secret.key");
});

test("the digest follows names, modes and contents of what is sent, and nothing else", () => {
  write("Dockerfile", "FROM scratch\n");
  write("a", "1");
  write(".dockerignore", "ignored\n");
  const digest = () => buildContext(dir, join(dir, "Dockerfile")).digest();
  const first = digest();
  write("ignored", "x");
  expect(digest()).toBe(first);
  chmodSync(join(dir, "a"), 0o755);
  const second = digest();
  expect(second).not.toBe(first);
  write("a", "2");
  expect(digest()).not.toBe(second);
});

test("a Dockerfile beside the context is sent under a name of its own", () => {
  write("app/a");
  write("Dockerfile", "FROM scratch\n");
  const context = buildContext(join(dir, "app"), join(dir, "Dockerfile"));
  expect(context.dockerfile).toBe(".dockerfile.outside-of-the-context");
});

test("both builders are asked in the engine's words", () => {
  const options = { tags: ["a:1"], buildArgs: { A: "1" }, extraHosts: ["db:10.0.0.1"], cacheFrom: [] };
  expect(queryOf("Dockerfile", options, false)).toEqual({
    version: "2",
    dockerfile: "Dockerfile",
    t: ["a:1"],
    buildargs: { A: "1" },
    extrahosts: "db:10.0.0.1",
  });
  expect(queryOf("D", { tags: ["a"] }, true)).toEqual({ version: "1", dockerfile: "D", t: ["a"], rm: true });
});
