import { type ProjectContainer, type PublishedPort, projectContainers } from "../../clients/docker/containers.ts";
import { containerEnds, type Ends } from "../../clients/docker/ends.ts";
import { openEngine } from "../../clients/docker/engine.ts";
import type { Service } from "../../domain/compose/model.ts";
import { scaleOf } from "../../domain/services/not-applied.ts";
import { windlassHome } from "../own-root.ts";
import { type Addressed, addressed } from "./address.ts";
import { servicesMade } from "./made.ts";

/** One container of a service, or a service that has none. */
export interface ServiceState {
  name: string;
  /** Null where the service has no container. */
  container: string | null;
  image: string | null;
  /** The engine's word (`running`, `exited`, ...); `missing` without a container. */
  state: string;
  /** `healthy`, `unhealthy`, `starting`; null where nothing checks it. */
  health: string | null;
  status: string;
  ports: PublishedPort[];
  /** Its image only takes the place of the one that was declared, as in tests. */
  standIn: boolean;
}

/** The same, with how it has ended last; null where there is no container. */
export interface ServicePs extends ServiceState {
  restarts: Ends["restarts"] | null;
  lastExit: Ends["lastExit"];
}

export interface ServicesPsResult {
  project: string;
  host: string;
  services: ServicePs[];
}

/**
 * What runs of a project, asked of the Docker engine itself. Services of its file, or that it was brought up with, are told as missing where they
 * have no container. Throws `NotFound` for a name that is not known, `CommandFailed` where the engine does not answer.
 */
export async function servicesPs(options: Addressed): Promise<ServicesPsResult> {
  const { project, address, services } = await addressed(options);
  const docker = openEngine(address);
  const declared = services ?? servicesMade(windlassHome(options.home), project, address.host);
  const containers = await projectContainers(docker, address, project);
  const ids = new Map(containers.map(({ id, name }) => [name, id]));
  const ends = await containerEnds(docker, address, [...ids.values()]);
  return {
    project,
    host: address.host,
    services: servicesOf(declared, containers).map((state) => {
      const { restarts = null, lastExit = null } = ends.get(ids.get(state.container ?? "") ?? "") ?? {};
      return { ...state, restarts, lastExit };
    }),
  };
}

/** Containers by service, and the services that lack one. */
export function servicesOf(
  services: Readonly<Record<string, Pick<Service, "image" | "scale" | "deploy">>> | undefined,
  containers: readonly ProjectContainer[],
): ServiceState[] {
  const there = containers.map(({ service, name, image, state, health, status, ports, standIn }) => ({
    name: service,
    container: name,
    image,
    state,
    health,
    status,
    ports,
    standIn,
  }));
  const missing = Object.entries(services ?? {})
    .filter(([name, service]) => scaleOf(service) > 0 && !there.some((one) => one.name === name))
    .map(([name, { image }]) => ({
      name,
      container: null,
      image: image ?? null,
      state: "missing",
      health: null,
      status: "",
      ports: [],
      standIn: false,
    }));
  return [...there, ...missing].sort((a, b) => a.name.localeCompare(b.name, "en"));
}
