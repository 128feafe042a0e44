import type { ComposeProject, Service } from "../compose/model.ts";
import { buildNotApplied, buildRefusals } from "./builds.ts";
import { isRange, portClashes } from "./ports.ts";
import type { ModelPath, NotApplied, Refusal } from "./spec.ts";

const SWARM = "is for Docker Swarm";
const NO_INPUT = "the Pulumi provider for Docker has nothing for it";

/** Keys of a service that its containers do not get, and why; `*` stands for every item or key. */
const KEYS: readonly (readonly [path: string, reason: string])[] = [
  ["annotations", NO_INPUT],
  ["attach", "windlass services up never attaches; windlass services logs --follow shows the output"],
  ["blkio_config.weight", NO_INPUT],
  ["blkio_config.weight_device", NO_INPUT],
  ["cpu_count", "is for Windows containers"],
  ["cpu_percent", "is for Windows containers"],
  ["cpu_rt_period", NO_INPUT],
  ["cpu_rt_runtime", NO_INPUT],
  ["deploy.endpoint_mode", SWARM],
  ["deploy.labels", SWARM],
  ["deploy.placement.constraints", SWARM],
  ["deploy.placement.max_replicas_per_node", SWARM],
  ["deploy.placement.preferences", SWARM],
  ["deploy.resources.limits.pids", NO_INPUT],
  ["deploy.resources.reservations.cpus", SWARM],
  ["deploy.resources.reservations.generic_resources", SWARM],
  ["deploy.restart_policy.delay", SWARM],
  ["deploy.restart_policy.window", SWARM],
  ["deploy.rollback_config", SWARM],
  ["deploy.update_config", SWARM],
  ["develop", "docker compose watch does that"],
  ["expose", "it publishes nothing; services of one network reach every port"],
  ["external_links", "put both on one network"],
  ["links", "services of one network reach each other by name"],
  ["mac_address", "give it to one of the service's networks"],
  ["mem_swappiness", NO_INPUT],
  ["oom_kill_disable", NO_INPUT],
  ["oom_score_adj", NO_INPUT],
  ["pids_limit", NO_INPUT],
  ["post_start", "hooks are not run"],
  ["pre_stop", "hooks are not run"],
  ["uts", NO_INPUT],
  ["volumes.*.bind.recursive", NO_INPUT],
  ["volumes.*.consistency", "is for Docker Desktop"],
];

/** What the file asks for and the stack does not do, service by service. */
export function notApplied(project: ComposeProject): NotApplied[] {
  return Object.entries(project.services).flatMap(([name, service]) => [
    ...KEYS.flatMap(([path, reason]) =>
      pathsOf(service, path.split(".")).map((found) => ({ path: ["services", name, ...found], reason })),
    ),
    ...restartedWith(name, service),
    ...buildNotApplied(name, service),
  ]);
}

/** The paths of a pattern under which something is set. */
function pathsOf(value: unknown, [key, ...rest]: readonly string[]): string[][] {
  if (key === undefined) return isSet(value) ? [[]] : [];
  if (typeof value !== "object" || value === null) return [];
  const keys = key === "*" ? Object.keys(value) : [key];
  return keys.flatMap((one) => pathsOf((value as Record<string, unknown>)[one], rest).map((path) => [one, ...path]));
}

function isSet(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== "";
}

/** Sharing a namespace implies it, and is applied: with the container that has it, those that share it are made anew. */
function restartedWith(name: string, service: Service): NotApplied[] {
  const implied = new Set(
    [service.network_mode, service.pid, service.ipc].map((mode) => mode?.replace(/^service:/, "")),
  );
  return Object.entries(service.depends_on ?? {})
    .filter(([other, { restart }]) => restart && !implied.has(other))
    .map(([other]) => ({
      path: ["services", name, "depends_on", other, "restart"],
      reason: "windlass services restart restarts what is named, nothing else",
    }));
}

/** What cannot be run at all; everything at once. */
export function refusals(project: ComposeProject, environment: ReadonlyMap<string, string>): Refusal[] {
  const clashes = portClashes(project.services).map(({ path, port, other }) => ({
    path,
    reason: `${other} is published on port ${port} of the host already`,
    suggestion: "give each a port, or an address, of its own",
  }));
  const others = Object.entries(project.services).flatMap(([name, service]) => {
    const found: Refusal[] = [];
    const refuse = (path: ModelPath, reason: string, suggestion: string) =>
      found.push({ path: ["services", name, ...path], reason, suggestion });
    found.push(...buildRefusals(name, service));
    refuseScale(service, refuse);
    if (service.command?.includes(""))
      refuse(
        ["command"],
        "the Pulumi provider for Docker takes no empty word",
        'let a shell make it: ["sh", "-c", ...]',
      );
    for (const [index, { type }] of (service.volumes ?? []).entries())
      if (!["bind", "volume", "tmpfs"].includes(type ?? ""))
        refuse(["volumes", String(index)], `volumes of type ${type} are not run`, "use a bind, a volume or a tmpfs");
    for (const [index, option] of (service.security_opt ?? []).entries())
      if (/^seccomp[=:](?!unconfined$|builtin$)/.test(option))
        refuse(
          ["security_opt", String(index)],
          "seccomp profiles from a file are not run",
          "leave it out, for the default",
        );
    refuseFiles(project, service, environment, refuse);
    return found;
  });
  return [...others, ...clashes];
}

type Refuse = (path: ModelPath, reason: string, suggestion: string) => void;

function refuseScale(service: Service, refuse: Refuse): void {
  const count = scaleOf(service);
  if (count < 2) return;
  const fixed = (service.ports ?? []).findIndex((port) => port.published && !isRange(port.published));
  if (fixed >= 0)
    refuse(
      ["ports", String(fixed)],
      `${count} containers cannot publish one port`,
      "give it a range, one port for each, or leave the host's port to the engine",
    );
}

/** How many containers a service has. */
export function scaleOf({ scale, deploy }: Pick<Service, "scale" | "deploy">): number {
  return Number(scale ?? deploy?.replicas ?? 1);
}

function refuseFiles(
  project: ComposeProject,
  service: Service,
  environment: ReadonlyMap<string, string>,
  refuse: Refuse,
): void {
  for (const kind of ["secrets", "configs"] as const)
    for (const [index, { source = "" }] of (service[kind] ?? []).entries()) {
      const object = project[kind]?.[source];
      const at = [kind, String(index)];
      if (object?.external || object?.driver)
        refuse(at, `${source} is kept by Docker Swarm`, "give it a file, or environment");
      else if (object?.environment && object.content === undefined && environment.get(object.environment) === undefined)
        refuse(at, `the variable ${object.environment} of ${source} is not set`, `set ${object.environment}`);
      if (service.read_only && object && !object.file && !object.external)
        refuse(at, `${source} cannot be put into a read-only container`, "give it a file");
    }
}
