import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../domain/errors.ts";

/** What the engine gives to a registry. */
export interface RegistryLogin {
  username: string;
  password: string;
  serveraddress: string;
}

/** The registry of an image, as in `docker.io`, `ghcr.io` or `localhost:5000`, by the rule of Docker's own names. */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return isRegistry ? first.replace(/^index\.docker\.io$/, "docker.io") : "docker.io";
}

interface DockerConfig {
  auths?: Record<string, { auth?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/**
 * The login for an image's registry that `docker login` (or a tool such as `doctl registry login`) has left: in `config.json` of DOCKER_CONFIG
 * or ~/.docker, or with the credential helper that stands there. Undefined for none. Throws `ConfigInvalid` for a file that cannot be read.
 */
export async function registryLogin(
  image: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<RegistryLogin | undefined> {
  const registry = registryOf(image);
  const file = join(environment.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
  const { auths = {}, credsStore, credHelpers = {} } = readConfig(file);
  // Docker Hub is logged in to under its old address.
  const addresses = registry === "docker.io" ? ["https://index.docker.io/v1/", "docker.io"] : [registry];
  for (const address of addresses) {
    const helper = credHelpers[address] ?? credsStore;
    const told = helper && (await askHelper(helper, address, environment));
    if (told) return { ...told, serveraddress: address };
  }
  const entry = Object.entries(auths).find(([address]) => addresses.includes(address) || hostOf(address) === registry);
  if (!entry?.[1].auth) return undefined;
  const text = Buffer.from(entry[1].auth, "base64").toString();
  const colon = text.indexOf(":");
  return { username: text.slice(0, colon), password: text.slice(colon + 1), serveraddress: entry[0] };
}

function readConfig(file: string): DockerConfig {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as DockerConfig;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new UserError("ConfigInvalid", { reason: `${file}: ${(cause as Error).message}`, file }, { cause });
  }
}

function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

/** By docker-credential-helpers' protocol: the address on stdin, JSON on stdout; a helper that knows none ends with an error. */
function askHelper(
  helper: string,
  address: string,
  env: NodeJS.ProcessEnv,
): Promise<{ username: string; password: string } | undefined> {
  return new Promise((done) => {
    const child = execFile(`docker-credential-${helper}`, ["get"], { env, timeout: 30_000 }, (error, stdout) => {
      if (error) return done(undefined);
      const { Username: username = "", Secret: password = "" } = JSON.parse(stdout) as Record<string, string>;
      done(username ? { username, password } : undefined);
    });
    child.stdin?.on("error", () => {}).end(address);
  });
}
