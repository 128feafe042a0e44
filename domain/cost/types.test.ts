import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { TYPES } from "./types.ts";

const folder = dirname(createRequire(import.meta.url).resolve("@pulumi/digitalocean/package.json"));

/** The package's own list: every class says its token. */
function packageTypes(): string[] {
  const sources = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const texts = sources.map((name) => readFileSync(join(folder, name), "utf8"));
  return texts.flatMap((text) =>
    [...text.matchAll(/__pulumiType = 'digitalocean:index\/(\w+):\w+'/g)].map((match) => match[1] as string),
  );
}

test("every resource type of the package is classified, and none that it does not have", () => {
  const types = packageTypes();
  expect(types.length).toBeGreaterThan(80);
  expect(Object.keys(TYPES).sort()).toEqual(types.sort());
});

test("what is free or not priced says why", () => {
  for (const [word, rule] of Object.entries(TYPES)) {
    if (rule.kind === "free" || rule.kind === "unpriced") expect(rule.reason, word).toMatch(/\w{3}/);
    if (rule.kind === "usage") expect(rule.usage.length, word).toBeGreaterThan(0);
  }
});
