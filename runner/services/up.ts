import type Docker from "dockerode";
import { projectContainers, removeContainer } from "../../clients/docker/containers.ts";
import { asking, type EngineAddress, openEngine } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import type { GpuMode } from "../../domain/services/gpus.ts";
import type { StackPlan } from "../../domain/services/spec.ts";
import type { Change } from "../engine/changes.ts";
import type { Changes } from "../engine/events.ts";
import { windlassHome } from "../own-root.ts";
import type { OperationOptions } from "../progress.ts";
import { noteApplied, stillApplied } from "./applied.ts";
import { changesOf } from "./changes.ts";
import { readDeclared, type Told } from "./declared.ts";
import type { ServicesOptions } from "./files.ts";
import { gpuModeOf, type ServiceGpus } from "./gpus.ts";
import { untilHealthy } from "./healthy.ts";
import { bringImages, placedBuild } from "./images.ts";
import { type Placement, placeOnHost } from "./placement.ts";
import type { MovedPort } from "./ports.ts";
import { type ServiceState, servicesOf } from "./ps.ts";
import { forget, servicesTarget } from "./record.ts";
import { type RunWatcher, remembered } from "./runs.ts";
import { type ReadSettings, readSettings, type ServicesSettings } from "./settings.ts";

export interface ServicesUpOptions extends Omit<ServicesOptions, "files">, OperationOptions {
  /** Compose files, one folder that has one, or the name of a stack that was made before. */
  files: readonly string[];
  /** Address of the Docker engine. @default the one it runs on already, else DOCKER_HOST, else this machine's */
  host?: string;
  /** Words for ssh. */
  sshOpts?: readonly string[];
  /** Seconds that each service gets to become healthy. @default the settings, else what its health check allows */
  healthySeconds?: number;
  /** The `.windlass` folder. */
  home?: string;
  dryRun?: boolean;
  /** Refuse where a port of the host is taken, instead of publishing on the next free one. @default the settings */
  strictPorts?: boolean;
  /** How services get the GPUs that they reserve. @default the settings */
  gpu?: GpuMode;
  /** Seconds to stand in line for GPUs that others hold. @default the settings */
  gpuWaitSeconds?: number;
  /** Keeps `env_queue_depth`, `gpu_wait_seconds` and `env_error_rate` there in Prometheus's text format; ends in .prom. @default the settings */
  metricsFile?: string;
  /** Shown what would change; answer false to leave it. Not asked where nothing changes. */
  confirm?: (plan: ServicesPlan) => Promise<boolean>;
}

export interface ServicesPlan {
  project: string;
  host: string;
  changes: Changes;
  steps: Change[];
  notApplied: Told[];
  /** Ports of the host that somebody else has, and what is published in their place. */
  movedPorts: MovedPort[];
  /** GPUs of the host, by service. */
  gpus: ServiceGpus[];
}

export interface ServicesUpResult extends ServicesPlan {
  services: ServiceState[];
}

/**
 * Brings a project to what its Compose files declare, and waits until it is healthy. Run again, it changes nothing that fits. Throws
 * `ConfigInvalid` with file and line for what cannot be run, `CommandFailed` where the Docker engine refuses or a service does not become healthy
 * (with its last lines), `Cancelled`.
 */
export async function servicesUp(options: ServicesUpOptions): Promise<ServicesUpResult> {
  const home = windlassHome(options.home);
  const settings = readSettings(home);
  const held: Pick<Placement, "release">[] = [];
  const run = async (watcher: Partial<RunWatcher>) => {
    try {
      return await bringUp({ ...options, ...watcher }, settings, held);
    } finally {
      for (const { release } of held) await release();
    }
  };
  return options.dryRun ? run({}) : remembered(home, options.metricsFile ?? settings.values.metricsFile, run);
}

async function bringUp(
  options: ServicesUpOptions & Partial<RunWatcher>,
  settings: ReadSettings,
  held: Pick<Placement, "release">[],
): Promise<ServicesUpResult> {
  const home = windlassHome(options.home);
  const { project, files, record, before, notApplied, plan: wanted } = await readDeclared(options, settings, home);
  const origin = { project, files };
  const address = { host: record.host, sshOpts: record.sshOpts };
  const docker = openEngine(address);
  await asking(address, "reach the engine", () => docker.ping());
  const { healthySeconds, ...limits } = limitsOf(options, settings.values);
  const mode = gpuModeOf(origin, options.gpu, settings);
  const placed = await placeOnHost(wanted, { ...options, ...limits, mode, project, files, docker, address });
  const { plan, movedPorts, gpus } = placed;
  held.push(placed);
  if (placed.waitedSeconds !== undefined) options.onGpus?.(placed.waitedSeconds);
  const target = servicesTarget(home, record);
  const declared = { plan, ...address, ...(healthySeconds === undefined ? {} : { healthySeconds }) };
  // What is pulled again each time may be another image, which the preview has to know of.
  const again = plan.images.filter(({ pullAfterSeconds }) => pullAfterSeconds !== undefined);
  if (!options.dryRun) await bringImages(docker, address, origin, again, options);
  const result = (found: Pick<ServicesPlan, "changes" | "steps">): ServicesPlan => ({
    project: project.name,
    host: record.host,
    ...found,
    notApplied,
    movedPorts,
    gpus,
  });
  const same = await stillApplied(target, docker, declared);
  if (same !== undefined) {
    const containers = options.dryRun
      ? await projectContainers(docker, address, project.name)
      : await untilHealthy(docker, address, plan, healthySeconds, options);
    const nothing = { changes: { create: 0, update: 0, replace: 0, delete: 0, same }, steps: [] };
    return { ...result(nothing), services: servicesOf(project.services, containers) };
  }
  const { releaseVolumes, runServices, withUnnamedVolumes } = await import("./engine.ts");
  const preview = options.dryRun || options.confirm;
  if (preview) {
    const shown = { ...declared, plan: await withUnnamedVolumes(target, plan) };
    const planned = result(changesOf(await runServices(target, "preview", { refresh: true }, options, shown)));
    const quiet = planned.steps.length === 0;
    if (options.dryRun || (!quiet && !(await options.confirm?.(planned)))) {
      if (!before) forget(home, project.name);
      if (!options.dryRun) throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
      return {
        ...planned,
        services: servicesOf(project.services, await projectContainers(docker, address, project.name)),
      };
    }
  }
  const others = plan.images.filter((image) => !again.includes(image));
  await bringImages(docker, address, origin, others, options);
  await removeFailedTasks(docker, address, plan);
  await releaseVolumes(target, plan, options);
  const updated = runServices(target, "up", { refresh: true }, options, declared);
  const made = changesOf(await updated.catch((error: unknown) => Promise.reject(placedBuild(error, origin))));
  const { create, update, replace, same: kept } = made.changes;
  await noteApplied(target, docker, declared, create + update + replace + kept);
  const containers = await untilHealthy(docker, address, plan, healthySeconds, options);
  return { ...result(made), services: servicesOf(project.services, containers) };
}

/** What the options of a call say, else the settings. */
function limitsOf(options: ServicesUpOptions, settings: ServicesSettings) {
  return {
    strict: options.strictPorts ?? settings.strictPorts,
    waitSeconds: options.gpuWaitSeconds ?? settings.gpuWaitSeconds,
    healthySeconds: options.healthySeconds ?? settings.waitTimeoutSeconds,
  };
}

/** A task that has failed runs again: the update finds it gone. One that went well has done its work. */
async function removeFailedTasks(docker: Docker, address: EngineAddress, plan: StackPlan): Promise<void> {
  const tasks = new Set(plan.containers.filter(({ isTask }) => isTask).map(({ name }) => name));
  for (const { id, name, exitCode } of await projectContainers(docker, address, plan.project))
    if (tasks.has(name) && exitCode) await removeContainer(docker, address, id);
}
