import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const lazyResolver = fileURLToPath(new URL("./lazy-resolver.cjs", import.meta.url));

function run(script: string): unknown {
  return JSON.parse(execFileSync(process.execPath, ["--require", lazyResolver, "-e", script], { encoding: "utf8" }));
}

const loaded = 'Object.keys(require.cache).filter((file) => file.includes("@npmcli/arborist")).length';

test("the SDK is loaded without npm's resolver", () => {
  expect(run(`require("@pulumi/pulumi"); console.log(${loaded})`)).toBe(0);
});

test("a function is serialized with the packages it uses, for which the resolver is loaded", () => {
  const script = `
    const pulumi = require("@pulumi/pulumi");
    pulumi.runtime.computeCodePaths().then((paths) => console.log(JSON.stringify([${loaded} > 0, paths.size > 10])));
  `;
  expect(run(script)).toEqual([true, true]);
});
