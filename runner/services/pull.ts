import { asking, openEngine } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { imagesOf, isBuilt } from "../../domain/services/builds.ts";
import { windlassHome } from "../own-root.ts";
import type { OperationOptions } from "../progress.ts";
import type { Addressed } from "./address.ts";
import { readServices } from "./files.ts";
import { type BroughtImage, bringImages } from "./images.ts";
import { readRecord } from "./record.ts";
import { defaultEngine, readSettings } from "./settings.ts";
import { sourceOf } from "./source.ts";

export interface ServicesPullOptions extends Addressed, OperationOptions {
  /** @default all */
  services?: readonly string[];
  /** Only say which images would be pulled. */
  dryRun?: boolean;
}

export interface ServicesPullResult {
  project: string;
  host: string;
  /** What was asked for; nothing on a dry run. */
  images: BroughtImage[];
  /** Names of the images that are pulled. */
  pulls: string[];
  /** Services whose images are built, or never pulled. */
  others: string[];
}

/**
 * Asks the registries for the images of a project, also for those that the engine has: a tag may have moved. Nothing that runs is touched; the
 * next `servicesUp` takes what is new. Throws `NotFound` for a service that the files do not have, `CommandFailed` with file and line for images
 * that cannot be had.
 */
export async function servicesPull(options: ServicesPullOptions): Promise<ServicesPullResult> {
  const home = windlassHome(options.home);
  const named = options.files.length === 1 ? readRecord(home, options.files[0] ?? "") : undefined;
  const { project, files } = readServices({ ...sourceOf(options, named), settings: readSettings(home) });
  const record = readRecord(home, project.name);
  const names = namesOf(Object.keys(project.services), options.services ?? []);
  const address = {
    host: options.host ?? record?.host ?? defaultEngine(home),
    sshOpts: options.sshOpts ?? record?.sshOpts ?? [],
  };
  const others = names.filter((name) => {
    const service = project.services[name];
    return service && (isBuilt(service) || service.pull_policy === "never");
  });
  const images = imagesOf(
    project,
    names.filter((name) => !others.includes(name)),
    new Map(),
    new Map(),
  );
  const result = { project: project.name, host: address.host, pulls: images.map(({ name }) => name).sort(), others };
  if (options.dryRun) return { ...result, images: [] };
  const docker = openEngine(address);
  await asking(address, "reach the engine", () => docker.ping());
  const all = await bringImages(docker, address, { project, files }, images, { ...options, all: true });
  return { ...result, images: all };
}

function namesOf(all: readonly string[], asked: readonly string[]): string[] {
  const unknown = asked.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new UserError("NotFound", {
      reason: `there is no service ${unknown.join(", ")}`,
      suggestion: `there are: ${all.join(", ")}`,
    });
  return asked.length > 0 ? [...asked] : [...all];
}
