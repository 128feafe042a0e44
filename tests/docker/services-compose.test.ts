import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { serviceStackFile, serviceStacks } from "../../catalog/services/names.ts";
import { required } from "../../catalog/services/testing/load.ts";
import type { ComposeProject } from "../../domain/compose/model.ts";
import { toYaml } from "../../domain/compose/render.ts";
import { notApplied, refusals } from "../../domain/services/not-applied.ts";
import { planStack } from "../../domain/services/plan.ts";
import { readServices } from "../../runner/services/files.ts";
import { buildDockerCompose } from "../../tools/docker-compose/build.ts";
import { createDirectly } from "./direct-stack.ts";
import { BUSYBOX, makeBusyboxImage } from "./docker-fixture.ts";
import { type OwnEngine, ownEngine } from "./own-engine.ts";
import { EXCEPTIONS } from "./services-compose-exceptions.ts";
import { comparable } from "./services-inspect.ts";

const run = promisify(execFile);
const conformance = new URL("../conformance/compose/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "compose-"));
const environment: Record<string, string> = {
  ...required,
  PATH: process.env.PATH ?? "",
  HOME: folder,
  SET: "value",
  EMPTY: "",
  COMMIT: "4f2a9",
  INHERITED: "from the environment",
  NPM_TOKEN: "one-secret",
  PG_PASSWORD: "one-secret",
};
const cases = [
  ...serviceStacks().map((name) => ({ name, files: [serviceStackFile(name) ?? ""] })),
  ...readdirSync(conformance)
    .filter((name) => /^\d\d-[^.]+\.yaml$/.test(name))
    .map((name) => ({ name: name.replace(".yaml", ""), files: [join(conformance, name)] })),
  {
    name: "09-override with its production file",
    files: ["", ".prod"].map((one) => `${conformance}09-override${one}.yaml`),
  },
];
let compose: string;
let engine: OwnEngine;

beforeAll(async () => {
  // The runtime that a file with a GPU names must be known; nothing is started with it.
  engine = await ownEngine("--add-runtime", "nvidia=/usr/sbin/runc");
  compose = await buildDockerCompose();
  await makeBusyboxImage();
  await engine.load(BUSYBOX);
});
afterEach(clear);
afterAll(async () => {
  await engine?.remove();
  rmSync(folder, { recursive: true });
});

async function clear(): Promise<void> {
  const { docker } = engine;
  const containers = await docker.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  for (const { Id, Name, Driver } of await docker.listNetworks())
    if (Driver === "bridge" && Name !== "bridge") await docker.getNetwork(Id).remove();
  for (const { Name } of (await docker.listVolumes()).Volumes) await docker.getVolume(Name).remove();
}

/** The model with one small image for all, without what cannot be had here and what is told as refused or not applied. */
function adapted(project: ComposeProject, name: string): ComposeProject {
  const result = structuredClone(project);
  for (const service of Object.values(result.services)) {
    service.image = BUSYBOX;
    delete service.build;
    delete service.pull_policy;
  }
  const told = [...notApplied(result), ...refusals(result, variables)].map(({ path }) => path.map(String));
  const absent = Object.keys(EXCEPTIONS[name] ?? {}).map((path) => path.split(" "));
  for (const path of [...told, ...absent].sort(lastItemsFirst)) remove(result, path);
  return result;
}

const variables = new Map(Object.entries(environment));

/** So that removing an item of a list does not move those that go next. */
function lastItemsFirst(a: readonly string[], b: readonly string[]): number {
  return b.join(" ").localeCompare(a.join(" "), "en", { numeric: true });
}

function remove(from: unknown, [key = "", ...rest]: readonly string[]): void {
  const inner = from as Record<string, unknown>;
  if (rest.length > 0) remove(inner[key], rest);
  else if (Array.isArray(from)) from.splice(Number(key), 1);
  else {
    expect(inner, key).toHaveProperty([key]);
    delete inner[key];
  }
}

/** Networks, volumes and containers of others that the files name. */
async function makeForeign({ networks, volumes }: ComposeProject): Promise<void> {
  for (const { external, name = "" } of Object.values(networks ?? {}))
    if (external) await engine.docker.createNetwork({ Name: name });
  for (const { external, name = "" } of Object.values(volumes ?? {}))
    if (external) await engine.docker.createVolume({ Name: name });
  await engine.docker.createContainer({ name: "elsewhere", Image: BUSYBOX });
}

describe("without being started, containers, networks and volumes are those of docker compose", () => {
  test.each(cases)("$name", async ({ name, files }) => {
    const options = { environment, profiles: ["*"] };
    const { project } = readServices({ ...options, files });
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, toYaml(adapted(project, name)));
    await makeForeign(project);
    const env = { ...environment, DOCKER_HOST: engine.host };
    await run(compose, ["-f", file, "--profile", "*", "create", "--no-build", "--pull", "never"], { env });
    const theirs = await comparable(engine.docker, project.name);
    expect(Object.keys(theirs).length).toBeGreaterThan(1);
    await clear();
    await makeForeign(project);
    const ours = readServices({ ...options, files: [file] });
    await createDirectly(planStack(ours.project, { workingDir: folder, files: [file] }, variables), engine.host);
    expect(await comparable(engine.docker, project.name)).toEqual(theirs);
  });
});
