import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../../domain/errors.ts";
import { readStackFile } from "../../stacks/config-source.ts";
import { OWN_ROOT, type Target } from "../target.ts";
import { readSettings } from "./settings.ts";

/** What is remembered of a stack of services: enough to find it again by its name. */
export interface ServicesRecord {
  /** Compose's project name. */
  project: string;
  /** Address of the Docker engine it runs on. */
  host: string;
  sshOpts: string[];
  /** Absolute. */
  files: string[];
  /** Where relative paths and `.env` start. */
  folder: string;
  profiles?: string[];
  envFiles?: string[];
}

/** Name of the one stack of each project of services. */
export const STACK = "services";

/** The `.windlass` folder that stacks of services are kept in. */
export function servicesHome(home?: string): string {
  return home ?? process.env.WINDLASS_HOME ?? join(OWN_ROOT, ".windlass");
}

function folderOf(home: string, project: string): string {
  return join(home, "services", project);
}

/** Holds the Dockerfiles that stand in a project's Compose files. */
export function buildFolder(home: string, project: string): string {
  return join(folderOf(home, project), "build");
}

/** What is remembered of a project, if anything is. */
export function readRecord(home: string, project: string): ServicesRecord | undefined {
  const file = join(folderOf(home, project), "services.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ServicesRecord) : undefined;
}

/** The same. Throws `UserError` `NotFound` with the names that there are. */
export function requireRecord(home: string, project: string): ServicesRecord {
  const record = readRecord(home, project);
  if (record) return record;
  const known = records(home).map(({ project: name }) => name);
  throw new UserError("NotFound", {
    reason: `there is no stack of services called ${project}`,
    suggestion: known.length > 0 ? `there are: ${known.join(", ")}` : "make one: windlass services up FILE",
  });
}

/** Every project that is remembered here. */
export function records(home: string): ServicesRecord[] {
  const folder = join(home, "services");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) => readRecord(home, name) ?? []);
}

/** The engine where nobody names one: DOCKER_HOST, else the settings' file, else this machine's. */
export function defaultEngine(home = servicesHome()): string {
  return readSettings(home).values.host;
}

/** Where Pulumi keeps the state of all stacks of services. */
export function stateBackend(home: string): string {
  return `file://${join(home, "services-state")}`;
}

/** Writes the Pulumi project of a stack of services, and answers with the target of the engine. Its program runs in this process. */
export function servicesTarget(home: string, record: ServicesRecord): Target {
  const root = folderOf(home, record.project);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  write(root, "Pulumi.yaml", stringify({ name: record.project, runtime: "nodejs" }));
  write(root, `Pulumi.${STACK}.yaml`, "");
  write(root, "services.json", `${JSON.stringify(record, null, 2)}\n`);
  return {
    root,
    home,
    project: record.project,
    stack: STACK,
    cloud: "local",
    config: readStackFile(root, STACK),
    backend: stateBackend(home),
  };
}

/** Forgets a stack that is empty. */
export function forget(home: string, project: string): void {
  rmSync(folderOf(home, project), { recursive: true, force: true });
}

function write(root: string, name: string, text: string): void {
  const file = join(root, name);
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}
