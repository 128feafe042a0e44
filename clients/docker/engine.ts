import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type DockerClient from "dockerode";
import { UserError } from "../../domain/errors.ts";
import { Docker } from "./dockerode.ts";
import { sshAgent } from "./ssh-agent.ts";
import { sshFailure } from "./ssh-failure.ts";

/** The engine of this machine where nobody names one. */
export const LOCAL_ENGINE = "unix:///var/run/docker.sock";

/** A Docker engine somewhere. */
export interface EngineAddress {
  /** `unix:///var/run/docker.sock`, `tcp://nas:2376` or `ssh://root@nas`. */
  host: string;
  /** Words for `ssh`, as in `-o`, `StrictHostKeyChecking=yes`. */
  sshOpts?: readonly string[];
  /** Folder with ca.pem, cert.pem and key.pem for tcp. @default DOCKER_CERT_PATH */
  certPath?: string;
}

/**
 * A client for the engine; nothing is dialled yet. Over ssh the engine is reached as Docker's own command does it: `ssh HOST docker system
 * dial-stdio`, with the user's own ssh settings and known hosts. Throws `UserError` `ConfigInvalid` for an address that is none.
 */
export function openEngine({
  host,
  sshOpts = [],
  certPath = process.env.DOCKER_CERT_PATH,
}: EngineAddress): DockerClient {
  // dockerode takes what is left out from DOCKER_HOST, so everything is named.
  const nothing = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.+)$/.exec(host) ?? [];
  if (scheme === "unix") return new Docker({ ...nothing, protocol: "http", socketPath: rest } as object);
  if (scheme === "ssh") {
    const agent = sshAgent(host, sshOpts);
    return new Docker({ ...nothing, protocol: "http", host: "engine", port: 80, agent } as object);
  }
  if (scheme === "tcp" || scheme === "http" || scheme === "https") {
    const url = new URL(host.replace(/^tcp:/, "http:"));
    const tls = certPath && scheme !== "http" ? certificates(certPath) : {};
    const protocol = scheme === "https" || Object.keys(tls).length > 0 ? "https" : "http";
    const port = Number(url.port) || (protocol === "https" ? 2376 : 2375);
    return new Docker({ ...nothing, protocol, host: url.hostname, port, ...tls } as object);
  }
  throw new UserError("ConfigInvalid", {
    reason: `${JSON.stringify(host)} is no address of a Docker engine`,
    suggestion: "write unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
  });
}

function certificates(folder: string): { ca?: string; cert?: string; key?: string } {
  const path = folder.replace(/^~(?=\/)/, homedir());
  const read = (name: string) => {
    const file = join(path, name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

/** Runs a request; an engine that cannot be reached is a `UserError` that names it: `SSHConnectionFailed`, `CommandFailed`. */
export async function asking<T>({ host }: EngineAddress, doing: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (cause) {
    const { statusCode, reason, message } = cause as { statusCode?: number; reason?: string; message: string };
    if (statusCode !== undefined)
      throw new UserError("CommandFailed", { reason: `${doing}: ${reason ?? message}`, status: statusCode }, { cause });
    const refused = host.startsWith("ssh:") ? sshFailure(host, message) : undefined;
    if (refused) throw refused;
    throw new UserError(
      "CommandFailed",
      {
        reason: `${doing}: the Docker engine at ${host} does not answer: ${message}`,
        suggestion: "check that it runs and that you may use it: docker --host ADDRESS info",
        host,
      },
      { cause },
    );
  }
}
