import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import { containerLogs, type LogOptions, projectContainers } from "../../clients/docker/containers.ts";
import type { EngineAddress } from "../../clients/docker/engine.ts";
import { onStarts } from "../../clients/docker/starts.ts";
import type { ServiceLine } from "./logs.ts";

/** Milliseconds that lines are held back, so that those of several containers come in the order of their times. */
const ORDER_MS = 100;

/** Milliseconds between looks whether anything still runs, once nothing writes any more. */
const LOOK_MS = 500;

/** A container whose output is read. */
interface Source {
  id: string;
  name: string;
  service: string;
}

export interface FollowOptions {
  docker: Docker;
  address: EngineAddress;
  project: string;
  containers: readonly Source[];
  /** Which services; all where it is empty. */
  services: readonly string[];
  read: Pick<LogOptions, "tail" | "since" | "until">;
  signal?: AbortSignal;
}

/**
 * What containers write from now on, in the order of time: through restarts, and with containers that are made meanwhile. It ends when
 * nothing of the project runs or is about to, or at the signal. Throws `CommandFailed` where the engine goes away.
 */
export async function* followedLogs(options: FollowOptions): AsyncGenerator<ServiceLine> {
  const { docker, address, project, services, read } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const lines: ServiceLine[] = [];
  /** By id: the time of the last line. */
  const seen = new Map<string, string>();
  const reading = new Set<string>();
  /** Started again before the end of what they wrote until then was heard. */
  const startedAgain = new Set<string>();
  let failure: unknown;
  let wake = () => {};
  const woken = () => new Promise<void>((done) => (wake = done));

  async function follow(source: Source, from: FollowOptions["read"]): Promise<void> {
    const { id, service, name } = source;
    reading.add(id);
    try {
      const before = seen.get(id) ?? "";
      for await (const line of containerLogs(docker, address, id, { ...from, follow: true, signal })) {
        if (line.time <= before) continue;
        seen.set(id, line.time);
        lines.push({ ...line, service, container: name });
        wake();
      }
    } finally {
      reading.delete(id);
      if (startedAgain.delete(id) && !signal.aborted) goOn(source);
      wake();
    }
  }

  const goOn = (source: Source) => {
    const last = seen.get(source.id);
    start(source, last === undefined ? {} : { since: Date.parse(last) / 1000 });
  };
  const start = (source: Source, from: FollowOptions["read"]) => {
    follow(source, from).catch((error) => {
      // A container that was removed meanwhile has nothing more to say.
      if ((error as { details?: { status?: number } }).details?.status !== 404) failure ??= error;
      wake();
    });
  };

  try {
    await onStarts(docker, address, project, {
      signal,
      started(source) {
        if (services.length > 0 && !services.includes(source.service)) return;
        if (reading.has(source.id)) startedAgain.add(source.id);
        else goOn(source);
      },
      ended: () => wake(),
    });
    for (const source of options.containers) if (!reading.has(source.id)) start(source, read);
    while (!signal.aborted) {
      if (lines.length > 0) {
        if (reading.size > 1) await delay(ORDER_MS);
        yield* lines.splice(0).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
      } else if (failure) throw failure;
      else if (reading.size > 0) await woken();
      else if (await isOver(options)) return;
      else await Promise.race([woken(), delay(LOOK_MS)]);
    }
  } finally {
    stop.abort();
  }
}

/** Whether none of the containers runs, or is started again by its policy. */
async function isOver({ docker, address, project, services }: FollowOptions): Promise<boolean> {
  // A restart asked for by hand is an exited container for a moment.
  await delay(LOOK_MS);
  const containers = await projectContainers(docker, address, project);
  const ours = containers.filter(({ service }) => services.length === 0 || services.includes(service));
  return !ours.some(({ state }) => state === "running" || state === "restarting");
}
