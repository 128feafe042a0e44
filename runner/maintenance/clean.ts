import type Docker from "dockerode";
import { asking, type EngineAddress } from "../../clients/docker/engine.ts";
import { hostCommand } from "../../clients/docker/host-command.ts";
import { UserError } from "../../domain/errors.ts";

/** What can be cleaned: all of it is built, downloaded or written again when it is needed. Volumes and containers are never touched. */
export type CleanKind = "logs" | "build-cache" | "dangling-images" | "unused-images";

/** Something that is cleaned away, or would be. */
export interface Cleaned {
  kind: CleanKind;
  name: string;
  bytes: number;
}

export interface CleanOptions {
  docker: Docker;
  address: EngineAddress;
  kinds: readonly CleanKind[];
  /** Of the stacks: only their logs are rotated. */
  containers: readonly { id: string; container: string }[];
  dryRun: boolean;
  /** Milliseconds since 1970. */
  now: number;
  /** Younger images and cache stay, in milliseconds. @default 7 days */
  minAgeMs?: number;
  /** Logs that are smaller stay. @default 100 MiB */
  logBytes?: number;
  /** Keeps a rotated log beside the new one, compressed, until the next rotation; a full disk has no place for it. @default true */
  keepLogs?: boolean;
}

const DAY_MS = 86_400_000;
const MIB = 1_048_576;

/** Longest wait for a log to be rotated, in milliseconds: gzip packs some 20 MiB a second. */
const ROTATE_MS = 600_000;

/**
 * Cleans up on one Docker engine and tells of each thing when it is gone; what is in use stays. Images that were built here and are in no registry
 * stay too, unless they have lost their name. Throws `CommandFailed` where the engine does not answer or a log cannot be rotated.
 */
export async function* clean(options: CleanOptions): AsyncGenerator<Cleaned> {
  for (const kind of options.kinds)
    if (kind === "logs") yield* rotateLogs(options);
    else if (kind === "build-cache") yield* pruneCache(options);
    else yield* removeImages(options, kind);
}

async function* removeImages(
  options: CleanOptions,
  kind: "dangling-images" | "unused-images",
): AsyncGenerator<Cleaned> {
  const { docker, address, dryRun, now, minAgeMs = 7 * DAY_MS } = options;
  const doing = "clean images up";
  const containers = await asking(address, doing, () => docker.listContainers({ all: true }));
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  const images = await asking(address, doing, () => docker.listImages());
  for (const { Id, RepoTags, RepoDigests, Created, Size } of images) {
    const tags = (RepoTags ?? []).filter((tag) => tag !== "<none>:<none>");
    const digests = (RepoDigests ?? []).filter((digest) => digest !== "<none>@<none>");
    const unnamed = tags.length === 0 && digests.length === 0;
    const wanted = kind === "dangling-images" ? unnamed : digests.length > 0;
    if (!wanted || used.has(Id) || now - Created * 1000 < minAgeMs) continue;
    const gone = dryRun || (await removed(options, [...tags, ...(tags.length > 0 ? [] : [digests[0] ?? Id])]));
    if (gone) yield { kind, name: tags[0] ?? digests[0] ?? Id.slice(7, 19), bytes: Size };
  }
}

/** Whether all names could be removed; an image that somebody has begun to use meanwhile, or that another is built on, stays. */
async function removed({ docker, address }: CleanOptions, names: readonly string[]): Promise<boolean> {
  for (const name of names)
    try {
      await asking(address, `remove image ${name}`, () => docker.getImage(name).remove());
    } catch (error) {
      const status = error instanceof UserError ? error.details.status : undefined;
      if (status === 404) continue;
      if (status === 409) return false;
      throw error;
    }
  return true;
}

interface CacheRecord {
  ID: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  CreatedAt: string;
  LastUsedAt: string | null;
}

async function* pruneCache(options: CleanOptions): AsyncGenerator<Cleaned> {
  const { docker, address, dryRun, now, minAgeMs = 7 * DAY_MS } = options;
  const doing = "clean the build cache up";
  if (dryRun) {
    const { BuildCache } = (await asking(address, doing, () => docker.df())) as { BuildCache: CacheRecord[] | null };
    for (const { ID, Size, InUse, Shared, LastUsedAt, CreatedAt } of BuildCache ?? [])
      if (!InUse && !Shared && now - Date.parse(LastUsedAt ?? CreatedAt) >= minAgeMs)
        yield { kind: "build-cache", name: ID, bytes: Size };
    return;
  }
  const filters = { until: [`${Math.round(minAgeMs / 1000)}s`] };
  const pruned = await asking(address, doing, () => prunedCache(docker, { all: true, filters }));
  const gone = pruned.CachesDeleted ?? [];
  if (gone.length > 0) yield { kind: "build-cache", name: `${gone.length} records`, bytes: pruned.SpaceReclaimed };
}

interface Pruned {
  CachesDeleted: string[] | null;
  SpaceReclaimed: number;
}

/** dockerode's own call takes no filter, and would take everything. */
function prunedCache(docker: Docker, options: object): Promise<Pruned> {
  const statusCodes = { 200: true, 400: "bad request", 500: "server error" };
  const request = { path: "/build/prune?", method: "POST", options, statusCodes };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request as never, (error, answer) => (error ? reject(error) : resolve(answer as Pruned)));
  });
}

/** $1 is the log. Docker writes on at its beginning, as after logrotate's copytruncate; lines of the moment between may be lost. */
const KEEP_AND_EMPTY = 'gzip -c -- "$1" > "$1.before.gz.part" && mv -- "$1.before.gz.part" "$1.before.gz" && : > "$1"';

async function* rotateLogs(options: CleanOptions): AsyncGenerator<Cleaned> {
  const { docker, address, dryRun, containers, logBytes = 100 * MIB, keepLogs = true } = options;
  for (const { id, container } of containers) {
    const { LogPath, HostConfig } = await asking(address, `look at ${container}`, () =>
      docker.getContainer(id).inspect(),
    );
    if (HostConfig.LogConfig?.Type !== "json-file" || !LogPath) continue;
    const bytes = Number((await hostCommand(address, ["stat", "-c", "%s", LogPath], 15_000)).stdout);
    if (!(bytes >= logBytes) || bytes === 0) continue;
    if (!dryRun) {
      const script = keepLogs ? KEEP_AND_EMPTY : ': > "$1"';
      const { code, stderr } = await hostCommand(address, ["sh", "-c", script, "sh", LogPath], ROTATE_MS);
      if (code !== 0)
        throw new UserError("CommandFailed", {
          reason: `${container}: its log could not be rotated: ${stderr.trim()}`,
        });
    }
    yield { kind: "logs", name: container, bytes };
  }
}
