import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pulumiCommand } from "./command.ts";

let root: string;
let cli: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windlass-command-"));
  cli = join(root, ".tools", "pulumi", "bin", "pulumi");
  mkdirSync(join(root, ".tools", "pulumi", "bin"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** A CLI that tells this version, and notes each start. */
function install(version: string, seconds: number): void {
  writeFileSync(cli, `#!/bin/sh\necho start >> ${root}/starts\necho v${version}\n`);
  chmodSync(cli, 0o755);
  utimesSync(cli, seconds, seconds);
}

const starts = () => readFileSync(join(root, "starts"), "utf8").trim().split("\n").length;
const command = () => pulumiCommand(root, { home: join(root, "home"), logFile: join(root, "log") });

test("the CLI is asked for its version once, and again when it is another file", async () => {
  install("3.259.0", 1_000);
  expect((await command()).version?.toString()).toBe("3.259.0");
  const known = (await command()).version;
  expect([known?.toString(), known?.major, starts()]).toEqual(["3.259.0", 3, 1]);
  install("3.260.1", 2_000);
  expect((await command()).version?.toString()).toBe("3.260.1");
  expect(starts()).toBe(2);
});

test("what cannot be read of it is asked for again", async () => {
  install("3.259.0", 1_000);
  await command();
  writeFileSync(join(root, "home", "pulumi-version.json"), '{"path": "/');
  expect((await command()).version?.toString()).toBe("3.259.0");
  expect(starts()).toBe(2);
});

test("one that is too old is refused, however often", async () => {
  install("3.219.0", 1_000);
  for (const _ of [1, 2]) await expect(command()).rejects.toMatchObject({ code: "ToolMissing" });
});
