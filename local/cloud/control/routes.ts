import { DEFAULT_LIMITS, type Limits, limitsOf } from "../account/routes.ts";
import type { GpuLoad } from "../backend.ts";
import { bill } from "../billing/meters.ts";
import type { ClockSettings } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import type { Droplet } from "../objects.ts";
import type { RequestLog } from "../request-log.ts";
import { ApiError, type Call, notFound } from "../wire.ts";

/** An operation of the control API, under `/_windlass`: no token, and not a part of DigitalOcean. */
export interface ControlRoute {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  handle(call: Call): unknown;
}

/** What only the server itself can tell or do. */
export interface ServerHooks {
  version: string;
  requests: RequestLog;
  reset(): Promise<void>;
  /** Asks the API itself, so that the answer is what a client would see. */
  list(path: string, key: string): unknown[];
}

export function controlRoutes(cloud: CloudState, hooks: ServerHooks): ControlRoute[] {
  const { clock, faults, store, actions, backend } = cloud;
  return [
    {
      method: "GET",
      path: "/health",
      handle: () => ({
        status: "ok",
        backend: backend.kind,
        now: iso(clock.now()),
        pid: process.pid,
        version: hooks.version,
      }),
    },
    {
      method: "POST",
      path: "/reset",
      handle: async () => {
        await hooks.reset();
        return {};
      },
    },
    { method: "GET", path: "/clock", handle: () => clockView(cloud) },
    {
      method: "PUT",
      path: "/clock",
      handle: ({ body }) => {
        clock.set(clockSettings(cloud, body));
        actions.clockChanged();
        return clockView(cloud);
      },
    },
    {
      method: "POST",
      path: "/clock/advance",
      handle: async ({ body }) => {
        const seconds = Number(body["seconds"]);
        if (clock.mode !== "driven") throw new ApiError(409, "only a driven clock can be advanced");
        if (!(seconds >= 0)) throw new ApiError(422, "seconds: a number of at least 0 is needed");
        await actions.advance(seconds);
        return clockView(cloud);
      },
    },
    { method: "GET", path: "/faults", handle: () => faults.list() },
    { method: "POST", path: "/faults", handle: ({ body }) => addFault(cloud, body) },
    { method: "DELETE", path: "/faults", handle: () => removeFaults(cloud) },
    { method: "DELETE", path: "/faults/:id", handle: ({ params }) => removeFaults(cloud, params["id"]) },
    { method: "GET", path: "/gpu/:id", handle: (call) => ({ gpus: gpuLoad(cloud, gpuDroplet(cloud, call)) }) },
    {
      method: "PUT",
      path: "/gpu/:id",
      handle: (call) => setGpuLoad(cloud, gpuDroplet(cloud, call), call.body["gpus"]),
    },
    {
      method: "GET",
      path: "/bill",
      handle: ({ query }) => bill(cloud, query["at"] === undefined ? clock.now() : time(query["at"], "at")),
    },
    {
      method: "GET",
      path: "/objects",
      handle: () => ({
        droplets: [...hooks.list("/v2/droplets", "droplets"), ...hooks.list("/v2/droplets?type=gpus", "droplets")],
        volumes: hooks.list("/v2/volumes", "volumes"),
        vpcs: hooks.list("/v2/vpcs", "vpcs"),
        firewalls: hooks.list("/v2/firewalls", "firewalls"),
        reserved_ips: hooks.list("/v2/reserved_ips", "reserved_ips"),
        ssh_keys: hooks.list("/v2/account/keys", "ssh_keys"),
        snapshots: hooks.list("/v2/snapshots", "snapshots"),
        tags: hooks.list("/v2/tags", "tags"),
      }),
    },
    { method: "GET", path: "/requests", handle: ({ query }) => hooks.requests.after(Number(query["after"] ?? 0)) },
    { method: "GET", path: "/failures", handle: () => failures(cloud) },
    { method: "GET", path: "/limits", handle: () => limitsOf(cloud) },
    {
      method: "PUT",
      path: "/limits",
      handle: ({ body }) => {
        const limits: Limits = { ...DEFAULT_LIMITS, ...limitsOf(cloud), ...(body as Partial<Limits>) };
        store.setMeta("limits", limits);
        return limits;
      },
    },
  ];
}

/** What a GPU shows when nobody set anything: idle. Watts and degrees of an idle H100. */
const IDLE: GpuLoad = { utilization: 0, memoryUsedMiB: 0, temperatureC: 31, powerW: 71 };

function gpuDroplet({ store }: CloudState, { params }: Call): Droplet {
  const droplet = store.droplets.get(params["id"] as string);
  if (!droplet) throw notFound();
  if (droplet.gpu === 0) throw new ApiError(422, `droplet ${droplet.id} has no GPU`);
  return droplet;
}

function gpuLoad({ catalog }: CloudState, droplet: Droplet): GpuLoad[] {
  const count = catalog.sizes.get(droplet.size)?.gpu_info?.count ?? 0;
  return droplet.gpuLoad ?? Array.from({ length: count }, () => IDLE);
}

async function setGpuLoad(cloud: CloudState, droplet: Droplet, value: unknown): Promise<{ gpus: GpuLoad[] }> {
  const before = gpuLoad(cloud, droplet);
  const given = (Array.isArray(value) ? value : before.map(() => value)) as Partial<GpuLoad>[];
  if (given.length !== before.length || given.some((load) => typeof load !== "object" || load === null))
    throw new ApiError(
      422,
      `gpus: one object for each of the ${before.length} GPUs, or one for all of them, is needed`,
    );
  const gpus = before.map((load, n) => ({ ...load, ...given[n] }));
  cloud.store.droplets.patch(droplet.id, { gpuLoad: gpus });
  await cloud.backend.setGpu(droplet.id, gpus);
  return { gpus };
}

/** Why actions errored, the newest first: DigitalOcean does not say, but here it is the user's own machine that could not. */
function failures({ store }: CloudState) {
  return store.actions
    .list({ status: "errored" }, { limit: 100, offset: 0 }, true)
    .map(({ id, type, droplet, volume, startedAt, failure }) => ({
      id,
      type,
      droplet,
      volume,
      startedAt,
      reason: failure,
    }));
}

function addFault({ faults }: CloudState, body: Record<string, unknown>) {
  try {
    return faults.add(body);
  } catch (error) {
    throw new ApiError(422, (error as Error).message);
  }
}

/** Rules gone, what they held stuck goes on. */
function removeFaults({ faults, actions }: CloudState, id?: string): object {
  faults.remove(id);
  actions.releaseStuck();
  return {};
}

function clockView({ clock }: CloudState) {
  return { mode: clock.mode, now: iso(clock.now()), scale: clock.scale };
}

function clockSettings({ clock }: CloudState, body: Record<string, unknown>): ClockSettings {
  const mode = body["mode"] ?? clock.mode;
  if (mode !== "real" && mode !== "scaled" && mode !== "driven")
    throw new ApiError(422, "mode: one of real, scaled, driven");
  const scale = body["scale"] === undefined ? 1 : Number(body["scale"]);
  if (!(scale > 0)) throw new ApiError(422, "scale: a number above 0 is needed");
  return { mode, scale, ...(body["now"] !== undefined && { now: time(String(body["now"]), "now") }) };
}

function time(text: string, name: string): number {
  const value = Date.parse(text);
  if (Number.isNaN(value)) throw new ApiError(422, `${name}: a time in ISO 8601 is needed`);
  return value;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
