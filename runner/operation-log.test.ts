import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../domain/errors.ts";
import { LOG_FILE_BYTES, operationLog } from "./operation-log.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "operation-log-"));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const records = (file: string) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("an operation is taken down from its beginning to its end", () => {
  const log = operationLog(home, "services up");
  const urn = "urn:pulumi:a::b::docker:index/container:Container::web";
  const resource = {
    kind: "resource",
    action: "create",
    urn,
    type: "docker:index/container:Container",
    name: "web",
  } as const;
  log.onEvent({ kind: "phase", text: "looking" });
  log.onEvent({ ...resource, state: "started" });
  log.onEvent({ kind: "waiting", urn, text: "starting" });
  log.onEvent({ ...resource, state: "failed", seconds: 1.5 });
  log.onEvent({ kind: "note", level: "warning", text: "slow" });
  log.onEvent({ kind: "check", check: { name: "engine", state: "failed", text: "no answer" } });
  log.end(new UserError("CommandFailed", { reason: "it broke" }));
  const about = { timestamp: expect.stringMatching(/^\d{4}-.*Z$/), command: "services up", pid: process.pid };
  expect(records(log.file)).toEqual([
    { ...about, level: "info", event: "begin", message: "services up" },
    { ...about, level: "info", event: "phase", message: "looking" },
    {
      ...about,
      level: "error",
      event: "resource",
      message: "failed create docker:index/container:Container web",
      seconds: 1.5,
    },
    { ...about, level: "warn", event: "note", message: "slow" },
    { ...about, level: "error", event: "check", message: "engine: failed: no answer" },
    {
      ...about,
      level: "error",
      event: "end",
      message: expect.stringContaining("it broke"),
      code: "CommandFailed",
      seconds: expect.any(Number),
    },
  ]);
});

test("a full file is kept beside the new one", () => {
  const { file, end } = operationLog(home, "up");
  writeFileSync(file, `${"x".repeat(LOG_FILE_BYTES)}\n`);
  end();
  expect(records(file)).toMatchObject([{ event: "end", message: "done" }]);
  expect(statSync(join(home, "log", "windlass.1.jsonl")).size).toBe(LOG_FILE_BYTES + 1);
});

test("where nothing can be written the operation goes on", () => {
  writeFileSync(join(home, "log"), "a file, not a folder");
  const log = operationLog(home, "up");
  log.onEvent({ kind: "phase", text: "on" });
  log.end();
  expect(readFileSync(join(home, "log"), "utf8")).toBe("a file, not a folder");
});

test("every command that shows progress is in it, by its name", () => {
  const main = new URL("cli/main.ts", import.meta.url).pathname;
  const env = { ...process.env, WINDLASS_HOME: home };
  const words = ["services", "restart", "nobody-has-it", "--yes"];
  expect(spawnSync(process.execPath, [main, ...words], { env, cwd: home }).status).toBe(1);
  expect(records(join(home, "log", "windlass.jsonl"))).toMatchObject([
    { command: "services restart", event: "begin", message: "services restart" },
    { command: "services restart", event: "end", level: "error", code: "NotFound" },
  ]);
});
