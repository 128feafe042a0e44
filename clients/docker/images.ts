import type Docker from "dockerode";
import { UserError } from "../../domain/errors.ts";
import { formatBytes } from "../../domain/units.ts";
import { asking, type EngineAddress } from "./engine.ts";
import { registryLogin, registryOf } from "./registry-auth.ts";

/** An image that an engine has. */
export interface EngineImage {
  /** `sha256:...` */
  id: string;
  /** When the engine got it under a name last; undefined where it does not know. */
  taggedAt?: Date;
}

/** The image of that name, or undefined. */
export async function findImage(
  docker: Docker,
  address: EngineAddress,
  name: string,
): Promise<EngineImage | undefined> {
  return asking(address, `look at image ${name}`, async () => {
    try {
      const found = (await docker.getImage(name).inspect()) as { Id: string; Metadata?: { LastTagTime?: string } };
      const { Id, Metadata } = found;
      const tagged = Metadata?.LastTagTime;
      return { id: Id, ...(tagged && !tagged.startsWith("0001") ? { taggedAt: new Date(tagged) } : {}) };
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return undefined;
      throw error;
    }
  });
}

export interface PullOptions {
  /** As in `linux/arm64`. */
  platform?: string;
  environment?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** How far it is: `3 of 7 layers, 12.4 MiB of 80.1 MiB`. */
  onProgress?: (text: string) => void;
}

/**
 * Brings an image to the engine from its registry, with the login that docker keeps for it. Throws `UserError` `CommandFailed` that says whether
 * the image is not there, the registry cannot be reached or refuses, or the engine's disk is full; `Cancelled` at the signal.
 */
export async function pullImage(
  docker: Docker,
  address: EngineAddress,
  name: string,
  { platform, environment, signal, onProgress }: PullOptions = {},
): Promise<void> {
  const authconfig = await registryLogin(name, environment);
  try {
    const request = docker.pull(withTag(name), {
      ...(authconfig ? { authconfig } : {}),
      ...(platform ? { platform } : {}),
      ...(signal ? { abortSignal: signal } : {}),
    });
    const stream = await request.catch((error) => {
      if (error.statusCode !== undefined || signal?.aborted) throw error;
      return asking(address, `pull ${name}`, () => Promise.reject(error));
    });
    await follow(docker, stream, onProgress ?? (() => {}));
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw signal?.aborted
      ? new UserError("Cancelled", { reason: `the pull of ${name} was stopped` }, { cause })
      : pullError(name, address, cause as Error);
  }
}

/** Without a tag the engine would bring every tag there is. */
function withTag(name: string): string {
  return /@|:[^/]*$/.test(name) ? name : `${name}:latest`;
}

/** A line of the engine's answer. */
interface PullEvent {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
}

function follow(docker: Docker, stream: NodeJS.ReadableStream, tell: (text: string) => void): Promise<void> {
  const layers = pullLayers();
  return new Promise((done, fail) => {
    let refused: string | undefined;
    docker.modem.followProgress(
      stream,
      (error) => {
        if (error || refused) fail(error ?? new Error(refused));
        else done();
      },
      (event: PullEvent) => {
        refused ??= event.errorDetail?.message ?? event.error;
        const text = layers(event);
        if (text) tell(text);
      },
    );
  });
}

/** Adds up the engine's events of a pull: answers with how far it is, once something is known. */
export function pullLayers(): (event: PullEvent) => string {
  const layers = new Map<string, { done: boolean; current: number; total: number }>();
  return ({ id, status = "", progressDetail }) => {
    // The first event tells the tag as the id.
    if (id && !status.startsWith("Pulling from")) {
      const layer = layers.get(id) ?? { done: false, current: 0, total: 0 };
      layers.set(id, layer);
      if (status === "Downloading") {
        layer.current = progressDetail?.current ?? layer.current;
        layer.total = progressDetail?.total ?? layer.total;
      }
      if (status === "Download complete" || status === "Pull complete") layer.current = layer.total;
      layer.done ||= status === "Pull complete" || status === "Already exists";
    }
    const all = [...layers.values()];
    if (all.length === 0) return "";
    const sum = (of: "current" | "total") => all.reduce((total, layer) => total + layer[of], 0);
    const bytes = sum("total") > 0 ? `, ${formatBytes(sum("current"))} of ${formatBytes(sum("total"))}` : "";
    return `${all.filter(({ done }) => done).length} of ${all.length} layers${bytes}`;
  };
}

/** Refusals that people meet, each with what to do; the first that fits. */
const REFUSALS: readonly [
  RegExp,
  (image: string, registry: string, host: string) => { reason: string; suggestion: string },
][] = [
  [
    /no space left on device|disk quota exceeded/i,
    (image, _registry, host) => ({
      reason: `the disk of the Docker engine at ${host} is full: ${image} does not fit`,
      suggestion: "docker system df shows what holds it, docker image prune --all frees images that nothing uses",
    }),
  ],
  [
    /toomanyrequests|too many requests|rate limit/i,
    (image, registry) => ({
      reason: `${registry} refuses more pulls for now: ${image}`,
      suggestion: `wait, or log in, which allows more: docker login ${registry}`,
    }),
  ],
  [
    /unauthorized|authentication required|no basic auth|access forbidden|requested access to the resource is denied|\bdenied\b/i,
    (image, registry) => ({
      reason: `${registry} does not give ${image} out: there is no such image, or it asks for a login`,
      suggestion: `check the name; if it is private: docker login ${registry}`,
    }),
  ],
  [
    /no matching manifest|does not match the specified platform|image operating system/i,
    (image) => ({
      reason: `${image} is not there for this engine's kind of machine`,
      suggestion: "take another tag, or name a platform that the image has",
    }),
  ],
  [
    /manifest unknown|not found|no such image|repository .*does not exist|name unknown|invalid reference/i,
    (image, registry) => ({
      reason: `${registry} has no image ${image}`,
      suggestion: "check its name and tag, and that it was pushed",
    }),
  ],
  [
    /connection refused|no such host|i\/o timeout|deadline exceeded|Client\.Timeout|network is unreachable|no route to host|TLS|x509|HTTP response to HTTPS|server misbehaving|\bEOF\b|connection reset|service unavailable|bad gateway/i,
    (image, registry, host) => ({
      reason: `the registry ${registry} cannot be reached from the Docker engine at ${host}: ${image}`,
      suggestion: "check the registry's address, and that machine's network and proxy",
    }),
  ],
];

function pullError(
  image: string,
  { host }: EngineAddress,
  cause: Error & { statusCode?: number; reason?: string },
): UserError {
  const said = (cause.message ?? "").replace(/^\(HTTP code \d+\) [\w ]+ - /, "").trim();
  const registry = registryOf(image);
  const known = REFUSALS.find(([pattern]) => pattern.test(said))?.[1](image, registry, host);
  const { reason, suggestion } = known ?? {
    reason: `${image} cannot be pulled`,
    suggestion: "mend what the engine says, then run it again",
  };
  return new UserError(
    "CommandFailed",
    { reason: `${reason} (${said})`, suggestion, image, registry, host },
    { cause },
  );
}
