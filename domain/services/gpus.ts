import type { ComposeProject } from "../compose/model.ts";
import type { DeviceRequest, ModelPath, StackPlan } from "./spec.ts";

/** A GPU of a Docker host. */
export interface Gpu {
  index: number;
  uuid: string;
  name: string;
  memoryMiB: number;
}

/** Lists the GPUs of a host for `parseGpus`; ends with 127 where there is no driver. */
export const GPUS_SCRIPT = "nvidia-smi --query-gpu=index,uuid,name,memory.total --format=csv,noheader,nounits";

/** The GPUs in what `GPUS_SCRIPT` printed; lines that are none, as of a GPU that has failed, are left out. */
export function parseGpus(text: string): Gpu[] {
  return text.split("\n").flatMap((line) => {
    const [index = "", uuid = "", name = "", memory = ""] = line.split(",").map((cell) => cell.trim());
    if (!/^\d+$/.test(index) || !uuid.startsWith("GPU-")) return [];
    return [{ index: Number(index), uuid, name, memoryMiB: Number(memory) || 0 }];
  });
}

/** What a container asks for: a number of GPUs, all of them, or some by index or UUID. */
export interface GpuClaim {
  /** Of the container: `web-1`. */
  key: string;
  service: string;
  /** Which of the container's device requests it is. */
  index: number;
  path: ModelPath;
  count: number | "all";
  /** Empty unless the file names them. */
  ids: string[];
}

/** How services get GPUs: each its own; those of a project the same ones; none, and they run without. */
export const GPU_MODES = ["exclusive", "shared", "off"] as const;
export type GpuMode = (typeof GPU_MODES)[number];

/** The key of a Compose file that says how its services get GPUs, where nobody else does. */
export const GPU_MODE_KEY = "x-windlass-gpu";

/** The GPUs that the containers of a plan ask for. Parts of a GPU (MIG) and devices of CDI are the driver's business. */
export function gpuClaims(project: ComposeProject, plan: StackPlan): GpuClaim[] {
  return plan.containers.flatMap(({ key, service: name, settings }) => {
    const service = project.services[name];
    const paths: ModelPath[] = [
      ...(service?.gpus ?? []).map((_, index) => ["services", name, "gpus", String(index)]),
      ...(service?.deploy?.resources?.reservations?.devices ?? []).map((_, index) => [
        ...["services", name, "deploy", "resources", "reservations", "devices", String(index)],
      ]),
    ];
    const requests = settings.deviceRequests ?? [];
    const offset = requests.length - paths.length;
    return requests.flatMap((request, index) => {
      if (!isGpu(request)) return [];
      const { count, deviceIds: ids = [] } = request;
      const wanted = ids.length > 0 ? ids.length : count === undefined || count < 0 ? ("all" as const) : count;
      return [{ key, service: name, index, path: paths[index - offset] ?? ["services", name], count: wanted, ids }];
    });
  });
}

function isGpu({ driver, capabilities, deviceIds = [] }: DeviceRequest): boolean {
  return (
    (driver === "" || driver === "nvidia") &&
    capabilities.includes("gpu") &&
    !deviceIds.some((id) => id.startsWith("MIG-"))
  );
}

export interface GpuState {
  gpus: readonly Gpu[];
  /** Who has a GPU, in words, by its UUID. */
  held: ReadonlyMap<string, string>;
  /** UUIDs that a container had before, by its key. */
  before?: ReadonlyMap<string, readonly string[]>;
}

/** Why claims cannot be met. */
export interface GpuShortage {
  claim: GpuClaim;
  /** As in `2 GPUs are wanted and 1 is free`. */
  reason: string;
  /** No waiting helps: the host has not so many, or not this one. */
  isFinal: boolean;
}

/** UUIDs for each claim, in its order; or what is missing. */
export type GpuAllocation = { given: Map<GpuClaim, string[]> } | { short: GpuShortage };

/**
 * GPUs for all claims of a project or for none of them: first those that the file names, then those that a container had before, then the
 * first free ones. No GPU is given to two claims but where the file names it in both, or, with `shared`, to the claims of one project.
 */
export function allocateGpus(claims: readonly GpuClaim[], state: GpuState, mode: GpuMode): GpuAllocation {
  const unknown = claims.find(({ ids }) => ids.some((id) => !find(state.gpus, id)));
  if (unknown) return { short: shortage(unknown, `the host has no GPU ${unknown.ids.join(" or ")}`, true) };
  const fits = (free: readonly string[], before: GpuState["before"]) =>
    mode === "shared" ? shareOut(claims, state.gpus, free, before) : giveOut(claims, state.gpus, free, before);
  const all = state.gpus.map(({ uuid }) => uuid);
  const found = fits(
    all.filter((uuid) => !state.held.has(uuid)),
    state.before,
  );
  if ("given" in found) return found;
  const never = fits(all, undefined);
  return { short: "given" in never ? found.short : { ...never.short, isFinal: true } };
}

type Before = GpuState["before"];

function giveOut(
  claims: readonly GpuClaim[],
  gpus: readonly Gpu[],
  free: readonly string[],
  before: Before,
): GpuAllocation {
  const given = new Map<GpuClaim, string[]>();
  const left = new Set(free);
  for (const claim of claims.filter(({ ids }) => ids.length > 0)) {
    const uuids = uuidsOf(gpus, claim);
    const gone = uuids.find((uuid) => !free.includes(uuid));
    if (gone !== undefined) return { short: shortage(claim, `GPU ${gone} is wanted`, false) };
    given.set(claim, uuids);
  }
  for (const uuid of [...given.values()].flat()) left.delete(uuid);
  const counted = claims.filter(({ ids }) => ids.length === 0);
  for (const claim of counted) {
    const kept = (before?.get(claim.key) ?? []).filter((uuid) => left.has(uuid));
    const uuids = kept.slice(0, claim.count === "all" ? gpus.length : claim.count);
    for (const uuid of uuids) left.delete(uuid);
    given.set(claim, uuids);
  }
  for (const claim of counted) {
    const uuids = given.get(claim) ?? [];
    const wanted = claim.count === "all" ? Math.max(1, gpus.length) : claim.count;
    for (const uuid of [...left].slice(0, wanted - uuids.length)) {
      uuids.push(uuid);
      left.delete(uuid);
    }
    if (uuids.length < wanted) return { short: shortage(claim, wantedText(claims, gpus, free.length), false) };
  }
  return { given };
}

/** The project gets as many as its biggest claim; the others take of these. */
function shareOut(
  claims: readonly GpuClaim[],
  gpus: readonly Gpu[],
  free: readonly string[],
  before: Before,
): GpuAllocation {
  const counted = claims.filter(({ ids }) => ids.length === 0);
  const size = (claim: GpuClaim) => (claim.count === "all" ? Math.max(1, gpus.length) : claim.count);
  const [biggest] = [...counted].sort((a, b) => size(b) - size(a));
  const named = claims.filter(({ ids }) => ids.length > 0);
  const own = new Set(claims.flatMap(({ key }) => before?.get(key) ?? []));
  const pool = [...free].sort((a, b) => Number(own.has(b)) - Number(own.has(a)));
  const found = giveOut(named, gpus, free, undefined);
  if (!("given" in found)) return found;
  for (const claim of counted) {
    if (biggest && size(biggest) > pool.length)
      return { short: shortage(biggest, wantedText([biggest], gpus, free.length), false) };
    found.given.set(claim, pool.slice(0, size(claim)));
  }
  return found;
}

function find(gpus: readonly Gpu[], id: string): Gpu | undefined {
  return gpus.find(({ index, uuid }) => String(index) === id || uuid === id);
}

function uuidsOf(gpus: readonly Gpu[], { ids }: GpuClaim): string[] {
  return ids.map((id) => find(gpus, id)?.uuid ?? id);
}

function wantedText(claims: readonly GpuClaim[], gpus: readonly Gpu[], free: number): string {
  const wanted = claims.reduce((sum, { count }) => sum + (count === "all" ? Math.max(1, gpus.length) : count), 0);
  const all = `the host has ${gpus.length || "none"}`;
  const there = free === gpus.length ? all : `${free} of ${gpus.length} ${free === 1 ? "is" : "are"} free`;
  return `${wanted} ${wanted === 1 ? "GPU is" : "GPUs are"} wanted, ${there}`;
}

function shortage(claim: GpuClaim, reason: string, isFinal: boolean): GpuShortage {
  return { claim, reason, isFinal };
}

/** UUIDs of the GPUs that a container has, with commas between. A running container with it holds them. */
export const GPUS_LABEL = "windlass.gpus";

export function labelledGpus(label: string | undefined): string[] {
  return (label ?? "").split(",").filter(Boolean);
}

/** The plan with the GPUs that its containers get, by UUID, and the label that holds them. */
export function withGpus(plan: StackPlan, given: ReadonlyMap<GpuClaim, readonly string[]>): StackPlan {
  const containers = plan.containers.map((spec) => {
    const own = [...given].filter(([{ key }]) => key === spec.key);
    if (own.length === 0) return spec;
    const deviceRequests = (spec.settings.deviceRequests ?? []).map(({ count, ...request }, index) => {
      const found = own.find(([claim]) => claim.index === index);
      if (!found) return { ...request, ...(count === undefined ? {} : { count }) };
      return { ...request, deviceIds: [...found[1]] };
    });
    const uuids = [...new Set(own.flatMap(([, list]) => list))];
    const labels = { ...spec.labels, [GPUS_LABEL]: uuids.join(",") };
    return { ...spec, labels, settings: { ...spec.settings, deviceRequests } };
  });
  return { ...plan, containers };
}

/** The plan without GPUs. */
export function withoutGpus(plan: StackPlan, claims: readonly GpuClaim[]): StackPlan {
  const containers = plan.containers.map((spec) => {
    const own = claims.filter(({ key }) => key === spec.key);
    if (own.length === 0) return spec;
    const { deviceRequests = [], ...settings } = spec.settings;
    const rest = deviceRequests.filter((_, index) => !own.some((claim) => claim.index === index));
    return { ...spec, settings: { ...settings, ...(rest.length > 0 ? { deviceRequests: rest } : {}) } };
  });
  return { ...plan, containers };
}
