import { entry, type MapNode, type Node, type Path, stringOf } from "./node.ts";
import { type Problem, refuse } from "./problem.ts";

/** Keys of a service that Windlass does not run, and what to do in their place. */
const SERVICE_KEYS: Record<string, string> = {
  provider: "declare what the provider would make, and give the service its address",
  models: "run the model as a service of its own",
  use_api_socket: "mount /var/run/docker.sock where the service really needs it",
  credential_spec: "it is for Windows containers; Windlass runs Linux containers",
  isolation: "it is for Windows containers; Windlass runs Linux containers",
  pull_refresh_after: "write pull_policy: every_<duration>",
};

const VOLUME_TYPES: Record<string, string> = {
  npipe: "named pipes are for Windows containers",
  cluster: "cluster volumes are for Docker Swarm",
};

/** Refuses what the Compose Specification has and Windlass has not, all of it at once; nothing of it is left out in silence. */
export function checkSupported(root: MapNode): void {
  const problems: Problem[] = [];
  const add = (node: Node, path: Path, what: string, suggestion: string): void => {
    problems.push({ at: node.at, path, reason: `${what} is not supported`, suggestion });
  };
  const models = entry(root, "models");
  if (models) add(models, ["models"], "models", "run the model as a service of its own");
  const services = entry(root, "services");
  if (services?.kind === "map")
    for (const [name, service] of services.entries) {
      if (service.kind !== "map") continue;
      for (const [key, suggestion] of Object.entries(SERVICE_KEYS)) {
        const node = service.entries.get(key);
        if (node) add(node, ["services", name, key], key, suggestion);
      }
      const isolation = entry(entry(service, "build"), "isolation");
      if (isolation)
        add(isolation, ["services", name, "build", "isolation"], "isolation", SERVICE_KEYS.isolation ?? "");
      const volumes = entry(service, "volumes");
      for (const [index, volume] of (volumes?.kind === "list" ? volumes.items : []).entries()) {
        const type = stringOf(entry(volume, "type")) ?? "";
        const reason = VOLUME_TYPES[type];
        if (reason)
          add(volume, ["services", name, "volumes", String(index)], `type ${type}`, `${reason}; use bind or volume`);
      }
    }
  refuse(problems);
}
