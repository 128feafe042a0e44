import type { ComposeProject, Service } from "../compose/model.ts";
import { defined, filled } from "./defined.ts";
import { ofService } from "./service-ref.ts";
import type { NetworkUse, ServiceRef } from "./spec.ts";

const INTERFACE = "com.docker.network.endpoint.ifname";

/** The mode of the file, else the network that the container is made in: the first by priority, then by name. */
export function networkModeOf(project: ComposeProject, service: Service): string | ServiceRef {
  const mode = ofService(service.network_mode);
  if (mode) return mode;
  const first = byPriority(service)[0];
  return first === undefined ? "none" : engineName(project, first);
}

/** Every network of a service, with the names under which the others find it. */
export function networksOf(
  project: ComposeProject,
  name: string,
  service: Service,
  containerName: string,
): NetworkUse[] {
  if (service.network_mode) return [];
  return byPriority(service).map((key) => {
    const use = service.networks?.[key] ?? {};
    const driverOpts = {
      ...use.driver_opts,
      ...(use.interface_name ? { [INTERFACE]: use.driver_opts?.[INTERFACE] ?? use.interface_name } : {}),
    };
    return defined<NetworkUse>({
      name: engineName(project, key),
      aliases: [...new Set([containerName, name, ...(use.aliases ?? [])])],
      driverOpts: filled(Object.entries(driverOpts).map(([option, value]) => `${option}=${value}`)),
      gwPriority: use.gw_priority || undefined,
      ipv4Address: use.ipv4_address || undefined,
      ipv6Address: use.ipv6_address || undefined,
      linkLocalIps: filled(use.link_local_ips),
      macAddress: use.mac_address || undefined,
    });
  });
}

function byPriority({ networks }: Service): string[] {
  const priority = (key: string) => networks?.[key]?.priority ?? 0;
  return Object.keys(networks ?? {}).sort((a, b) => priority(b) - priority(a) || (a < b ? -1 : 1));
}

/** The engine's name of a network of the file. */
function engineName(project: ComposeProject, key: string): string {
  return project.networks?.[key]?.name ?? key;
}
