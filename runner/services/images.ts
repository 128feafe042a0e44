import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type Docker from "dockerode";
import type { EngineAddress } from "../../clients/docker/engine.ts";
import { type EngineImage, findImage, pullImage } from "../../clients/docker/images.ts";
import type { ComposeProject } from "../../domain/compose/model.ts";
import { UserError } from "../../domain/errors.ts";
import { type BuildSource, type BuildSources, imageOf, isBuilt } from "../../domain/services/builds.ts";
import type { ImageSpec } from "../../domain/services/spec.ts";
import type { OperationOptions } from "../progress.ts";
import { placeOf } from "./locate.ts";

/** A project and where it was read from. */
export interface ImageOrigin {
  project: ComposeProject;
  files: readonly string[];
}

/**
 * What is on this machine's disk for each image that services build. A Dockerfile that stands in the Compose file is written to `folder`. Throws
 * `ConfigInvalid` with file and line for a context or a Dockerfile that is not there.
 */
export async function buildSources({ project, files }: ImageOrigin, folder: string): Promise<BuildSources> {
  const built = Object.entries(project.services).filter(([, service]) => isBuilt(service));
  if (built.length === 0) return new Map();
  const { contextDigest } = await import("../local-cloud.ts");
  const found = built.map(([name, { build }]): [string, BuildSource] => {
    const context = build?.context ?? "";
    const inline = build?.dockerfile_inline;
    const dockerfile =
      inline === undefined ? resolve(context, build?.dockerfile ?? "Dockerfile") : join(folder, `${name}.Dockerfile`);
    if (inline !== undefined) {
      mkdirSync(dirname(dockerfile), { recursive: true, mode: 0o700 });
      writeFileSync(dockerfile, inline);
    }
    try {
      return [name, { dockerfile, digest: contextDigest(context, dockerfile) }];
    } catch (cause) {
      const { file, line } = placeOf(files, ["services", name, "build"]);
      const reason = `${file}:${line}: services.${name}.build: ${(cause as Error).message}`;
      throw new UserError("ConfigInvalid", { reason, file, line }, { cause });
    }
  });
  return new Map(found);
}

/** The plugin tells which image could not be built; here is where it stands. */
export function placedBuild(error: unknown, { project, files }: ImageOrigin): unknown {
  if (!(error instanceof UserError)) return error;
  const [, image] = /build image "([^"]+)"/.exec(error.details.reason) ?? [];
  const [service] =
    Object.entries(project.services).find(([name, own]) => isBuilt(own) && imageOf(project, name, own) === image) ?? [];
  if (!service) return error;
  const { file, line } = placeOf(files, ["services", service, "build"]);
  const reason = `${file}:${line}: services.${service}.build: ${error.details.reason}`;
  return new UserError(
    error.code,
    { ...error.details, reason, file, line },
    { exitCode: error.exitCode, cause: error },
  );
}

/** An image that was asked for. */
export interface BroughtImage {
  name: string;
  services: string[];
  /** `sha256:...` */
  id: string;
  /** Whether the engine has another image under this name than before. */
  changed: boolean;
}

export interface BringOptions extends OperationOptions {
  environment?: NodeJS.ProcessEnv;
  /** Also those that the engine has. */
  all?: boolean;
}

/** Pulls under way at once; the engine brings three layers of each at a time. */
const SIDE_BY_SIDE = 4;

/**
 * Pulls the images of a plan that the engine lacks, or has had for longer than the file allows, side by side. Built ones are none of them. Throws
 * `CommandFailed` with file and line of every image that cannot be had, after the others are there; nothing else was touched.
 */
export async function bringImages(
  docker: Docker,
  address: EngineAddress,
  origin: ImageOrigin,
  images: readonly ImageSpec[],
  options: BringOptions = {},
): Promise<BroughtImage[]> {
  const asked = images.filter(({ build }) => !build);
  const known = await Promise.all(asked.map(({ name }) => findImage(docker, address, name)));
  const wanted = asked.flatMap((image, at) =>
    options.all || isWanted(image, known[at]) ? [{ image, had: known[at] }] : [],
  );
  const brought: BroughtImage[] = [];
  const failed: Failed[] = [];
  const queue = [...wanted];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { image, had } = next;
      try {
        await pulled(docker, address, image, options);
        const now = await findImage(docker, address, image.name);
        if (now)
          brought.push({ name: image.name, services: usersOf(origin, image), id: now.id, changed: now.id !== had?.id });
      } catch (error) {
        if (!(error instanceof UserError) || error.code === "Cancelled") throw error;
        failed.push({ image, error });
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  if (failed.length > 0) throw refusal(origin, failed);
  return brought.sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/** A pinned digest is never another image. */
function isWanted({ name, pullAfterSeconds }: ImageSpec, had: EngineImage | undefined): boolean {
  if (!had) return true;
  if (pullAfterSeconds === undefined || name.includes("@")) return false;
  return had.taggedAt === undefined || Date.now() - had.taggedAt.getTime() >= pullAfterSeconds * 1000;
}

/** Progress as of a resource: what runs, how far it is, how long it took. */
async function pulled(
  docker: Docker,
  address: EngineAddress,
  { name, platform }: ImageSpec,
  { onEvent, signal, environment }: BringOptions,
): Promise<void> {
  const started = performance.now();
  const event = { kind: "resource", action: "pull", urn: `image ${name}`, type: "docker:image", name } as const;
  onEvent?.({ ...event, state: "started" });
  const seconds = () => (performance.now() - started) / 1000;
  try {
    await pullImage(docker, address, name, {
      ...(platform ? { platform } : {}),
      ...(signal ? { signal } : {}),
      ...(environment ? { environment } : {}),
      onProgress: (text) => onEvent?.({ kind: "waiting", urn: event.urn, text }),
    });
    onEvent?.({ ...event, state: "finished", seconds: seconds() });
  } catch (error) {
    onEvent?.({ ...event, state: "failed", seconds: seconds() });
    throw error;
  }
}

function usersOf({ project }: ImageOrigin, { name }: ImageSpec): string[] {
  return Object.entries(project.services)
    .filter(([service, own]) => imageOf(project, service, own) === name)
    .map(([service]) => service)
    .sort();
}

interface Failed {
  image: ImageSpec;
  error: UserError;
}

/** The first with its place, the others below it. */
function refusal(origin: ImageOrigin, failed: readonly Failed[]): UserError {
  const told = failed
    .flatMap(({ image, error }) =>
      usersOf(origin, image).map((service) => {
        const { file, line } = placeOf(origin.files, ["services", service, "image"]);
        const { reason, suggestion } = error.details;
        return {
          file,
          line,
          image: image.name,
          text: `${file}:${line}: services.${service}.image: ${reason}`,
          suggestion,
        };
      }),
    )
    .sort((a, b) => a.file.localeCompare(b.file, "en") || a.line - b.line);
  const [first, ...others] = told;
  return new UserError(
    "CommandFailed",
    {
      reason: first?.text ?? "",
      ...(first?.suggestion ? { suggestion: first.suggestion } : {}),
      file: first?.file,
      line: first?.line,
      image: first?.image,
      ...(others.length > 0 ? { also: others.map(({ text }) => text) } : {}),
    },
    { cause: failed[0]?.error },
  );
}
