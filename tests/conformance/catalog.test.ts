import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { serviceStackFile, serviceStacks } from "../../catalog/services/names.ts";
import { BUILD_TIMEOUT_MS, buildDockerCompose } from "../../tools/docker-compose/build.ts";

const launcher = join(import.meta.dirname, "../../windlass");
/** The working folder of both; its `.env` counts. */
const folder = mkdtempSync(join(tmpdir(), "catalog-"));
const environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  IMAGE_TAG: "4f2a9c1",
  REGISTRY: "registry.example.com/own",
  POSTGRES_PASSWORD: "unprinted",
};

let compose: string;

beforeAll(async () => {
  compose = await buildDockerCompose();
  writeFileSync(join(folder, ".env"), "BIND_ADDRESS=10.0.0.5\n");
}, BUILD_TIMEOUT_MS);

const cases = serviceStacks().flatMap((name) => [
  { name, words: [] },
  { name, words: ["--profile", "*"] },
]);

function run(program: string, words: string[]): string {
  return execFileSync(program, words, {
    cwd: folder,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test.each(cases)("windlass and docker compose read $name alike $words", ({ name, words }) => {
  const file = serviceStackFile(name) ?? "";
  const theirs = (format: string) =>
    run(compose, ["-f", file, "--project-directory", folder, ...words, "config", "--format", format]);
  const ours = (format: string) => run(launcher, ["services", "config", name, "--format", format, ...words]);
  const json = ours("json");
  expect(JSON.parse(json)).toEqual(JSON.parse(theirs("json")));
  expect(parse(ours("yaml"))).toEqual(parse(theirs("yaml")));
  expect(json).toContain("10.0.0.5");
  expect(json).not.toContain("unprinted");
});

test("the list is read by people and by programs, without any variable", () => {
  const listed = JSON.parse(run(launcher, ["services", "list", "--json"])) as { name: string }[];
  expect(listed.map(({ name }) => name)).toEqual(serviceStacks());
  const text = run(launcher, ["services", "list"]);
  expect(text).toContain("\nagent-tools: ");
  expect(text).toMatch(/gateway-mcp 8000, .*\n {2}must be set {2}IMAGE_TAG\n/);
  expect(text).toContain("kafka-2 (--profile cluster)");
});
