import { containerLogs, type LogLine, projectContainers } from "../../clients/docker/containers.ts";
import { openEngine } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { type Addressed, addressed } from "./address.ts";
import { chosen } from "./chosen.ts";
import { followedLogs } from "./followed-logs.ts";

export interface ServicesLogsOptions extends Addressed {
  /** @default all */
  services?: readonly string[];
  follow?: boolean;
  /** Last lines of each container. */
  tail?: number;
  /** ISO 8601, or a duration such as `10m` before now. */
  since?: string;
  /** The same; only older lines. */
  until?: string;
  signal?: AbortSignal;
}

export interface ServiceLine extends LogLine {
  service: string;
  container: string;
}

/** What the services of a project write: merged by time, or as it comes while it is followed. Throws `NotFound`, `UsageError`, `CommandFailed`. */
export async function* servicesLogs(options: ServicesLogsOptions): AsyncGenerator<ServiceLine> {
  const { follow = false, tail, services = [], signal } = options;
  if (follow && options.until !== undefined)
    throw new UserError(
      "UsageError",
      { reason: "--follow goes on with what comes, --until ends before now", suggestion: "leave one of them out" },
      { exitCode: 2 },
    );
  const now = Date.now();
  const read = {
    ...(tail === undefined ? {} : { tail }),
    ...(options.since === undefined ? {} : { since: pointInTime("--since", options.since, now) }),
    ...(options.until === undefined ? {} : { until: pointInTime("--until", options.until, now) }),
  };
  const { project, address } = await addressed(options);
  const docker = openEngine(address);
  const containers = chosen(project, await projectContainers(docker, address, project), services);
  if (follow) {
    const followed = { docker, address, project, containers, services, read, ...(signal ? { signal } : {}) };
    return yield* followedLogs(followed);
  }
  const written = await Promise.all(
    containers.map(async ({ id, service, name }) => {
      const lines: ServiceLine[] = [];
      for await (const line of containerLogs(docker, address, id, read))
        lines.push({ ...line, service, container: name });
      return lines;
    }),
  );
  yield* written.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds since 1970 of `2026-01-02T03:04:05Z` or of `10m` before now. @param flag that says it, for the error */
export function pointInTime(flag: string, text: string, now: number): number {
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
    { reason: `${flag}: ${JSON.stringify(text)} is no time`, suggestion: "write 10m, 2h or 2026-01-02T03:04:05Z" },
    { exitCode: 2 },
  );
}
