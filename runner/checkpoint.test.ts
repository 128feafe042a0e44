import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initCheckpoint, readCheckpoint } from "./checkpoint.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "windlass-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const target = () => ({ backend: `file://${folder}`, project: "shop", stack: "services" });
const file = () => join(folder, ".pulumi", "stacks", "shop", "services.json");

test("a stack that is made is there, and has nothing", () => {
  expect(readCheckpoint(target())).toBeUndefined();
  initCheckpoint(target());
  expect(readCheckpoint(target())).toEqual({});
  expect(readFileSync(join(folder, ".pulumi", "meta.yaml"), "utf8")).toBe("version: 1\n");
});

test.each(["", ".gz"])("one that is there stays as it is (%s)", (end) => {
  initCheckpoint(target());
  rmSync(file());
  writeFileSync(file() + end, "what it had");
  initCheckpoint(target());
  expect(readFileSync(file() + end, "utf8")).toBe("what it had");
  expect(existsSync(file())).toBe(end === "");
});
