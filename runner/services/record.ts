import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { ownTarget, readOwnRecord } from "../engine/own-target.ts";
import type { Target } from "../target.ts";

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

/** The folder of a project: its Pulumi project, and what is remembered of it. */
export function folderOf(home: string, project: string): string {
  return join(home, "services", project);
}

/** Holds the Dockerfiles that stand in a project's Compose files. */
export function buildFolder(home: string, project: string): string {
  return join(folderOf(home, project), "build");
}

/** What is remembered of a project, if anything is. */
export function readRecord(home: string, project: string): ServicesRecord | undefined {
  return readOwnRecord<ServicesRecord>(folderOf(home, project), STACK);
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

/** Where Pulumi keeps the state of all stacks of services. */
export function stateBackend(home: string): string {
  return `file://${join(home, "services-state")}`;
}

/** Remembers a stack of services, and answers with the engine's target. */
export function servicesTarget(home: string, record: ServicesRecord): Target {
  const { project } = record;
  const place = { root: folderOf(home, project), home, project, stack: STACK, backend: stateBackend(home) };
  return ownTarget(place, record);
}

/** Forgets a stack that is empty. */
export function forget(home: string, project: string): void {
  rmSync(folderOf(home, project), { recursive: true, force: true });
}
