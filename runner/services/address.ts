import type { EngineAddress } from "../../clients/docker/engine.ts";
import type { ComposeProject, Service } from "../../domain/compose/model.ts";
import { UserError } from "../../domain/errors.ts";
import { windlassHome } from "../own-root.ts";
import type { ServicesOptions } from "./files.ts";
import { readRecord } from "./record.ts";

/** A project of services, by its files or by its name. */
export interface Addressed extends ServicesOptions {
  /** Address of the Docker engine. @default the one it was brought up on, else DOCKER_HOST, else this machine's */
  host?: string;
  sshOpts?: readonly string[];
  /** The `.windlass` folder. */
  home?: string;
}

export interface FoundProject {
  project: string;
  address: EngineAddress;
  /** What the files declare; undefined where only the name was given. */
  services?: Record<string, Service>;
}

/**
 * The project and its engine. A word that names a stack made here is that one; with `host`, a word that is no file either is the name of any
 * project there, such as one that `docker compose` made. Throws `UserError` `NotFound`.
 */
export async function addressed(options: Addressed): Promise<FoundProject> {
  const home = windlassHome(options.home);
  const word = options.files.length === 1 ? (options.files[0] ?? "") : "";
  const name = /^[a-z0-9][a-z0-9_-]*$/.test(word) ? word : undefined;
  const read = name !== undefined && readRecord(home, name) ? undefined : await modelOf(options, name);
  const project = read?.name ?? name ?? "";
  const record = readRecord(home, project);
  const sshOpts = options.sshOpts ?? record?.sshOpts ?? [];
  const host = options.host ?? record?.host ?? (await import("./settings.ts")).defaultEngine(home);
  return { project, address: { host, sshOpts }, ...(read ? { services: read.services } : {}) };
}

/** What the files declare; nothing where a name is enough. */
async function modelOf(options: Addressed, name: string | undefined): Promise<ComposeProject | undefined> {
  const [{ readServices }, { readSettings }] = await Promise.all([import("./files.ts"), import("./settings.ts")]);
  try {
    return readServices({ ...options, settings: readSettings(windlassHome(options.home)) }).project;
  } catch (error) {
    const anywhere = name !== undefined && options.host !== undefined;
    if (anywhere && error instanceof UserError && error.code === "NotFound") return undefined;
    throw error;
  }
}
