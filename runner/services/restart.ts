import { projectContainers, restartContainer } from "../../clients/docker/containers.ts";
import { openEngine } from "../../clients/docker/engine.ts";
import type { OperationOptions } from "../progress.ts";
import { type Addressed, addressed } from "./address.ts";
import { chosen } from "./chosen.ts";
import { type ServiceState, servicesOf } from "./ps.ts";

export interface ServicesRestartOptions extends Addressed, OperationOptions {
  /** @default all */
  services?: readonly string[];
  dryRun?: boolean;
}

export interface ServicesRestartResult {
  project: string;
  host: string;
  /** Names of the containers. */
  restarted: string[];
  services: ServiceState[];
}

/**
 * Restarts the containers of a project or of some of its services, side by side; each gets its own time to end. Nothing is made anew. Throws
 * `NotFound` for a service that has none.
 */
export async function servicesRestart(options: ServicesRestartOptions): Promise<ServicesRestartResult> {
  const { project, address, services } = await addressed(options);
  const docker = openEngine(address);
  const doomed = chosen(project, await projectContainers(docker, address, project), options.services);
  if (!options.dryRun)
    await Promise.all(
      doomed.map(async ({ id, name }) => {
        options.onEvent?.({ kind: "phase", text: `restarting ${name}` });
        await restartContainer(docker, address, id);
        options.onEvent?.({ kind: "note", level: "info", text: `restarted ${name}` });
      }),
    );
  const now = await projectContainers(docker, address, project);
  return {
    project,
    host: address.host,
    restarted: doomed.map(({ name }) => name),
    services: servicesOf(services, now),
  };
}
