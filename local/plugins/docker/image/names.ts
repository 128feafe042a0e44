/** The parts of an image's name. */
export interface ImageName {
  /** As in `docker.io`, `ghcr.io` or `localhost:5000`. */
  registry: string;
  /** Without the registry, as in `library/redis`. */
  path: string;
  /** What the engine calls it, without tag and digest. */
  repository: string;
  tag: string;
  digest?: string;
}

const HUB = "docker.io";

/** Reads `redis`, `redis:7`, `ghcr.io/a/b@sha256:...`, as the engine does. */
export function imageName(name: string): ImageName {
  const [named = "", digest] = name.split("@", 2);
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const repository = tagged ? named.slice(0, colon) : named;
  const tag = tagged ? named.slice(colon + 1) : "latest";
  const [first = "", ...others] = repository.split("/");
  const isRegistry = others.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = isRegistry ? first.replace(/^index\.docker\.io$/, HUB) : HUB;
  const rest = isRegistry ? others.join("/") : repository;
  const path = registry === HUB && !rest.includes("/") ? `library/${rest}` : rest;
  return { registry, path, repository, tag, ...(digest ? { digest } : {}) };
}

/** One form for the many ways to write a registry's address: `https://index.docker.io/v1/` is `docker.io`. */
export function registryOf(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", ""].includes(host) ? HUB : host;
}
