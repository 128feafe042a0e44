import type { Login } from "./auth.ts";
import { imageName } from "./names.ts";

interface Options {
  login?: Login;
  /** Plain HTTP too. */
  insecure: boolean;
  signal: AbortSignal;
}

/**
 * Deletes an image from its registry, by the registry's own API (distribution-spec): no engine does that. Gone already is success.
 * @param digest of its manifest
 * @throws Error with what the registry says; many allow no deletes
 */
export async function deleteManifest(name: string, digest: string, options: Options): Promise<void> {
  const { registry, path } = imageName(name);
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const url = `${options.insecure || isLocal(host) ? "http" : "https"}://${host}/v2/${path}/manifests/${digest}`;
  const first = await request(url, basic(options.login), options.signal);
  const challenge = first.headers.get("www-authenticate");
  const answer =
    first.status === 401 && challenge?.startsWith("Bearer")
      ? await request(url, await bearer(challenge, path, options), options.signal)
      : first;
  if (answer.ok || answer.status === 404) return;
  const said = (await answer.text()).trim().slice(0, 300);
  const hint = answer.status === 405 ? " (the registry allows no deletes: keepRemotely leaves the image there)" : "";
  throw new Error(`delete image "${name}" from its registry: ${answer.status} ${said}${hint}`);
}

/** The engine, too, speaks plain HTTP to registries of this machine. */
function isLocal(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

function basic(login: Login | undefined): string | undefined {
  return login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
}

function request(url: string, authorization: string | undefined, signal: AbortSignal): Promise<Response> {
  return fetch(url, { method: "DELETE", signal, headers: authorization ? { authorization } : {} });
}

/** Asks the server that the registry names for a token. */
async function bearer(challenge: string, path: string, { login, signal }: Options): Promise<string> {
  const told = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  const url = new URL(told.realm ?? "");
  if (told.service) url.searchParams.set("service", told.service);
  url.searchParams.set("scope", `repository:${path}:delete`);
  const authorization = basic(login);
  const answer = await fetch(url, { signal, headers: authorization ? { authorization } : {} });
  if (!answer.ok) throw new Error(`log in at ${url.host}: ${answer.status}`);
  const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string };
  return `Bearer ${token ?? access_token}`;
}
