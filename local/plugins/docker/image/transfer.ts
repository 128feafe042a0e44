import type { ImageInspectInfo } from "dockerode";
import { asked, askedFor, follow } from "../engine.ts";
import type { Work } from "../type.ts";
import type { Login } from "./auth.ts";
import { imageName } from "./names.ts";

/** The image on the engine, or undefined. */
export function inspectImage({ engine }: Work, name: string): Promise<ImageInspectInfo | undefined> {
  return askedFor(engine, `look at image "${name}"`, () => engine.docker.getImage(name).inspect());
}

/** Brings an image to the engine from its registry. @throws EngineError */
export async function pull(work: Work, name: string, login?: Login, platform?: string): Promise<void> {
  const { engine, call } = work;
  const doing = `pull image "${name}"`;
  const { repository, tag, digest } = imageName(name);
  const exact = digest ? `${repository}@${digest}` : `${repository}:${tag}`;
  const options = { abortSignal: call.signal, authconfig: login, ...(platform ? { platform } : {}) };
  const stream = await asked(engine, doing, () => engine.docker.pull(exact, options));
  await follow(engine, doing, stream, call.log);
}

/**
 * Sends an image from the engine to its registry.
 * @returns the digest of its manifest, as in `sha256:...`
 * @throws EngineError
 */
export async function push(work: Work, name: string, login?: Login): Promise<string> {
  const { engine, call } = work;
  const doing = `push image "${name}"`;
  const { repository, tag } = imageName(name);
  // A registry without a login is told an empty one: the engine wants the header.
  const options = { tag, abortSignal: call.signal, authconfig: (login ?? {}) as Login };
  const stream = await asked(engine, doing, () => engine.docker.getImage(repository).push(options));
  const events = await follow(engine, doing, stream, call.log);
  const told = events.map(({ aux }) => (typeof aux === "object" ? aux.Digest : undefined)).filter(Boolean);
  const digest = told.at(-1);
  if (typeof digest !== "string") throw new Error(`${doing}: the engine did not tell the digest`);
  return digest;
}

/** `repository@sha256:...` of an image that a registry has; the id of one that none has. */
export function repoDigest(name: string, found: ImageInspectInfo): string {
  const { repository } = imageName(name);
  const digests = found.RepoDigests ?? [];
  return digests.find((one) => one.startsWith(`${repository}@`)) ?? digests[0] ?? "";
}
