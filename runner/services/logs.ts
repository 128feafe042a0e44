import { containerLogs, type LogLine, projectContainers } from "../../clients/docker/containers.ts";
import { openEngine } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { type Addressed, addressed } from "./address.ts";
import { chosen } from "./chosen.ts";

export interface ServicesLogsOptions extends Addressed {
  /** @default all */
  services?: readonly string[];
  follow?: boolean;
  /** Last lines of each container. */
  tail?: number;
  /** ISO 8601, or a duration such as `10m` before now. */
  since?: string;
  signal?: AbortSignal;
}

export interface ServiceLine extends LogLine {
  service: string;
  container: string;
}

/** What the services of a project write: merged by time, or as it comes while it is followed. Throws `NotFound`, `UsageError`, `CommandFailed`. */
export async function* servicesLogs(options: ServicesLogsOptions): AsyncGenerator<ServiceLine> {
  const { follow = false, tail, signal } = options;
  const since = options.since === undefined ? undefined : sinceSeconds(options.since, Date.now());
  const { project, address } = addressed(options);
  const docker = openEngine(address);
  const containers = chosen(project, await projectContainers(docker, address, project), options.services);
  const read = {
    follow,
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
    ...(signal ? { signal } : {}),
  };
  const sources = containers.map(async function* ({ id, service, name }): AsyncGenerator<ServiceLine> {
    for await (const line of containerLogs(docker, address, id, read)) yield { ...line, service, container: name };
  });
  if (follow) return yield* asTheyCome(sources);
  const lines = (await Promise.all(sources.map(collected))).flat();
  yield* lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds since 1970 of `2026-01-02T03:04:05Z` or of `10m` before now. */
export function sinceSeconds(text: string, now: number): number {
  const [, amount, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const seconds =
    amount === undefined
      ? /^\d{4}-/.test(text)
        ? Date.parse(text) / 1000
        : Number.NaN
      : now / 1000 - Number(amount) * (UNITS[unit] ?? 1);
  if (Number.isFinite(seconds)) return seconds;
  throw new UserError(
    "UsageError",
    { reason: `--since: ${JSON.stringify(text)} is no time`, suggestion: "write 10m, 2h or 2026-01-02T03:04:05Z" },
    { exitCode: 2 },
  );
}

async function collected<T>(source: AsyncGenerator<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function* asTheyCome<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const next = (source: AsyncGenerator<T>) => source.next().then((result) => ({ source, result }));
  const waiting = new Map(sources.map((source) => [source, next(source)]));
  while (waiting.size > 0) {
    const { source, result } = await Promise.race(waiting.values());
    if (result.done) waiting.delete(source);
    else {
      waiting.set(source, next(source));
      yield result.value;
    }
  }
}
