import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { toJson } from "../../domain/compose/render.ts";
import { writeDevcontainer } from "../../runner/devcontainer.ts";
import { readServices } from "../../runner/services/files.ts";
import { BUILD_TIMEOUT_MS, buildDockerCompose } from "../../tools/docker-compose/build.ts";

let compose: string;
beforeAll(async () => {
  compose = await buildDockerCompose();
}, BUILD_TIMEOUT_MS);

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "windlass-devcontainer-"));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const folder = () => join(project, ".devcontainer");
const write = (more: object = {}) => writeDevcontainer({ folder: folder(), ...more });
const states = (more: object = {}) => write(more).files.map(({ state }) => state);

/** The program that reads such files for editors. */
const DEVCONTAINER = createRequire(import.meta.url).resolve("@devcontainers/cli/devcontainer.js");

test("the reference implementation reads it as it was meant", () => {
  write();
  const words = [DEVCONTAINER, "read-configuration", "--workspace-folder", project, "--log-format", "json"];
  const env = { ...process.env, GITLAB_TOKEN: "from-here", NPM_TOKEN: "" };
  const text = execFileSync(process.execPath, words, { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] });
  const { configuration, workspace } = JSON.parse(text);
  expect(configuration).toMatchObject({
    name: "Agent Platform",
    dockerComposeFile: "compose.yaml",
    service: "workspace",
    remoteUser: "node",
    remoteEnv: { GITLAB_TOKEN: "from-here" },
    forwardPorts: ["postgres:5432", "qdrant:6333", "redis:6379"],
  });
  expect(Object.keys(configuration.features)).toHaveLength(4);
  expect(workspace.workspaceFolder).toBe("/workspace");
});

test("its Compose file is read alike by Windlass and docker compose, with the project at /workspace", () => {
  write();
  const file = join(folder(), "compose.yaml");
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME };
  const theirs = execFileSync(compose, ["-f", file, "config", "--format", "json"], {
    ...{ encoding: "utf8" as const, env: environment, cwd: project },
  });
  const { project: model, warnings } = readServices({ files: [file], environment });
  expect(JSON.parse(toJson(model))).toEqual(JSON.parse(theirs));
  expect(warnings).toEqual([]);
  const { services } = model;
  expect(Object.keys(services).sort()).toEqual(["postgres", "qdrant", "redis", "workspace"]);
  expect(services.workspace?.volumes).toMatchObject([{ type: "bind", source: project, target: "/workspace" }]);
  expect(services.postgres?.image).toMatch(/^pgvector\/pgvector:.*pg16$/);
  expect(services.redis?.image).toMatch(/^redis:7\./);
  for (const { ports } of Object.values(services)) expect(ports ?? []).toEqual([]);
});

test("a file that somebody has edited is not overwritten, and nothing is written then", () => {
  expect(states({ dryRun: true })).toEqual(["to write", "to write"]);
  expect(states()).toEqual(["written", "written"]);
  expect(states()).toEqual(["unchanged", "unchanged"]);
  const [compose, json] = ["compose.yaml", "devcontainer.json"].map((name) => join(folder(), name));
  writeFileSync(compose as string, `${readFileSync(compose as string, "utf8")}# mine\n`);
  rmSync(json as string);
  expect(() => write()).toThrow(/compose\.yaml was edited.*nothing was written.*--force/s);
  expect(() => readFileSync(json as string)).toThrow();
  expect(states({ force: true })).toEqual(["written", "written"]);
  expect(readFileSync(compose as string, "utf8")).not.toContain("# mine");
});

test("files of another origin are not overwritten either; those of another project folder are made anew", () => {
  mkdirSync(folder());
  writeFileSync(join(folder(), "devcontainer.json"), '{ "image": "mine" }');
  expect(() => write()).toThrow(/devcontainer\.json was edited or not made by this command/);
  write({ force: true });
  expect(states({ project: join(project, "sub") })).toEqual(["written", "unchanged"]);
  expect(readFileSync(join(folder(), "compose.yaml"), "utf8")).toContain("../sub:/workspace");
});
