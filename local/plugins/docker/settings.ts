import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Properties, Value } from "../engine/values.ts";

/** What a program tells the provider, ready to use. */
export interface Settings {
  /** As in `unix:///var/run/docker.sock`, `tcp://nas:2376` or `ssh://root@nas`. */
  host: string;
  /** Options of `ssh`, one word each, as in `-o`, `StrictHostKeyChecking=yes`. */
  sshOpts: string[];
  /** Present when the engine is asked over TLS; the certificate and key only where it wants the client's. */
  tls?: { ca?: string; cert?: string; key?: string };
  registryAuth: RegistryAuth[];
}

/** How to log in to one registry. */
export interface RegistryAuth {
  address: string;
  username?: string;
  password?: string;
  configFile?: string;
  configFileContent?: string;
  authDisabled?: boolean;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";

/**
 * Reads the provider's settings; what is left out comes from DOCKER_HOST, DOCKER_CERT_PATH and DOCKER_CONTEXT, as for the `docker` command.
 * @param given lists arrive as JSON texts from the SDK, and as lists from the stack's settings
 * @throws Error when a file or the context cannot be read
 */
export function settingsOf(given: Properties, env: NodeJS.ProcessEnv = process.env): Settings {
  const context = text(given.context) ?? (given.host || env.DOCKER_HOST ? undefined : env.DOCKER_CONTEXT);
  const named = context && context !== "default" ? readContext(context, env) : undefined;
  const certPath = text(given.certPath) ?? named?.certPath ?? env.DOCKER_CERT_PATH;
  return {
    host: text(given.host) ?? named?.host ?? env.DOCKER_HOST ?? DEFAULT_HOST,
    sshOpts: list(given.sshOpts).map(String),
    tls: tlsOf(given, certPath),
    registryAuth: list(given.registryAuth) as unknown as RegistryAuth[],
  };
}

function text(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function list(value: Value | undefined): Value[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== "string" || value === "") return [];
  const parsed: unknown = JSON.parse(value);
  return Array.isArray(parsed) ? parsed : [];
}

function tlsOf(given: Properties, certPath: string | undefined): Settings["tls"] {
  const [ca, cert, key] = [text(given.caMaterial), text(given.certMaterial), text(given.keyMaterial)];
  if (ca || cert || key) return { ca, cert, key };
  if (!certPath) return undefined;
  const folder = certPath.replace(/^~(?=\/)/, homedir());
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch (error) {
      throw new Error(`certPath ${certPath}: ${name} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  };
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

/** Where `docker context` keeps its contexts: a folder per context, named by the SHA-256 of the context's name. */
function readContext(name: string, env: NodeJS.ProcessEnv): { host: string; certPath?: string } {
  const folder = join(env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  try {
    const meta = JSON.parse(readFileSync(join(folder, "meta", id, "meta.json"), "utf8"));
    const { Host: host, SkipTLSVerify } = meta.Endpoints.docker;
    const certPath = host.startsWith("tcp://") && !SkipTLSVerify ? join(folder, "tls", id, "docker") : undefined;
    return { host, certPath };
  } catch (error) {
    throw new Error(
      `docker context "${name}" cannot be read (${(error as Error).message}); docker context ls lists them`,
    );
  }
}
