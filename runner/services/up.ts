import type Docker from "dockerode";
import { projectContainers, removeContainer } from "../../clients/docker/containers.ts";
import { asking, type EngineAddress, openEngine } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import type { GpuMode } from "../../domain/services/gpus.ts";
import { withLogRotation } from "../../domain/services/log-rotation.ts";
import { notApplied, refusals } from "../../domain/services/not-applied.ts";
import { planStack } from "../../domain/services/plan.ts";
import type { NotApplied, StackPlan } from "../../domain/services/spec.ts";
import type { Change } from "../engine/changes.ts";
import type { Changes } from "../engine/events.ts";
import type { OperationOptions } from "../progress.ts";
import { noteApplied, stillApplied } from "./applied.ts";
import { changesOf } from "./changes.ts";
import { readServices, type ServicesOptions } from "./files.ts";
import { gpuModeOf, type ServiceGpus } from "./gpus.ts";
import { untilHealthy } from "./healthy.ts";
import { bringImages, buildSources, placedBuild } from "./images.ts";
import { placeOf } from "./locate.ts";
import { type Placement, placeOnHost } from "./placement.ts";
import type { MovedPort } from "./ports.ts";
import { servicesTarget } from "./project.ts";
import { type ServiceState, servicesOf } from "./ps.ts";
import { buildFolder, forget, readRecord, type ServicesRecord, servicesHome } from "./record.ts";
import { type RunWatcher, remembered } from "./runs.ts";
import { defaultEngine, type ReadSettings, readSettings, type ServicesSettings } from "./settings.ts";
import { sourceOf } from "./source.ts";

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

/** What the file asks for and is not done, with its place. */
export interface Told {
  file: string;
  line: number;
  path: string;
  reason: string;
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
  const home = servicesHome(options.home);
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
  const home = servicesHome(options.home);
  const named = options.files.length === 1 ? readRecord(home, options.files[0] ?? "") : undefined;
  for (const text of settings.unused) note(options, "warning", text);
  const source = { ...sourceOf(options, named), settings };
  const { project, warnings, environment, files, folder } = readServices(source);
  for (const { file, line, reason } of warnings) note(options, "warning", `${file}:${line}: ${reason}`);
  const refused = refusals(project, environment);
  if (refused.length > 0) throw refusal(refused, files);
  if (Object.keys(project.services).length === 0)
    throw new UserError("ConfigInvalid", {
      reason: `${files[0]}: no service is active`,
      suggestion: "name its profile with --profile",
    });
  const told = notApplied(project).map((one) => place(one, files));
  for (const { file, line, path, reason } of told)
    note(options, "warning", `${file}:${line}: ${path} is not applied: ${reason}`);
  const before = readRecord(home, project.name);
  const record = recordOf(project.name, { ...source, files, folder }, options, before);
  const origin = { project, files };
  const sources = await buildSources(origin, buildFolder(home, project.name));
  const asDeclared = planStack(project, { workingDir: folder, files }, environment, sources);
  const wanted = withLogRotation(asDeclared, settings.values.logRotation);
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
    notApplied: told,
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

function recordOf(
  project: string,
  { files, folder, profiles, envFiles }: ServicesOptions & { folder: string },
  { host, sshOpts, home }: ServicesUpOptions,
  before: ServicesRecord | undefined,
): ServicesRecord {
  if (before && host !== undefined && host !== before.host)
    throw new UserError("ConfigInvalid", {
      reason: `${project} runs on ${before.host}, not on ${host}`,
      suggestion: `take it down there first (windlass services down ${project}), or give this one another name with --project-name`,
    });
  return {
    project,
    host: host ?? before?.host ?? defaultEngine(servicesHome(home)),
    sshOpts: [...(sshOpts ?? before?.sshOpts ?? [])],
    files: [...files],
    folder,
    ...(profiles ? { profiles: [...profiles] } : {}),
    ...(envFiles ? { envFiles: [...envFiles] } : {}),
  };
}

function refusal(refused: ReturnType<typeof refusals>, files: readonly string[]): UserError {
  const told = refused.map((one) => {
    const { file, line, path, reason } = place(one, files);
    return { file, line, text: `${file}:${line}: ${path}: ${reason}`, suggestion: one.suggestion };
  });
  const [first, ...others] = told;
  return new UserError("ConfigInvalid", {
    reason: first?.text ?? "",
    suggestion: first?.suggestion ?? "",
    file: first?.file,
    line: first?.line,
    ...(others.length > 0 ? { also: others.map(({ text, suggestion }) => `${text}; ${suggestion}`) } : {}),
  });
}

function place({ path, reason }: NotApplied, files: readonly string[]): Told {
  return { ...placeOf(files, path), path: path.join("."), reason };
}

function note({ onEvent }: OperationOptions, level: "info" | "warning", text: string): void {
  onEvent?.({ kind: "note", level, text });
}
