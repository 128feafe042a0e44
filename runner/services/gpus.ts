import type Docker from "dockerode";
import { asking, type EngineAddress } from "../../clients/docker/engine.ts";
import { onDockerHost } from "../../clients/docker/host.ts";
import type { ComposeProject } from "../../domain/compose/model.ts";
import { UserError } from "../../domain/errors.ts";
import {
  allocateGpus,
  GPU_MODE_KEY,
  GPU_MODES,
  GPUS_LABEL,
  GPUS_SCRIPT,
  type Gpu,
  type GpuClaim,
  type GpuMode,
  type GpuShortage,
  gpuClaims,
  labelledGpus,
  parseGpus,
  withGpus,
  withoutGpus,
} from "../../domain/services/gpus.ts";
import { LABEL } from "../../domain/services/labels.ts";
import type { StackPlan } from "../../domain/services/spec.ts";
import type { OperationOptions } from "../progress.ts";
import { GpuTicket } from "./gpus-ticket.ts";
import { placeOf } from "./locate.ts";
import type { ReadSettings } from "./settings.ts";

/**
 * How services of a project get GPUs: as was asked for, else as the settings say, else as the files do (`x-windlass-gpu`), else each its own.
 * Throws `ConfigInvalid` with file and line for a word that the files may not say.
 */
export function gpuModeOf(
  { project, files }: Pick<GpusOptions, "project" | "files">,
  asked: GpuMode | undefined,
  { values, shown }: ReadSettings,
): GpuMode {
  if (asked !== undefined) return asked;
  const declared = project[GPU_MODE_KEY];
  if (declared === undefined || shown.some(({ key, from }) => key === "gpu" && from !== "default")) return values.gpu;
  const mode = GPU_MODES.find((one) => one === declared);
  if (mode) return mode;
  const { file, line } = placeOf(files, [GPU_MODE_KEY]);
  throw new UserError("ConfigInvalid", {
    reason: `${file}:${line}: ${GPU_MODE_KEY}: got ${JSON.stringify(declared)}, allowed is ${GPU_MODES.join(", ")}`,
    suggestion: "write one of these",
    file,
    line,
  });
}

/** GPUs of the Docker host that a container has. */
export interface ServiceGpus {
  service: string;
  /** UUIDs. */
  gpus: string[];
}

export interface GpusOptions extends OperationOptions {
  project: ComposeProject;
  files: readonly string[];
  docker: Docker;
  address: EngineAddress;
  mode: GpuMode;
  /** Seconds to stand in line where GPUs are held by others. */
  waitSeconds: number;
  /** Told how many stand in line, at every look. */
  onQueue?: ((depth: number) => void) | undefined;
  /** Only look: nothing is locked and nobody waits. */
  dryRun?: boolean | undefined;
}

export interface ChosenGpus {
  plan: StackPlan;
  gpus: ServiceGpus[];
  /** Seconds that were stood in line; undefined where no GPU is asked for. */
  waitedSeconds?: number;
  /** Gives up the locks: the containers that run hold their GPUs from now on. */
  release(): Promise<void>;
}

/** Milliseconds between two looks at GPUs that others have: the first, the longest, and how it grows. */
const POLL = { first: 1000, most: 5000, factor: 1.5 };

/**
 * Gives GPUs of the Docker host to the services of a plan that reserve some, by UUID. A GPU is held by running containers with the label
 * `windlass.gpus`, and by runners that are about to start some. Whoever asks first is served first. Throws `PrecheckFailed` with file and
 * line where the host has too few, or too few are free within `waitSeconds`.
 */
export async function chooseGpus(plan: StackPlan, options: GpusOptions): Promise<ChosenGpus> {
  const { project, address, mode, onEvent } = options;
  const claims = gpuClaims(project, plan);
  const note = (level: "info" | "warning", text: string) => onEvent?.({ kind: "note", level, text });
  const nothing = { gpus: [], release: async () => {} };
  if (claims.length === 0) return { plan, ...nothing };
  const services = [...new Set(claims.map(({ service }) => service))].join(", ");
  if (mode === "off") {
    note("warning", `GPUs are off: without them run ${services}`);
    return { plan: withoutGpus(plan, claims), ...nothing };
  }
  const answer = await onDockerHost(address, GPUS_SCRIPT);
  if (!answer) {
    note("warning", `the GPUs at ${address.host} cannot be seen: the engine gives ${services} what they ask for`);
    return { plan, ...nothing };
  }
  const gpus = answer.code === 0 ? parseGpus(answer.stdout) : [];
  const found = options.dryRun
    ? { ...(await tryOnce(claims, gpus, options)), release: nothing.release }
    : await standInLine(claims, gpus, options);
  return {
    ...found,
    plan: withGpus(plan, found.given),
    gpus: [...found.given].map(([{ service }, uuids]) => ({ service, gpus: uuids })),
  };
}

type Given = Map<GpuClaim, string[]>;

/** What could be given now; throws where nothing can. */
async function tryOnce(
  claims: readonly GpuClaim[],
  gpus: readonly Gpu[],
  options: GpusOptions,
): Promise<{ given: Given }> {
  const { held, before } = await holders(options);
  const found = allocateGpus(claims, { gpus, held, before }, options.mode);
  if ("given" in found) return found;
  throw refusal(found.short, held, options);
}

async function standInLine(claims: readonly GpuClaim[], gpus: readonly Gpu[], options: GpusOptions) {
  const { docker, address, project, mode, waitSeconds, onEvent, onQueue, signal } = options;
  const ticket = await GpuTicket.draw(docker, address, project.name);
  const release = () => ticket.leave();
  const begun = performance.now();
  const waited = () => (performance.now() - begun) / 1000;
  let depth = 0;
  try {
    for (let pause = POLL.first; ; pause = Math.min(POLL.most, pause * POLL.factor)) {
      const queue = await ticket.look();
      depth = queue.waiting.length;
      onQueue?.(depth);
      const { held, before } = await holders(options);
      for (const [uuid, { id, project: other }] of queue.locked)
        if (id !== ticket.id && !held.has(uuid)) held.set(uuid, `${other}, which is starting`);
      const found = allocateGpus(claims, { gpus, held, before }, mode);
      const place = queue.waiting.findIndex(({ id }) => id === ticket.id);
      if ("short" in found && found.short.isFinal) throw refusal(found.short, held, options);
      if ("given" in found && (place <= 0 || isKept(found.given, before))) {
        const { given } = found;
        const uuids = [...new Set([...given.values()].flat())];
        if (await ticket.lock(uuids)) {
          // Whoever had the lock before may have started its container since the last look.
          const now = await holders(options);
          const free = !uuids.some((uuid) => now.held.has(uuid));
          if (free) {
            onQueue?.(depth - (place < 0 ? 0 : 1));
            return { given, waitedSeconds: waited(), release };
          }
          await ticket.unlock();
        }
      }
      const short = "short" in found ? found.short : behind(claims, place);
      if (waited() >= waitSeconds || signal?.aborted) throw refusal(short, held, options);
      const line = place > 0 ? `, ${place} before this one` : "";
      onEvent?.({
        kind: "phase",
        text: `waiting for GPUs: ${short.reason}${line} (${Math.floor(waited())} of ${waitSeconds} s)`,
      });
      await new Promise((done) => setTimeout(done, Math.min(pause, Math.max(0, waitSeconds - waited()) * 1000)));
    }
  } catch (error) {
    await ticket.leave();
    onQueue?.(Math.max(0, depth - 1));
    throw error;
  }
}

/** Nothing new is asked for: whoever has its GPUs already need not stand in line for them. */
function isKept(given: Given, before: ReadonlyMap<string, readonly string[]>): boolean {
  return [...given].every(([{ key }, uuids]) => uuids.every((uuid) => before.get(key)?.includes(uuid)));
}

function behind(claims: readonly GpuClaim[], place: number): GpuShortage {
  const [claim] = claims as [GpuClaim];
  const who = place > 0 ? `${place} ${place === 1 ? "other stands" : "others stand"} in line` : "somebody was quicker";
  return { claim, reason: `GPUs are wanted, ${who}`, isFinal: false };
}

/** The GPUs that running containers of other projects hold, and those that this project's containers have. */
async function holders({ docker, address, project }: GpusOptions) {
  const filters = { label: [GPUS_LABEL] };
  const containers = await asking(address, "list containers", () => docker.listContainers({ all: true, filters }));
  const held = new Map<string, string>();
  const before = new Map<string, string[]>();
  for (const { Labels, Names, State } of containers) {
    const uuids = labelledGpus(Labels[GPUS_LABEL]);
    if (Labels[LABEL.project] === project.name) before.set(`${Labels[LABEL.service]}-${Labels[LABEL.number]}`, uuids);
    else if (RUNNING.has(State))
      for (const uuid of uuids) held.set(uuid, `container ${(Names[0] ?? "").replace(/^\//, "")}`);
  }
  return { held, before };
}

/** States in which a container has its devices, or takes them again by itself. */
const RUNNING = new Set(["running", "paused", "restarting"]);

function refusal(
  { claim, reason, isFinal }: GpuShortage,
  held: ReadonlyMap<string, string>,
  options: GpusOptions,
): UserError {
  const { file, line } = placeOf(options.files, claim.path);
  const who = [...new Set(held.values())];
  const by = !isFinal && who.length > 0 ? `; held by ${who.join(", ")}` : "";
  const host = `on the host of ${options.address.host}`;
  const shared = options.mode === "exclusive" ? ", let the project's services share them: --gpu shared" : "";
  const suggestion = isFinal
    ? `ask for what the host has${shared}, or run without: --gpu off`
    : `wait for them: --gpu-wait 600${shared}`;
  return new UserError("PrecheckFailed", {
    reason: `${file}:${line}: ${claim.path.join(".")}: ${reason} ${host}${by}`,
    suggestion,
    file,
    line,
  });
}
