import type { ProjectContainer } from "../../clients/docker/containers.ts";
import { UserError } from "../../domain/errors.ts";

/** The containers of the named services, of all without names. Throws `UserError` `NotFound` for a service that has none. */
export function chosen(
  project: string,
  containers: readonly ProjectContainer[],
  services: readonly string[] = [],
): ProjectContainer[] {
  const there = [...new Set(containers.map(({ service }) => service))];
  if (there.length === 0) {
    const suggestion = `start it: windlass services up ${project}`;
    throw new UserError("NotFound", { reason: `${project} has no container`, suggestion });
  }
  const unknown = services.filter((name) => !there.includes(name));
  if (unknown.length > 0) {
    const reason = `${project} has no container of ${unknown.join(", ")}`;
    throw new UserError("NotFound", { reason, suggestion: `it has: ${there.join(", ")}` });
  }
  return containers.filter(({ service }) => services.length === 0 || services.includes(service));
}
