import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { layers } from "./commands.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** What the layer rule finds in a repository of these files. */
async function findings(files: Record<string, string>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "windlass-layers-"));
  folders.push(root);
  cpSync(resolve(".dependency-cruiser.mjs"), join(root, ".dependency-cruiser.mjs"));
  symlinkSync(resolve("node_modules"), join(root, "node_modules"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return await layers.run(root);
}

const value = "export const value: number = 1;\nexport type Kind = string;\n";

test("imports that point downwards pass", async () => {
  const found = await findings({
    "domain/a.ts": value,
    "clients/b.ts": 'export { value } from "../domain/a.ts";\n',
    "runner/c.ts":
      'import { value } from "../clients/b.ts";\nimport type { Kind } from "../domain/a.ts";\nexport const k: Kind = `${value}`;\n',
    "runner/local-cloud.ts": 'export const start = () => import("../local/cloud/d.ts");\n',
    "local/cloud/d.ts": value,
    "runner/c.test.ts": 'import { value } from "../local/cloud/d.ts";\nvalue;\n',
  });
  expect(found).toEqual([]);
});

test.each([
  ["upwards", "domain/x.ts", 'import { value } from "../runner/y.ts";\nvalue;\n', "domain-imports-downwards-only"],
  [
    "a type upwards",
    "domain/x.ts",
    'import type { Kind } from "../runner/y.ts";\nexport const k: Kind = "";\n',
    "domain-",
  ],
  ["later, upwards", "domain/x.ts", 'export const load = () => import("../runner/y.ts");\n', "domain-imports"],
  [
    "the local cloud",
    "runner/x.ts",
    'import { value } from "../local/y.ts";\nvalue;\n',
    "runner-imports-downwards-only",
  ],
  ["out of the local cloud", "local/x.ts", 'import { value } from "../domain/y.ts";\nvalue;\n', "local-imports"],
  ["the command line", "runner/x.ts", 'import { value } from "./cli/y.ts";\nvalue;\n', "operations-do-not-know"],
  ["npm in the toolchain", "runner/toolchain/x.ts", 'import { z } from "zod";\nz;\n', "toolchain-needs-nothing"],
  ["nothing", "domain/x.ts", 'import { value } from "./gone.ts";\nvalue;\n', "no-missing-import"],
  ["in a circle", "domain/x.ts", 'export { value } from "./y.ts";\n', "no-cycle"],
])("an import of %s is found", async (_, path, text, rule) => {
  const found = await findings({
    [path]: text,
    "runner/y.ts": value,
    "runner/cli/y.ts": value,
    "local/y.ts": value,
    "domain/y.ts": path === "domain/x.ts" ? 'export const value = 1;\nexport * as x from "./x.ts";\n' : value,
  });
  expect(found.join("\n")).toContain(rule);
});
