import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "windlass-policy-entry-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes the SDK take the TypeScript that it brings, as in an installation with nothing but the SDK. */
const WITHOUT_TYPESCRIPT = `
const Module = require("node:module");
const find = Module._resolveFilename;
Module._resolveFilename = function (name, ...more) {
  if (name === "typescript" || name === "ts-node") throw Object.assign(new Error("none"), { code: "MODULE_NOT_FOUND" });
  return find.call(this, name, ...more);
};`;

test("Pulumi's own language host can start the pack too", async () => {
  const hook = join(folder, "hook.cjs");
  writeFileSync(hook, WITHOUT_TYPESCRIPT);
  const start = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const pack = import.meta.dirname;
  const child = spawn(process.execPath, ["-r", hook, start, "127.0.0.1:1", pack], { cwd: pack });
  let text = "";
  const port = await new Promise<string>((resolve, reject) => {
    const told = (chunk: Buffer) => {
      text += chunk;
      const found = /^\d+$/m.exec(text)?.[0];
      if (found) resolve(found);
    };
    child.stdout.on("data", told);
    child.stderr.on("data", told);
    child.on("close", () => reject(new Error(text)));
  });
  expect(Number(port)).toBeGreaterThan(0);
  child.kill();
}, 60_000);
