import type Docker from "dockerode";
import type { ComposeProject } from "../../domain/compose/model.ts";
import { type DebianImage, makeImage } from "./debian/make-image.ts";
import { makeStandInImages } from "./stand-in/make-images.ts";
import { standIns } from "./stand-in/stand-ins.ts";

/** Published images in whose place a real server from Debian's packages can be. */
const REAL: readonly [RegExp, DebianImage][] = [
  [/^(postgres|pgvector\/pgvector|timescale\/timescaledb):/, "postgres"],
  [/^redis:/, "redis"],
  [/^nginx:/, "nginx"],
  [/^prom\/prometheus:/, "prometheus"],
];

/** Image of the services that have a real server, by service. */
export function realServers(project: ComposeProject): Map<string, DebianImage> {
  const found = Object.entries(project.services).flatMap(([service, { image = "" }]) => {
    const [, server] = REAL.find(([pattern]) => pattern.test(image)) ?? [];
    return server ? [[service, server] as const] : [];
  });
  return new Map(found);
}

/** What takes the place of the declared images, where nothing can be pulled. */
export interface ServiceImages {
  /** Image by service. */
  images: Map<string, string>;
  /** Services that a real server runs; the others are stand-ins. */
  real: ReadonlySet<string>;
  /** Images that were made for this project alone, to be removed with it. */
  made: string[];
}

/**
 * Makes an image for each service of the project without pulling: the real server where Debian has it, else a stand-in.
 * @param repository what the stand-ins' names begin with
 */
export async function makeServiceImages(
  docker: Docker,
  project: ComposeProject,
  repository?: string,
): Promise<ServiceImages> {
  const servers = realServers(project);
  const rest = Object.entries(project.services).filter(([service]) => !servers.has(service));
  const others: ComposeProject = { ...project, services: Object.fromEntries(rest) };
  const made = await makeStandInImages(docker, others, repository);
  const images = new Map(standIns(others, repository).map(({ service, image }) => [service, image]));
  for (const [service, server] of servers) images.set(service, await makeImage(docker, server));
  return { images, real: new Set(servers.keys()), made };
}
