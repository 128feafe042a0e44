import type { Role } from "./schema.ts";

/** A service of a stack, as far as roles ask. */
export interface Candidate {
  service: string;
  /** As in `docker.io/timescale/timescaledb:2.17.2-pg16`. */
  image: string;
  /** Whether it asks for a GPU. */
  gpu: boolean;
}

/** The services that play a role, each once. @param named services that play other roles by their own name: their image says nothing */
export function playing(
  role: Role,
  candidates: readonly Candidate[],
  named: ReadonlySet<string> = new Set(),
): string[] {
  const plays = ({ service, image, gpu }: Candidate) =>
    role.any === true ||
    (role.gpu === true && gpu) ||
    (role.services ?? []).includes(service) ||
    (!named.has(service) && (role.images ?? []).includes(imageWord(image)));
  return [...new Set(candidates.filter(plays).map(({ service }) => service))];
}

/** `timescaledb` of `docker.io/timescale/timescaledb:2.17.2-pg16@sha256:...`. */
export function imageWord(image: string): string {
  return (image.split("@")[0] ?? "").replace(/^.*\//, "").replace(/:.*$/, "");
}
