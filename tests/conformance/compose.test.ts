import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { toJson, toYaml } from "../../domain/compose/render.ts";
import { readServices } from "../../runner/services/files.ts";
import { BUILD_TIMEOUT_MS, buildDockerCompose } from "../../tools/docker-compose/build.ts";

const folder = join(import.meta.dirname, "compose");

/** Variables of every case, beside `.env`. */
const environment = {
  HOME: homedir(),
  SET: "value",
  EMPTY: "",
  COMMIT: "4f2a9",
  INHERITED: "from the environment",
  GRAFANA_PASSWORD: "unprinted",
  NPM_TOKEN: "unprinted",
  PG_PASSWORD: "unprinted",
};

interface Case {
  name: string;
  files: string[];
  profiles?: string[];
  projectName?: string;
  /** What is printed is not the same when it is read again, by Compose's own doing. */
  once?: true;
}

const main = readdirSync(folder).filter((name) => /^\d\d-[^.]+\.yaml$/.test(name));

const cases: Case[] = [
  ...main.map((file) => ({ name: file.replace(".yaml", ""), files: [file] })),
  { name: "09-override with its production file", files: ["09-override.yaml", "09-override.prod.yaml"] },
  { name: "06-profiles, debug", files: ["06-profiles.yaml"], profiles: ["debug"] },
  { name: "06-profiles, all", files: ["06-profiles.yaml"], profiles: ["*"] },
  { name: "ports said twice", files: ["ports-twice.yaml"], once: true },
  { name: "01 under another name", files: ["01-web-and-database.yaml"], projectName: "shop-2" },
];

let compose: string;

beforeAll(async () => {
  compose = await buildDockerCompose();
}, BUILD_TIMEOUT_MS);

function theirs({ files, profiles = [], projectName }: Case, format: string): string {
  const words = [
    ...files.flatMap((file) => ["-f", join(folder, file)]),
    ...profiles.flatMap((profile) => ["--profile", profile]),
    ...(projectName ? ["-p", projectName] : []),
    "config",
    "--format",
    format,
  ];
  const env = { ...environment, PATH: process.env.PATH };
  return execFileSync(compose, words, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

function ours({ files, once: _, ...options }: Case) {
  return readServices({ ...options, files: files.map((file) => join(folder, file)), environment }).project;
}

describe("docker compose config makes the same of", () => {
  test("thirty files and more", () => {
    expect(main.length).toBeGreaterThanOrEqual(30);
  });

  test.each(cases)("$name", (given) => {
    const project = ours(given);
    expect(JSON.parse(toJson(project))).toEqual(JSON.parse(theirs(given, "json")));
    expect(parse(toYaml(project))).toEqual(parse(theirs(given, "yaml")));
  });

  test.each(cases.filter(({ once }) => !once))("what we print of $name, read again", (given) => {
    const project = ours(given);
    const env = { ...environment, PATH: process.env.PATH };
    const profiles = (given.profiles ?? []).flatMap((profile) => ["--profile", profile]);
    const words = ["-f", "-", "--project-directory", folder, ...profiles, "config", "--format", "json"];
    const again = execFileSync(compose, words, {
      cwd: folder,
      env,
      encoding: "utf8",
      input: toYaml(project),
      stdio: ["pipe", "pipe", "ignore"],
    });
    expect(JSON.parse(again)).toEqual(JSON.parse(toJson(project)));
  });
});
