import { createRequire } from "node:module";
import type Docker from "dockerode";
import type { Log } from "../engine/log.ts";
import type { Call } from "../engine/provider.ts";
import { adviceFor, EngineError, engineError, isStatus } from "./errors.ts";
import { ContainerEvents } from "./events.ts";
import type { Settings } from "./settings.ts";
import { sshAgent } from "./ssh-agent.ts";

/** One Docker engine, for one provider instance. */
export interface Engine {
  readonly docker: Docker;
  readonly settings: Settings;
  readonly events: ContainerEvents;
}

/** An event of a pull, push or build. */
export interface Progress {
  id?: string;
  status?: string;
  stream?: string;
  progress?: string;
  error?: string;
  errorDetail?: { message?: string };
  aux?: Record<string, unknown> | string;
}

/**
 * Prepares the way to an engine; nothing is dialled before the first request. dockerode is loaded here, for a plugin that only checks
 * inputs needs none.
 * @throws Error when the host's address is not understood, or an ssh host's key is not known
 */
export function connectEngine(settings: Settings, call: Call): Engine {
  const Constructor = createRequire(import.meta.url)("dockerode") as new (options: object) => Docker;
  const docker = new Constructor(connectionOptions(settings, call));
  return { docker, settings, events: new ContainerEvents(docker) };
}

/** dockerode fills what is left out from DOCKER_HOST, so everything is named. */
function connectionOptions({ host, tls, sshOpts }: Settings, call: Call): object {
  const nothing = {
    host: undefined,
    socketPath: undefined,
    port: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  const [scheme = "", rest = ""] = host.split("://", 2);
  if (scheme === "unix" || scheme === "npipe") return { ...nothing, protocol: "http", socketPath: rest };
  if (scheme === "ssh") {
    return { ...nothing, protocol: "http", host: "engine", port: 80, agent: sshAgent(host, sshOpts, call) };
  }
  if (scheme === "tcp" || scheme === "http" || scheme === "https") {
    const { hostname, port } = new URL(host.replace(/^tcp:/, "http:"));
    const secure = tls !== undefined || scheme === "https";
    const name = hostname.replace(/^\[(.*)\]$/, "$1");
    return {
      ...nothing,
      ...tls,
      protocol: secure ? "https" : "http",
      host: name,
      port: Number(port) || (secure ? 2376 : 2375),
    };
  }
  throw new Error(`host "${host}" of the docker provider: expected unix://PATH, tcp://HOST:PORT or ssh://USER@HOST`);
}

/**
 * One request, with errors in plain words.
 * @param doing as in `create container "web"`
 */
export async function asked<T>(engine: Engine, doing: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw engineError(error, doing, engine.settings.host);
  }
}

/** `asked`, with undefined for what is not there. */
export async function askedFor<T>(engine: Engine, doing: string, request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await asked(engine, doing, request);
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Follows a pull, push or build to its end; what it says is shown while it runs. @throws EngineError with what the engine ends it with */
export async function follow(
  engine: Engine,
  doing: string,
  stream: NodeJS.ReadableStream,
  log: Log,
): Promise<Progress[]> {
  const events = await new Promise<Progress[]>((resolve, reject) => {
    const finished = (error: Error | null, all: Progress[]) => (error ? reject(error) : resolve(all ?? []));
    engine.docker.modem.followProgress(stream, finished, (event: Progress) => {
      const line = [event.id?.startsWith("moby.") ? "" : event.id, event.status ?? event.stream, event.progress]
        .filter(Boolean)
        .join(" ")
        .trim();
      if (line) log.status(line);
    });
  }).catch((error: unknown) => {
    throw engineError(error, doing, engine.settings.host);
  });
  const failed = events.find((event) => event.error ?? event.errorDetail?.message);
  if (!failed) return events;
  const reason = failed.errorDetail?.message ?? failed.error ?? "";
  throw Object.assign(new EngineError(`${doing}: ${reason}${adviceFor(reason)}`, { status: 500 }), { events });
}
