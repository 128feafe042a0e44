import type { ImageBuildOptions } from "dockerode";
import type { Progress } from "../engine.ts";
import { asked, follow } from "../engine.ts";
import type { Work } from "../type.ts";
import type { Login } from "./auth.ts";
import type { Context } from "./context.ts";
import { traceLines } from "./trace.ts";

/** What is asked of `POST /build`. */
export interface BuildOptions {
  tags: string[];
  buildArgs?: Record<string, string>;
  labels?: Record<string, string>;
  target?: string;
  platform?: string;
  networkMode?: string;
  extraHosts?: string[];
  cacheFrom?: string[];
  noCache?: boolean;
  pullParent?: boolean;
  /** Of the classic builder: the images between the steps. @default removed when the build succeeds */
  keepSteps?: boolean;
  forceRemove?: boolean;
  memoryBytes?: number;
  shmBytes?: number;
  /** The first builder, for an engine whose BuildKit cannot do it. */
  classic?: boolean;
  /** For the images that it starts from; BuildKit asks for these over a session, which this plugin has none of. */
  logins?: Login[];
}

/** Lines of a failed build that go into the error. */
const TAIL = 20;

/**
 * Builds an image from a context that is sent as an archive: with BuildKit, or with the classic builder where that is asked for or is all
 * there is, and where a login is needed for the base image.
 * @returns its id
 * @throws EngineError with the build's last lines
 */
export async function buildImage(work: Work, context: Context, options: BuildOptions): Promise<string> {
  const { engine, call } = work;
  const doing = `build image "${options.tags[0]}"`;
  const classic = options.classic || (options.logins?.length ?? 0) > 0 || !(await hasBuildKit(work));
  const query = queryOf(context.dockerfile, options, classic);
  const registryconfig = Object.fromEntries((options.logins ?? []).map((login) => [login.serveraddress, login]));
  const request = { ...query, registryconfig, abortSignal: call.signal };
  const stream = await asked(engine, doing, () =>
    engine.docker.buildImage(context.archive(), request as ImageBuildOptions),
  );
  try {
    const events = await follow(engine, doing, stream, call.log);
    const id = idIn(events);
    if (id) return id;
    return (await asked(engine, doing, () => engine.docker.getImage(options.tags[0] as string).inspect())).Id;
  } catch (error) {
    const lines = linesOf((error as { events?: Progress[] }).events ?? []).slice(-TAIL);
    if (error instanceof Error && lines.length > 0) error.message += `\nits last lines:\n${lines.join("\n")}`;
    throw error;
  }
}

/** The engine says in the headers of a ping which builder is its own choice. */
async function hasBuildKit({ engine }: Work): Promise<boolean> {
  const version = await asked(engine, "ask for its version", () => engine.docker.version());
  const [major = 0, minor = 0] = version.ApiVersion.split(".").map(Number);
  return version.Os === "linux" && (major > 1 || minor >= 40);
}

/** The query of `POST /build`. */
export function queryOf(dockerfile: string, options: BuildOptions, classic: boolean): Record<string, unknown> {
  const query: Record<string, unknown> = {
    version: classic ? "1" : "2",
    dockerfile,
    t: options.tags,
    buildargs: options.buildArgs,
    labels: options.labels,
    target: options.target,
    platform: options.platform,
    networkmode: options.networkMode,
    extrahosts: options.extraHosts?.join(","),
    cachefrom: options.cacheFrom?.length ? options.cacheFrom : undefined,
    nocache: options.noCache,
    pull: options.pullParent,
    rm: classic ? !options.keepSteps : undefined,
    forcerm: options.forceRemove,
    memory: options.memoryBytes,
    shmsize: options.shmBytes,
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

/** Both builders tell the id, each in its own way. */
function idIn(events: readonly Progress[]): string | undefined {
  const told = events.flatMap(({ aux }) => (typeof aux === "object" && typeof aux.ID === "string" ? [aux.ID] : []));
  return told.at(-1);
}

function linesOf(events: readonly Progress[]): string[] {
  const text = events.flatMap((event) => {
    if (event.id === "moby.buildkit.trace" && typeof event.aux === "string") return traceLines(event.aux);
    return event.stream ? [event.stream] : [];
  });
  return text
    .join("")
    .split("\n")
    .filter((line) => line.trim() !== "");
}
