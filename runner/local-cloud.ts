/** The single bridge to `local/`: its process, its control interface, its plugins. Nothing else of the runner knows that folder. */
import { join, resolve } from "node:path";
import { UserError } from "../domain/errors.ts";
import type { Provider } from "../local/plugins/engine/provider.ts";
import type { PluginName } from "../local/plugins/versions.ts";
import { type LocalBackend, type LocalCloudOptions, reachable, startLocalCloud } from "./local-process.ts";
import { pulumiHome } from "./target.ts";

export { type LocalCloudOptions, type StartOptions, startLocalCloud, stopLocalCloud } from "./local-process.ts";

export interface LocalCloudStatus {
  running: boolean;
  url?: string;
  pid?: number;
  backend?: LocalBackend;
  /** The cloud's own time, ISO 8601. */
  now?: string;
  objects?: Record<string, number>;
}

/** Whether it runs, where, and how many objects it holds. */
export async function localCloudStatus(options: LocalCloudOptions): Promise<LocalCloudStatus> {
  const address = await reachable(options.home);
  if (!address) return { running: false };
  const [health, objects] = await Promise.all([
    control<{ now: string }>(options, "GET", "health"),
    control<Record<string, unknown[]>>(options, "GET", "objects"),
  ]);
  const counts = Object.entries(objects).map(([kind, list]) => [kind, list.length]);
  return {
    running: true,
    url: address.url,
    pid: address.pid,
    backend: address.backend,
    now: health.now,
    objects: Object.fromEntries(counts) as Record<string, number>,
  };
}

/** Removes everything the local cloud holds, containers and volumes too. The stacks' state is not touched. */
export async function resetLocalCloud(options: LocalCloudOptions): Promise<void> {
  await control(options, "POST", "reset");
}

/**
 * One call of the control interface: `faults`, `gpu/ID`, `clock`, `clock/advance`, `bill`, `objects`, `requests`.
 * Throws `LocalCloudFailed` when the cloud does not run or refuses.
 */
export async function control<T = unknown>(
  options: LocalCloudOptions,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const address = await reachable(options.home);
  if (!address) {
    throw new UserError("LocalCloudFailed", {
      reason: "the local cloud is not running",
      suggestion: "run: windlass local start",
    });
  }
  const response = await fetch(`${address.url}/_windlass/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new UserError("LocalCloudFailed", {
      reason: `the local cloud answered ${response.status}: ${text.slice(0, 300)}`,
    });
  }
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** A local cloud that is gone but for what it has in the Docker engine. */
export interface AbandonedCloud {
  /** Where its data lay. */
  folder: string;
  containers: string[];
  networks: string[];
  /** Docker volumes: the disks of droplets and the block volumes. */
  volumes: string[];
  /** Droplet snapshots. */
  images: string[];
}

export interface PruneOptions extends Pick<LocalCloudOptions, "onEvent" | "signal"> {
  /** Only clouds whose data lay in one of these. @default all whose folder is gone */
  folders?: string[];
  /** Asked before anything is removed; false leaves everything. @default removes without asking */
  confirm?: (clouds: AbandonedCloud[]) => Promise<boolean>;
}

/**
 * Removes from the Docker engine what local clouds left whose data folder is gone: nothing can start or reset them, and their machines, disks
 * and ranges stay taken. Answers with what was removed.
 */
export async function pruneLocalClouds(options: PruneOptions = {}): Promise<AbandonedCloud[]> {
  const { abandonedClouds, removeCloudAt } = await import("../local/cloud/backends/docker/clouds.ts");
  const { default: Docker } = await import("dockerode");
  const docker = new Docker();
  const found = await abandonedClouds(docker).catch((cause: Error) => {
    const reason = `the Docker engine does not answer: ${cause.message}`;
    const suggestion = "start it, or name another one in DOCKER_HOST";
    throw new UserError("LocalCloudFailed", { reason, suggestion }, { cause });
  });
  const wanted = options.folders?.map((folder) => resolve(folder));
  const clouds = found.map(({ id: _, ...cloud }) => cloud).filter(({ folder }) => wanted?.includes(folder) ?? true);
  if (clouds.length === 0 || (options.confirm && !(await options.confirm(clouds)))) return [];
  for (const { folder } of clouds) {
    options.signal?.throwIfAborted();
    options.onEvent?.({ kind: "phase", text: `removing what the local cloud of ${folder} left` });
    await removeCloudAt(docker, folder);
  }
  return clouds;
}

/** Builds the images that droplets start from, where they are missing (about a minute); answers with their names in the Docker engine. */
export async function buildDropletImages(options: LocalCloudOptions): Promise<string[]> {
  const { DropletImages, variants } = await import("../local/cloud/backends/docker/image.ts");
  const { default: Docker } = await import("dockerode");
  const images = new DropletImages(new Docker(), join(options.home, "cloud"));
  try {
    await images.ensure((text) => options.onEvent?.({ kind: "line", resource: "image", text }));
  } catch (cause) {
    const reason = `the droplet image could not be built: ${(cause as Error).message}`;
    throw new UserError("LocalCloudFailed", { reason, suggestion: "windlass doctor says what is missing" }, { cause });
  }
  return variants.map((variant) => images.name(variant));
}

/** Puts the bundled plugins where the engine of the local way looks for them; quick when they are there. */
export async function installBundledPlugins(home: string): Promise<void> {
  const { installPlugins } = await import("../local/plugins/install.ts");
  installPlugins(pulumiHome(home, "local"), process.execPath);
}

/** A bundled plugin that is served in this process, for engines that attach to it: no other process is started. */
export interface ServedPlugin {
  /** What the engine needs in its environment to find it. */
  environment: Record<string, string>;
  close(): void;
}

export async function serveDockerPlugin(): Promise<ServedPlugin> {
  const { dockerPlugin } = await import("../local/plugins/docker/provider.ts");
  return served("docker", dockerPlugin);
}

/** @param api where Cloudflare's API is and who asks */
export async function serveCloudflarePlugin(api: { endpoint: string; token: string }): Promise<ServedPlugin> {
  const { cloudflarePlugin } = await import("../local/plugins/cloudflare/provider.ts");
  return served("cloudflare", (version) => cloudflarePlugin(version, api));
}

async function served(name: PluginName, make: (version: string) => Provider): Promise<ServedPlugin> {
  const [{ servePlugin }, { sdkVersion }] = await Promise.all([
    import("../local/plugins/engine/server.ts"),
    import("../local/plugins/versions.ts"),
  ]);
  const { port, close } = await servePlugin(make(sdkVersion(name)));
  return { environment: { PULUMI_DEBUG_PROVIDERS: `${name}:${port}` }, close };
}

/** Cloudflare's API of the local cloud, which is started when it does not run. */
export async function localCloudflare(options: LocalCloudOptions): Promise<{ endpoint: string; token: string }> {
  const { url, token } = await startLocalCloud(options);
  return { endpoint: `${url}/client/v4`, token };
}

/** Adds a domain to the account of the local Cloudflare. Throws `LocalCloudFailed` with what it says. */
export async function addLocalZone(options: LocalCloudOptions, name: string): Promise<{ id: string; name: string }> {
  const { endpoint, token } = await localCloudflare(options);
  const response = await fetch(`${endpoint}/zones`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const body = (await response.json()) as { result: { id: string; name: string }; errors: { message: string }[] };
  if (!response.ok) throw new UserError("LocalCloudFailed", { reason: body.errors[0]?.message ?? "no zone was made" });
  return { id: body.result.id, name: body.result.name };
}

/**
 * SHA-256 over the files that a build of this folder is sent, and the Dockerfile: equal digests build equal images. Throws `Error` for a folder
 * or a Dockerfile that is not there.
 */
export { contextDigest } from "../local/plugins/docker/image/context.ts";
