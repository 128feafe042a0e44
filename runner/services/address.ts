import type { EngineAddress } from "../../clients/docker/engine.ts";
import type { Service } from "../../domain/compose/model.ts";
import { readServices, type ServicesOptions } from "./files.ts";
import { defaultEngine, readRecord, requireRecord, servicesHome } from "./project.ts";

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
 * The project and its engine. A word that is no path is the name of a stack that was made here. With `host` it need not be: a project
 * that `docker compose` made is looked at too. Throws `UserError` `NotFound`.
 */
export function addressed(options: Addressed): FoundProject {
  const home = servicesHome(options.home);
  const [first = ""] = options.files;
  const name = options.files.length === 1 && /^[a-z0-9][a-z0-9_-]*$/.test(first) ? first : undefined;
  const read = name === undefined ? readServices(options).project : undefined;
  const project = read?.name ?? name ?? "";
  const record =
    read !== undefined || options.host !== undefined ? readRecord(home, project) : requireRecord(home, project);
  const sshOpts = options.sshOpts ?? record?.sshOpts ?? [];
  const host = options.host ?? record?.host ?? defaultEngine();
  return { project, address: { host, sshOpts }, ...(read ? { services: read.services } : {}) };
}
