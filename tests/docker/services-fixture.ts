import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { removeContainer } from "../../local/cloud/backends/docker/engine.ts";
import { type ServicesUpOptions, type ServicesUpResult, servicesUp } from "../../runner/services/up.ts";
import { docker as machines, PREFIX } from "./docker-fixture.ts";

const run = promisify(execFile);

/** A project of services that a test brings up, in folders of its own. */
export interface TestProject {
  /** As Compose calls it; begins with the prefix of this process. */
  name: string;
  /** That of its Compose file. */
  folder: string;
  /** Its `.windlass` folder. */
  home: string;
  docker: Docker;
  /** Writes the Compose file, or another beside it; returns its path. The project's name is added to the Compose file. */
  write(text: string, name?: string): string;
  up(options?: Partial<ServicesUpOptions>): Promise<ServicesUpResult>;
  container(service: string): Docker.Container;
  id(service: string): Promise<string>;
  /** Of all containers, by service. */
  ids(): Promise<Record<string, string>>;
  exec(service: string, ...command: string[]): Promise<string>;
  /** Removes all that it has in the engine. */
  clear(): Promise<void>;
  /** The same, and its folders. */
  remove(): Promise<void>;
}

/** @param host of another engine than the machine's, with its client */
export function testProject(name: string, host?: { host: string; docker: Docker }): TestProject {
  const project = `${PREFIX}-${name}`;
  const home = mkdtempSync(join(tmpdir(), "windlass-services-"));
  const folder = mkdtempSync(join(tmpdir(), "windlass-compose-"));
  const docker = host?.docker ?? machines;
  const filters = { label: [`com.docker.compose.project=${project}`] };
  const container = (service: string) => docker.getContainer(`${project}-${service}-1`);
  const list = () => docker.listContainers({ all: true, filters });

  async function clear(): Promise<void> {
    for (const { Id } of await list()) await removeContainer(docker, Id);
    for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove();
  }

  return {
    name: project,
    folder,
    home,
    docker,
    clear,
    container,
    write(text, file = "compose.yaml") {
      const path = join(folder, file);
      writeFileSync(path, file === "compose.yaml" ? `name: ${project}\n${text}` : text);
      return path;
    },
    up: (options) =>
      servicesUp({
        files: [folder],
        home,
        environment: { TOKEN: "one-secret" },
        ...(host ? { host: host.host } : {}),
        ...options,
      }),
    id: async (service) => (await container(service).inspect()).Id,
    ids: async () =>
      Object.fromEntries(
        (await list()).map(({ Id, Labels }) => [Labels["com.docker.compose.service"] ?? "", Id]).sort(),
      ),
    async exec(service, ...command) {
      const words = ["--host", host?.host ?? "unix:///var/run/docker.sock", "exec", `${project}-${service}-1`];
      return (await run("docker", [...words, ...command])).stdout.trim();
    },
    async remove() {
      await clear();
      for (const one of [home, folder]) rmSync(one, { recursive: true });
    },
  };
}

/** All that a source tells until it ends. */
export async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
