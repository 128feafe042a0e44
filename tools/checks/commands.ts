import { existsSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../runner/toolchain/command.ts";
import type { Check } from "./check.ts";
import { trackedFiles } from "./tracked-files.ts";

/** Everything whose imports are looked at. */
const codeFolders = [
  "domain",
  "catalog",
  "clients",
  "components",
  "policy",
  "stacks",
  "runner",
  "local",
  "tools",
  "tests",
  "bench",
  "examples",
];

/** A check that is a program of an npm dependency: no finding when it ends with 0, else what it printed. */
function command(name: string, script: string, args: (root: string) => string[]): Check {
  return {
    name,
    async run(root) {
      const env = { ...process.env, NO_COLOR: "1" };
      const node = [join(root, "node_modules", script), ...args(root)];
      const result = await run(process.execPath, node, { cwd: root, env });
      return result.code === 0 ? [] : [result.output.trim() || `${name} ended with ${result.code}`];
    },
  };
}

export const types = command("types", "typescript/bin/tsc", () => ["--project", "."]);

export const style = command("format and lint", "@biomejs/biome/bin/biome", () => [
  "check",
  "--error-on-warnings",
  "--diagnostic-level=warn",
  ".",
]);

export const layers = command("layers", "dependency-cruiser/bin/dependency-cruiser.mjs", (root) => [
  "--config",
  ".dependency-cruiser.mjs",
  "--output-type",
  "err",
  ...[...codeFolders, "index.ts"].filter((folder) => existsSync(join(root, folder))),
]);

export const unitTests = command("unit tests", "vitest/vitest.mjs", () => [
  "run",
  "--project",
  "unit",
  "--reporter=dot",
]);

/** Every shell script parses. */
export const shell: Check = {
  name: "shell scripts",
  async run(root) {
    const scripts = (await trackedFiles(root)).filter(({ text }) =>
      /^#!\/bin\/(ba)?sh\b|^#!\/usr\/bin\/env (ba)?sh\b/.test(text),
    );
    const findings = scripts.map(async ({ path, text }) => {
      const interpreter = /^#!\S*(?:\/|env )bash/.test(text) ? "bash" : "sh";
      const result = await run(interpreter, ["-n", path], { cwd: root });
      return result.code === 0 ? [] : [result.output.trim()];
    });
    return (await Promise.all(findings)).flat();
  },
};
