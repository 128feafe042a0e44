import { existsSync } from "node:fs";
import { request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { aptInstall, canInstallPackages } from "./apt.ts";
import { run } from "./command.ts";
import { startDockerd } from "./dockerd.ts";
import { type Host, onPath } from "./host.ts";
import type { Part, PartState } from "./part.ts";

/** The oldest engine API that droplets run on: Docker 20.10. */
const oldestApi = "1.41";

/** How long an engine may take to answer before it counts as dead, in milliseconds. */
const answerMs = 5_000;

const byHand =
  "install Docker and start it (https://docs.docker.com/engine/install/; Debian, Ubuntu: sudo apt-get install docker.io), " +
  "let your user reach it (sudo usermod -aG docker $USER, then log in again), or set DOCKER_HOST";

/** A Docker engine that answers: stands behind the droplets of the local cloud. */
export function dockerPart(host: Host): Part {
  const part: Part = { name: "docker", check: () => check(host) };
  if (canInstallPackages(host) && !host.env.DOCKER_HOST) {
    part.install = async (progress) => {
      if (!onPath(host, "dockerd")) await aptInstall(host, ["docker.io"], progress);
      if ((await check(host)).ok) return;
      await startDockerd(host, () => check(host).then((state) => state.ok), progress);
    };
  }
  return part;
}

async function check(host: Host): Promise<PartState> {
  const address = engineAddress(host);
  if (address.kind === "other") return await checkByClient(host, address.url);
  const answer = await ask(address);
  if ("error" in answer)
    return { ok: false, found: notRunning(answer.error, address), fix: fixFor(host, answer.error) };
  const found = `${answer.Version} (${"socketPath" in address ? address.socketPath : address.url})`;
  if (!apiFits(answer.ApiVersion))
    return { ok: false, found: `${found}, older than 20.10`, fix: "update Docker to 20.10 or newer" };
  return { ok: true, found, fix: "" };
}

type Address = { kind: "socket"; socketPath: string } | { kind: "tcp"; url: string } | { kind: "other"; url: string };

/** DOCKER_HOST, else the usual sockets: the system's, Docker Desktop's, a rootless engine's. */
function engineAddress(host: Host): Address {
  const url = host.env.DOCKER_HOST;
  if (url?.startsWith("unix://")) return { kind: "socket", socketPath: url.slice("unix://".length) };
  if (url?.startsWith("tcp://") && !host.env.DOCKER_TLS_VERIFY) return { kind: "tcp", url: `http${url.slice(3)}` };
  if (url) return { kind: "other", url };
  const system = "/var/run/docker.sock";
  const desktop = join(host.env.HOME ?? homedir(), ".docker/run/docker.sock");
  return { kind: "socket", socketPath: !existsSync(system) && existsSync(desktop) ? desktop : system };
}

interface EngineVersion {
  Version: string;
  ApiVersion: string;
}

async function ask(
  address: Exclude<Address, { kind: "other" }>,
): Promise<EngineVersion | { error: NodeJS.ErrnoException }> {
  return await new Promise((settle) => {
    const options = { path: "/version", timeout: answerMs };
    const call =
      address.kind === "socket"
        ? request({ ...options, socketPath: address.socketPath })
        : request(new URL("/version", address.url), { timeout: answerMs });
    call.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => settle(parseVersion(body)));
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${answerMs / 1_000} s`)));
    call.on("error", (error) => settle({ error }));
    call.end();
  });
}

function parseVersion(body: string): EngineVersion | { error: Error } {
  try {
    return JSON.parse(body) as EngineVersion;
  } catch {
    return { error: new Error("what answers there is not a Docker engine") };
  }
}

/** TLS and ssh addresses are left to Docker's own client. */
async function checkByClient(host: Host, url: string): Promise<PartState> {
  const result = await run("docker", ["version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}"], {
    env: host.env,
    timeout: 15_000,
  });
  const [version, api] = result.stdout.trim().split(" ");
  if (result.code === 0 && version && api && apiFits(api)) return { ok: true, found: `${version} (${url})`, fix: "" };
  return { ok: false, found: `the engine at ${url} does not answer`, fix: "check DOCKER_HOST, or unset it" };
}

/** Whether an engine with this API version will do. */
export function apiFits(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldMajor = 0, oldMinor = 0] = oldestApi.split(".").map(Number);
  return major > oldMajor || (major === oldMajor && minor >= oldMinor);
}

function notRunning(error: NodeJS.ErrnoException, address: Exclude<Address, { kind: "other" }>): string | undefined {
  const place = address.kind === "socket" ? address.socketPath : address.url;
  if (error.code === "ENOENT") return undefined;
  if (error.code === "EACCES") return `an engine at ${place} that ${process.env.USER ?? "this user"} may not use`;
  if (error.code === "ECONNREFUSED") return `nothing answers at ${place}`;
  return `${place}: ${error.message}`;
}

function fixFor(host: Host, error: NodeJS.ErrnoException): string {
  if (host.env.DOCKER_HOST) return "check DOCKER_HOST, or unset it";
  if (error.code === "EACCES") return "sudo usermod -aG docker $USER, then log in again";
  if (canInstallPackages(host)) return "run windlass doctor --install";
  if (host.platform === "darwin") return "start Docker Desktop (https://docs.docker.com/desktop/)";
  return byHand;
}
