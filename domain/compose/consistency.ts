import { cycleOf } from "./cycle.ts";
import type { ComposeProject, Service } from "./model.ts";
import { type MapNode, nearestNode, type Path } from "./node.ts";
import { isAddress } from "./port.ts";
import { type Problem, refuse } from "./problem.ts";

type Report = (path: Path, reason: string, suggestion?: string) => void;

/** What must hold before short and long forms become the model: exclusive keys, addresses. Refuses all mistakes at once. */
export function checkShape(root: MapNode): void {
  const { problems, report } = reporter(root);
  for (const [kind, keys] of Object.entries({
    configs: ["file", "environment", "content"],
    secrets: ["file", "environment"],
  }))
    for (const [name, node] of mapEntries(root, [kind])) {
      const given = keys.filter((key) => node.has(key));
      if (given.length > 1) report([kind, name], `${given.join(" and ")} exclude each other`);
      if (given.length === 0 && !node.has("driver") && !node.has("external"))
        report([kind, name], `needs one of ${keys.join(", ")}, or external: true`);
    }
  for (const [name, node] of mapEntries(root, ["volumes"])) {
    const external = node.get("external");
    if (external?.kind !== "scalar" || external.value !== true) continue;
    for (const key of node.keys())
      if (!["name", "external"].includes(key) && !key.startsWith("x-"))
        report(["volumes", name, key], "an external volume has only a name", "take it away here, or external");
  }
  for (const [name, service] of mapEntries(root, ["services"])) {
    const ports = service.get("ports");
    for (const [index, port] of (ports?.kind === "list" ? ports.items : []).entries()) {
      if (port.kind === "map" && !port.entries.has("target"))
        report(["services", name, "ports", String(index)], "needs a target, the port of the container");
      const address = port.kind === "map" ? port.entries.get("host_ip") : undefined;
      if (address?.kind === "scalar" && !isAddress(String(address.value)))
        report(["services", name, "ports", String(index), "host_ip"], `${address.value} is no IP address`);
    }
    const requests: Path[] = [["gpus"], ["deploy", "resources", "reservations", "devices"]];
    for (const path of requests) {
      const node = nearestNode({ kind: "map", at: root.at, entries: service }, path);
      for (const [index, request] of (node.kind === "list" ? node.items : []).entries())
        if (request.kind === "map" && request.entries.has("count") && request.entries.has("device_ids"))
          report(["services", name, ...path, String(index)], "count and device_ids exclude each other");
    }
  }
  refuse(problems);
}

/** What must hold between the parts of a project; `disabled` are services whose profile is not active. Refuses all mistakes at once. */
export function checkConsistency(project: ComposeProject, disabled: ReadonlySet<string>, root: MapNode): void {
  const { problems, report } = reporter(root);
  for (const [name, service] of Object.entries(project.services)) {
    const at = (...path: string[]): Path => ["services", name, ...path];
    if (!service.image && !service.build) report(at(), "has neither an image nor a build");
    checkBuild(project, service, at, report);
    checkReferences(project, service, disabled, at, report);
    checkLimits(service, at, report);
    checkMounts(service, at, report);
    for (const [index, rule] of (service.develop?.watch ?? []).entries())
      if (!rule.target && rule.action !== "rebuild" && rule.action !== "restart")
        report(at("develop", "watch", String(index)), `the action ${rule.action} needs a target`);
    const test = service.healthcheck?.test?.[0];
    if (test && !["CMD", "CMD-SHELL", "NONE"].includes(test))
      report(
        at("healthcheck", "test"),
        `begins with ${test}`,
        "begin it with CMD, CMD-SHELL or NONE, or write one text",
      );
  }
  for (const [name, secret] of Object.entries(project.secrets ?? {}))
    if (!secret.external && !secret.file && !secret.environment)
      report(["secrets", name], "needs one of file, environment, or external: true");
  checkContainerNames(project, report);
  const cycle = cycleOf(project.services);
  if (cycle) report(["services", cycle[0] ?? "", "depends_on"], `depends on itself: ${cycle.join(" -> ")}`);
  refuse(problems);
}

type At = (...path: string[]) => Path;

function checkBuild(project: ComposeProject, { build, platform }: Service, at: At, report: Report): void {
  if (!build) return;
  if (build.dockerfile && build.dockerfile_inline) report(at("build", "dockerfile"), "excludes dockerfile_inline");
  for (const [name, context] of Object.entries(build.additional_contexts ?? {})) {
    if (!context.startsWith("service:")) continue;
    const other = context.slice("service:".length);
    if (!project.services[other]?.build)
      report(at("build", "additional_contexts", name), `the service ${other} is not there, or is not built`);
  }
  if (platform && build.platforms && !build.platforms.includes(platform))
    report(at("build", "platforms"), `must have the service's platform, ${platform}`);
  for (const [index, { source }] of (build.secrets ?? []).entries())
    if (!project.secrets?.[source ?? ""]) report(at("build", "secrets", String(index)), `there is no secret ${source}`);
}

function checkReferences(
  project: ComposeProject,
  service: Service,
  disabled: ReadonlySet<string>,
  at: At,
  report: Report,
): void {
  const mode = service.network_mode ?? "";
  if (mode !== "" && service.networks) report(at("network_mode"), "excludes networks");
  for (const network of Object.keys(service.networks ?? {}))
    if (!project.networks?.[network]) report(at("networks", network), `there is no network ${network}`);
  for (const [other, { required }] of Object.entries(service.depends_on ?? {})) {
    if (project.services[other] || (disabled.has(other) && !required)) continue;
    const why = disabled.has(other) ? `the profile of ${other} is not active` : `there is no service ${other}`;
    report(
      at("depends_on", other),
      why,
      disabled.has(other) ? "activate the profile, or write required: false" : undefined,
    );
  }
  for (const [index, { type, source }] of (service.volumes ?? []).entries()) {
    if (type === "volume" && source && !project.volumes?.[source])
      report(
        at("volumes", String(index)),
        `there is no volume ${source}`,
        `declare ${source} under volumes, or write ./${source}`,
      );
    if (type === "bind" && !source) report(at("volumes", String(index)), "a bind mount needs a source");
  }
  for (const kind of ["configs", "secrets"] as const)
    for (const [index, { source }] of (service[kind] ?? []).entries())
      if (!project[kind]?.[source ?? ""]) report(at(kind, String(index)), `there is no ${kind.slice(0, -1)} ${source}`);
}

function checkLimits(service: Service, at: At, report: Report): void {
  const { deploy, scale } = service;
  const replicas = deploy?.replicas;
  if (scale !== undefined && scale < 0) report(at("scale"), `must not be below 0, not ${scale}`);
  if (scale !== undefined && replicas !== undefined && scale !== replicas)
    report(at("scale"), `is ${scale} and deploy.replicas is ${replicas}`);
  if ((scale ?? replicas ?? 1) > 1 && service.container_name)
    report(at("container_name"), `cannot be the name of ${scale ?? replicas} containers`);
  const { limits, reservations } = deploy?.resources ?? {};
  const same = (key: string, value: unknown, other: unknown, inside: object | undefined, path: string): void => {
    if (value !== undefined && inside && value !== other) report(at(key), `differs from deploy.resources.${path}`);
  };
  same("cpus", service.cpus, limits?.cpus, limits, "limits.cpus");
  same("mem_limit", service.mem_limit, limits?.memory, limits, "limits.memory");
  same("mem_reservation", service.mem_reservation, reservations?.memory, reservations, "reservations.memory");
  same("pids_limit", service.pids_limit, limits?.pids, limits, "limits.pids");
}

function checkMounts(service: Service, at: At, report: Report): void {
  const places = new Map<string, string>();
  const mounts = [
    ...(service.tmpfs ?? []).map((mount, index) => [mount.split(":")[0] ?? "", "tmpfs", index] as const),
    ...(service.volumes ?? []).map(({ target }, index) => [target ?? "", "volumes", index] as const),
  ];
  for (const [target, key, index] of mounts) {
    const before = places.get(target);
    if (before) report(at(key, String(index)), `${target} is mounted already as ${before}`);
    places.set(target, `${key}.${index}`);
  }
}

function checkContainerNames(project: ComposeProject, report: Report): void {
  const owners = new Map<string, string>();
  for (const [name, { container_name: container }] of Object.entries(project.services)) {
    if (!container) continue;
    const owner = owners.get(container);
    if (owner) report(["services", name, "container_name"], `${container} is the name of ${owner}'s container`);
    owners.set(container, name);
  }
}

function reporter(root: MapNode): { problems: Problem[]; report: Report } {
  const problems: Problem[] = [];
  const report: Report = (path, reason, suggestion) => {
    problems.push({ at: nearestNode(root, path).at, path, reason, ...(suggestion ? { suggestion } : {}) });
  };
  return { problems, report };
}

function mapEntries(root: MapNode, path: Path): [string, MapNode["entries"]][] {
  const node = nearestNode(root, path);
  if (node === root || node.kind !== "map") return [];
  return [...node.entries].flatMap(([name, value]) =>
    value.kind === "map" ? [[name, value.entries] as [string, MapNode["entries"]]] : [],
  );
}
