import type { ComposeProject, Service } from "../compose/model.ts";
import { parseDuration } from "../compose/units.ts";
import { imageOf } from "./builds.ts";
import { defined, filled } from "./defined.ts";
import { healthcheckOf, healthySeconds, isChecked } from "./health.ts";
import { containerLabels, type Origin } from "./labels.ts";
import { storageOf } from "./mounts.ts";
import { networkModeOf, networksOf } from "./networks.ts";
import { portRange } from "./ports.ts";
import { resourceSettings } from "./resources.ts";
import { ofService } from "./service-ref.ts";
import type { ContainerSettings, ContainerSpec, Dependency } from "./spec.ts";

/** What a container is made from beside its service. */
export interface ContainerContext {
  project: ComposeProject;
  origin: Origin;
  /** Of the project, for secrets that come from it. */
  environment: ReadonlyMap<string, string>;
  /** Services whose end others wait for. */
  tasks: ReadonlySet<string>;
}

/** One container of a service, by the rules of `docker compose up`. */
export function containerOf(name: string, service: Service, number: number, context: ContainerContext): ContainerSpec {
  const { project, origin, environment, tasks } = context;
  const named = (other: string) => containerName(project, other, 1);
  const check = isChecked(service.healthcheck) ? service.healthcheck : undefined;
  const own = containerName(project, name, number);
  const pid = ofService(service.pid);
  const ipc = ofService(service.ipc);
  return {
    key: `${name}-${number}`,
    service: name,
    number,
    name: own,
    image: imageOf(project, name, service),
    pulled: service.pull_policy !== "never",
    ...(service.platform ? { platform: service.platform } : {}),
    dependsOn: dependenciesOf(project, service),
    isTask: tasks.has(name),
    ...(check && !tasks.has(name) ? { healthySeconds: healthySeconds(check) } : {}),
    labels: containerLabels(project, name, service, number, origin),
    envs: Object.entries(service.environment ?? {}).map(([key, value]) => (value === null ? key : `${key}=${value}`)),
    networkMode: networkModeOf(project, service),
    networks: networksOf(project, name, service, own),
    ...(pid ? { pidMode: pid } : {}),
    ...(ipc ? { ipcMode: ipc } : {}),
    ...storageOf(project, service, named, environment),
    settings: settingsOf(service),
  };
}

/** `project-service-1`, or the name that the file gives. */
function containerName(project: ComposeProject, service: string, number: number): string {
  return project.services[service]?.container_name ?? `${project.name}-${service}-${number}`;
}

/** Only on services that are there: one that is not required may be missing. */
function dependenciesOf(project: ComposeProject, service: Service): Dependency[] {
  return Object.entries(service.depends_on ?? {})
    .filter(([other]) => project.services[other] !== undefined)
    .map(([other, { condition }]) => ({
      service: other,
      condition: (condition ?? "service_started") as Dependency["condition"],
    }));
}

function settingsOf(service: Service): ContainerSettings {
  const seconds = service.stop_grace_period && Math.ceil((parseDuration(service.stop_grace_period) ?? 0) / 1e9);
  const grace = seconds || undefined;
  return defined<ContainerSettings>({
    command: service.command ?? undefined,
    entrypoints: service.entrypoint ?? undefined,
    workingDir: service.working_dir,
    user: service.user,
    hostname: service.hostname,
    domainname: service.domainname,
    tty: service.tty || undefined,
    stdinOpen: service.stdin_open || undefined,
    init: service.init ?? undefined,
    privileged: service.privileged || undefined,
    readOnly: service.read_only || undefined,
    ...restartOf(service),
    stopSignal: service.stop_signal,
    stopTimeout: grace,
    destroyGraceSeconds: grace,
    ports: portsOf(service),
    hosts: filled(
      (service.extra_hosts ?? []).map((line) => {
        const [host = "", ...address] = line.split("=");
        return { host, ip: address.join("=") };
      }),
    ),
    dns: filled(service.dns),
    dnsOpts: filled(service.dns_opt),
    dnsSearches: filled(service.dns_search),
    capabilities: filled(
      defined<{ adds?: string[]; drops?: string[] }>({
        adds: filled(service.cap_add?.map(capability)),
        drops: filled(service.cap_drop?.map(capability)),
      }),
    ),
    groupAdds: filled(service.group_add),
    securityOpts: filled(service.security_opt),
    sysctls: filled(service.sysctls),
    storageOpts: filled(service.storage_opt),
    tmpfs: filled(
      Object.fromEntries(
        (service.tmpfs ?? []).map((line) => {
          const [path = "", ...options] = line.split(":");
          return [path, options.join(":")];
        }),
      ),
    ),
    logDriver: service.logging?.driver,
    logOpts: filled(service.logging?.options),
    runtime: service.runtime,
    usernsMode: service.userns_mode,
    cgroupnsMode: service.cgroup,
    healthcheck: service.healthcheck ? filled(healthcheckOf(service.healthcheck)) : undefined,
    ...resourceSettings(service),
  });
}

/** `CAP_NET_ADMIN` of `net_admin`: the form that Docker's own clients send. */
function capability(name: string): string {
  const upper = name.toUpperCase();
  return upper === "ALL" || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
}

function portsOf({ ports }: Service): ContainerSettings["ports"] {
  return filled(
    (ports ?? []).map(({ target = 0, published, host_ip, protocol }) =>
      defined<NonNullable<ContainerSettings["ports"]>[number]>({
        internal: target,
        external: published ? portRange(published).first : undefined,
        ip: host_ip || undefined,
        protocol,
      }),
    ),
  );
}

/** Compose's conditions in the engine's words. */
const RESTARTS: Record<string, string> = { none: "no", any: "always" };

/** `deploy.restart_policy` has the last word over `restart`. */
function restartOf({ restart, deploy }: Service): Pick<ContainerSettings, "restart" | "maxRetryCount"> {
  const policy = deploy?.restart_policy;
  const [name, attempts] = policy ? [policy.condition, policy.max_attempts] : (restart ?? "").split(":");
  if (!name) return {};
  const maxRetryCount = Number(attempts ?? 0);
  return { restart: RESTARTS[name] ?? name, ...(maxRetryCount > 0 ? { maxRetryCount } : {}) };
}
