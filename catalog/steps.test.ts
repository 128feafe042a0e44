import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderStep, type StepName } from "../domain/bootstrap.ts";
import { failuresIn } from "../domain/failure-line.ts";
import { stepText } from "./step-text.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windlass-steps-"));
});
afterEach(() => {
  const pidFile = join(root, "state/training.pid");
  if (existsSync(pidFile)) spawnSync("kill", ["-KILL", "--", `-${readFileSync(pidFile, "utf8").split(" ")[0]}`]);
});

function run(step: StepName, variables: Record<string, string>, text = stepText(step)) {
  const file = join(root, `${step}.sh`);
  writeFileSync(file, renderStep(step, text, variables));
  const environment = {
    ...process.env,
    WINDLASS_STATE_FOLDER: join(root, "state"),
    WINDLASS_LOG_FOLDER: join(root, "log"),
  };
  const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", file], {
    env: environment,
    encoding: "utf8",
  });
  return { status, stdout, stderr, failures: failuresIn(stderr).map((failure) => failure.details) };
}

const log = () => readFileSync(join(root, "log/bootstrap.log"), "utf8").replace(/^\S+ /gm, "").replace(/\d+s/g, "Ns");

function repository(
  files: Record<string, string>,
  name = "upstream",
): { path: string; commit: () => string; git: (...args: string[]) => string } {
  const path = join(root, name);
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", path, "-c", "user.name=t", "-c", "user.email=t@t", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  mkdirSync(path);
  git("init", "-q", "-b", "main");
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  git("add", ".");
  git("commit", "-qm", "first");
  return { path, commit: () => git("rev-parse", "HEAD"), git };
}

const body = (text: string) => ({ prelude: stepText("20-docker").prelude, body: text });

test("a step is logged with its time, and a rerun only verifies", () => {
  const text = body('verify() { [ -e "$FILE" ]; }\napply() { echo made >>"$FILE"; }');
  const variables = { FILE: join(root, "file") };
  expect(run("20-docker", variables, text).status).toBe(0);
  expect(run("20-docker", variables, text).stderr).toContain("already done");
  expect(readFileSync(variables.FILE, "utf8")).toBe("made\n");
  expect(log()).toBe("20-docker start\n20-docker ok Ns\n20-docker start\n20-docker ok Ns\n");
});

test("work that was undone since is done again", () => {
  const text = body('verify() { [ -e "$FILE" ]; }\napply() { echo made >>"$FILE"; }');
  const variables = { FILE: join(root, "file") };
  run("20-docker", variables, text);
  execFileSync("rm", [variables.FILE]);
  expect(run("20-docker", variables, text).status).toBe(0);
  expect(existsSync(variables.FILE)).toBe(true);
});

test("a command that fails names itself, as an error that programs read", () => {
  const result = run("20-docker", {}, body("verify() { false; }\napply() { quietly ls /no/such/folder; }"));
  expect(result.status).toBe(1);
  expect(result.failures).toMatchObject([{ step: "20-docker", reason: "20-docker: 'ls /no/such/folder' failed" }]);
  expect(result.stderr).toContain("No such file or directory");
  expect(log()).toContain("20-docker failed Ns: 'ls /no/such/folder' failed");
});

test("work whose check does not hold afterwards has failed", () => {
  const result = run("20-docker", {}, body("verify() { false; }\napply() { true; }"));
  expect(result.failures[0]?.reason).toContain("the check after it does not hold");
});

test("quotes, backslashes and line breaks in a reason stay readable", () => {
  const result = run("20-docker", {}, body(`verify() { false; }\napply() { fail $'a "b" \\\\c\\nd' 'do "it"'; }`));
  expect(result.failures).toMatchObject([{ reason: '20-docker: a "b" \\c d', suggestion: 'do "it"' }]);
});

test("a step that takes too long is ended and says so", () => {
  const text = body("LIMIT=1\nverify() { false; }\napply() { sleep 60; }");
  expect(run("20-docker", {}, text).failures[0]?.reason).toBe("20-docker: did not end within 1 s");
});

test("a repository is cloned at a branch, and follows to another ref", () => {
  const upstream = repository({ "a.txt": "one" });
  upstream.git("tag", "v1");
  const target = join(root, "target");
  const variables = { URL: upstream.path, REF: "main", COMMIT: "", BUNDLE: "", TARGET: target };
  expect(run("50-repository", variables).stderr).toContain(`is at ${upstream.commit().slice(0, 7)}`);
  writeFileSync(join(upstream.path, "a.txt"), "two");
  upstream.git("commit", "-qam", "second");
  upstream.git("branch", "next");
  expect(run("50-repository", { ...variables, REF: "next" }).status).toBe(0);
  expect(readFileSync(join(target, "a.txt"), "utf8")).toBe("two");
  expect(run("50-repository", { ...variables, REF: "v1" }).status).toBe(0);
  expect(readFileSync(join(target, "a.txt"), "utf8")).toBe("one");
  expect(run("50-repository", { ...variables, REF: upstream.commit() }).status).toBe(0);
  expect(readFileSync(join(target, "a.txt"), "utf8")).toBe("two");
});

test("changes and commits made on the node are kept when the repository moves on", () => {
  const upstream = repository({ "a.txt": "one" });
  const target = join(root, "target");
  const variables = { URL: upstream.path, REF: "main", COMMIT: "", BUNDLE: "", TARGET: target };
  run("50-repository", variables);
  const there = (...args: string[]) =>
    execFileSync("git", ["-C", target, "-c", "user.name=t", "-c", "user.email=t@t", ...args], { encoding: "utf8" });
  writeFileSync(join(target, "mine.txt"), "committed");
  there("add", ".");
  there("commit", "-qm", "mine");
  writeFileSync(join(target, "a.txt"), "edited");
  writeFileSync(join(upstream.path, "a.txt"), "two");
  upstream.git("commit", "-qam", "second");
  upstream.git("branch", "next");
  expect(run("50-repository", { ...variables, REF: "next" }).status).toBe(0);
  expect(readFileSync(join(target, "a.txt"), "utf8")).toBe("two");
  expect(there("stash", "show", "-p")).toContain("edited");
  expect(there("log", "--format=%s", "--branches=windlass-kept-*")).toContain("mine");
});

test("a repository or ref that does not exist is named", () => {
  const upstream = repository({ "a.txt": "one" });
  const variables = { URL: join(root, "nowhere"), REF: "main", COMMIT: "", BUNDLE: "", TARGET: join(root, "target") };
  expect(run("50-repository", variables).failures[0]?.reason).toContain("nowhere does not exist or cannot be reached");
  const result = run("50-repository", { ...variables, URL: upstream.path, REF: "mian" });
  expect(result.failures).toMatchObject([
    {
      reason: `50-repository: the repository ${upstream.path} has no branch, tag or commit mian`,
      suggestion: "check windlass:repositoryRef",
    },
  ]);
});

test("a folder with other things in it is not taken for the repository", () => {
  mkdirSync(join(root, "target"));
  writeFileSync(join(root, "target/thesis.txt"), "the only copy");
  const variables = {
    URL: repository({ a: "" }).path,
    REF: "main",
    COMMIT: "",
    BUNDLE: "",
    TARGET: join(root, "target"),
  };
  expect(run("50-repository", variables).failures[0]?.reason).toContain("exists and is no repository");
  expect(readFileSync(join(root, "target/thesis.txt"), "utf8")).toBe("the only copy");
});

test("data is checked byte by byte, and damage is named", () => {
  const target = join(root, "data");
  mkdirSync(target);
  writeFileSync(join(target, "a b.txt"), "a");
  const manifest = join(root, "data.sha256");
  writeFileSync(manifest, execFileSync("sha256sum", ["a b.txt"], { cwd: target }));
  const variables = { TARGET: target, MANIFEST: manifest, FILES: "1", DIGEST: "0123456789abcdef" };
  expect(run("60-data", variables).status).toBe(0);
  writeFileSync(join(target, "a b.txt"), "b");
  expect(run("60-data", { ...variables, DIGEST: "f" }).failures[0]?.reason).toContain(
    "data differs from its checksums",
  );
});

function training(command: string) {
  const mount = join(root, "mount");
  mkdirSync(join(mount, "checkpoints"), { recursive: true });
  return {
    FOLDER: root,
    COMMAND: command,
    MOUNT: mount,
    DATA: join(mount, "data"),
    JOBLOG: join(mount, "logs/training.log"),
  };
}

/** Shell that writes a checkpoint as jobs must: whole, then renamed. */
const writes = (step: number) => `echo '{"step":${step}}' >draft && mv draft $CHECKPOINTS/${step}.json`;

test("a job is started once, its first checkpoint is waited for and shown", () => {
  const variables = training(`echo started >>starts; sleep 0.3; ${writes(1)}; sleep 60`);
  expect(run("70-training", variables).status).toBe(0);
  expect(run("70-training", variables).stderr).toContain("already done");
  const seen = run("80-checkpoint", variables);
  expect(JSON.parse(seen.stdout)).toEqual({ step: 1 });
  expect(readFileSync(join(root, "starts"), "utf8")).toBe("started\n");
});

test("a job that has died is started again, one that has finished is not", () => {
  const variables = training(`echo started >>starts; [ -e again ] || { touch again; kill -KILL $$; }; ${writes(2)}`);
  run("70-training", variables);
  expect(run("80-checkpoint", variables).failures[0]?.reason).toContain("ended with code 137");
  expect(run("70-training", variables).status).toBe(0);
  expect(JSON.parse(run("80-checkpoint", variables).stdout)).toEqual({ step: 2 });
  run("70-training", variables);
  expect(readFileSync(join(root, "starts"), "utf8")).toBe("started\nstarted\n");
});

test("a job that a stop has paused is not started until the mark is gone, and its newest checkpoint is told", () => {
  const variables = training(`echo started >>starts; ${writes(4)}; sleep 60`);
  const mark = join(variables.MOUNT, ".windlass/training.paused");
  mkdirSync(join(mark, ".."), { recursive: true });
  writeFileSync(mark, "");
  const paused = run("70-training", variables);
  expect(paused).toMatchObject({ status: 0, failures: [] });
  expect(paused.stderr).toContain("paused by a stop");
  expect(existsSync(join(root, "starts"))).toBe(false);
  expect(JSON.parse(run("80-checkpoint", variables).stdout)).toEqual({});
  writeFileSync(join(variables.MOUNT, "checkpoints/3.json"), '{"step":3}');
  expect(JSON.parse(run("80-checkpoint", variables).stdout)).toEqual({ step: 3 });
  // Long before the job that starts now.
  utimesSync(join(variables.MOUNT, "checkpoints/3.json"), 1_000_000, 1_000_000);
  rmSync(mark);
  rmSync(join(root, "state/steps/70-training.done"));
  expect(run("70-training", variables).status).toBe(0);
  expect(JSON.parse(run("80-checkpoint", variables).stdout)).toEqual({ step: 4 });
});

test("another command takes the place of the running one, which may end in order", async () => {
  const saves = `trap 'echo saved >saved; exit 1' TERM; touch listens; while :; do sleep 0.1; done`;
  run("70-training", training(saves));
  await vi.waitUntil(() => existsSync(join(root, "listens")), 10_000);
  expect(run("70-training", training("sleep 60")).stderr).toContain("the command has changed");
  expect(readFileSync(join(root, "saved"), "utf8")).toBe("saved\n");
});

test("a job that fails at once is reported with the end of its log", () => {
  const variables = training("echo no such dataset >&2; exit 3");
  run("70-training", variables);
  const result = run("80-checkpoint", variables);
  expect(result.failures[0]?.reason).toBe(
    "80-checkpoint: the training job ended with code 3 before its first checkpoint: no such dataset",
  );
});
