import type { ComposeProject } from "../compose/model.ts";
import { type BuildSources, imagesOf } from "./builds.ts";
import { containerOf } from "./container.ts";
import { defined, filled } from "./defined.ts";
import { networkLabels, type Origin, volumeLabels } from "./labels.ts";
import { scaleOf } from "./not-applied.ts";
import type { NetworkSpec, StackPlan, VolumeSpec } from "./spec.ts";

/**
 * What a Compose project is in the engine: the networks, volumes and containers that `docker compose up` 2.40.3 makes of it. External
 * networks and volumes are somebody else's and not in it. Give it a project without `refusals`.
 * @param environment of the project, for secrets that come from it
 * @param sources what images are built from, for each service that `isBuilt`
 */
export function planStack(
  project: ComposeProject,
  origin: Origin,
  environment: ReadonlyMap<string, string>,
  sources: BuildSources = new Map(),
): StackPlan {
  const services = inOrder(project);
  const tasks = new Set(
    Object.values(project.services).flatMap((service) =>
      Object.entries(service.depends_on ?? {})
        .filter(([, { condition }]) => condition === "service_completed_successfully")
        .map(([other]) => other),
    ),
  );
  const containers = services.flatMap((name) => {
    const service = project.services[name];
    if (!service) return [];
    const numbers = Array.from({ length: scaleOf(service) }, (_, index) => index + 1);
    return numbers.map((number) => containerOf(name, service, number, { project, origin, environment, tasks }));
  });
  return {
    project: project.name,
    networks: networksOf(project),
    volumes: volumesOf(project),
    images: imagesOf(
      project,
      containers.map(({ service }) => service),
      environment,
      sources,
    ),
    containers,
  };
}

/** Services by name, each after what it depends on; the model has no cycles. */
function inOrder({ services }: ComposeProject): string[] {
  const ordered = new Set<string>();
  const add = (name: string): void => {
    if (ordered.has(name) || !services[name]) return;
    for (const other of Object.keys(services[name].depends_on ?? {}).sort()) add(other);
    ordered.add(name);
  };
  for (const name of Object.keys(services).sort()) add(name);
  return [...ordered];
}

function networksOf(project: ComposeProject): NetworkSpec[] {
  return Object.entries(project.networks ?? {})
    .filter(([, { external }]) => !external)
    .map(([key, network]) =>
      defined<NetworkSpec>({
        key,
        name: network.name ?? key,
        driver: network.driver || undefined,
        options: filled(network.driver_opts),
        internal: network.internal || undefined,
        attachable: network.attachable || undefined,
        ipv6: network.enable_ipv6 || undefined,
        ipamDriver: network.ipam?.driver || undefined,
        ipamConfigs: filled(
          (network.ipam?.config ?? []).map(({ subnet, gateway, ip_range, aux_addresses }) =>
            defined<NonNullable<NetworkSpec["ipamConfigs"]>[number]>({
              subnet,
              gateway,
              ipRange: ip_range,
              auxAddress: filled(aux_addresses),
            }),
          ),
        ),
        labels: networkLabels(project.name, key, network.labels, network),
      }),
    );
}

function volumesOf(project: ComposeProject): VolumeSpec[] {
  return Object.entries(project.volumes ?? {})
    .filter(([, { external }]) => !external)
    .map(([key, volume]) =>
      defined<VolumeSpec>({
        key,
        name: volume.name ?? key,
        driver: volume.driver || undefined,
        driverOpts: filled(volume.driver_opts),
        labels: volumeLabels(project.name, key, volume.labels),
      }),
    );
}
