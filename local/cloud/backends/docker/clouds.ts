import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import type Docker from "dockerode";
import { onceFree, removeContainer, unless } from "./engine.ts";
import { DropletImages } from "./image.ts";
import { label, type Names, namesOf } from "./names.ts";
import { Toolbox } from "./toolbox.ts";

/** What one local cloud has in the engine, by name. */
export interface CloudOnEngine {
  id: string;
  /** Where its data lies, or lay. */
  folder: string;
  containers: string[];
  networks: string[];
  volumes: string[];
  /** Droplet snapshots. */
  images: string[];
}

/** Every local cloud that has something in the engine, whether it runs or not. Objects that do not say their folder are left out. */
export async function cloudsOnEngine(docker: Docker): Promise<CloudOnEngine[]> {
  const filters = { label: [label.folder] };
  const [containers, networks, volumes, images] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    docker.listImages({ filters }),
  ]);
  const clouds = new Map<string, CloudOnEngine>();
  const of = (labels: Record<string, string> | undefined): CloudOnEngine | undefined => {
    const folder = labels?.[label.folder];
    if (folder === undefined || namesOf(folder).cloud !== labels?.[label.cloud]) return undefined;
    const there = clouds.get(folder);
    if (there) return there;
    const made = { id: namesOf(folder).cloud, folder, containers: [], networks: [], volumes: [], images: [] };
    clouds.set(folder, made);
    return made;
  };
  for (const { Labels, Names } of containers) of(Labels)?.containers.push((Names[0] ?? "").slice(1));
  for (const { Labels, Name } of networks) of(Labels)?.networks.push(Name);
  for (const { Labels, Name } of volumes.Volumes ?? []) of(Labels)?.volumes.push(Name);
  for (const { Labels, RepoTags } of images) of(Labels)?.images.push(...(RepoTags ?? []));
  return [...clouds.values()];
}

/** Those whose folder is not there any more: nobody can start or reset them, and yet they hold ranges, disks and memory. */
export async function abandonedClouds(docker: Docker): Promise<CloudOnEngine[]> {
  return (await cloudsOnEngine(docker)).filter(({ folder }) => !existsSync(folder));
}

/** Removes a cloud's machines, disks, networks and snapshots from the engine; its folder is not needed. */
export async function removeCloudAt(docker: Docker, folder: string): Promise<void> {
  const names = namesOf(folder);
  const toolbox = await unless([404], docker.getContainer(names.toolbox).inspect());
  const images = new DropletImages(docker, tmpdir());
  // The disks are released from a container: its image must be there.
  if (!toolbox && (await unless([404], docker.getVolume(names.blocks).inspect()))) await images.ensure(() => {});
  const image = toolbox?.Config.Image ?? images.name("plain");
  await removeCloud(docker, names, new Toolbox(docker, names, image));
}

/** Removes everything that carries the cloud's names; again where something that was just being made came in between. */
export async function removeCloud(docker: Docker, names: Names, toolbox: Toolbox): Promise<void> {
  // 403: a network that a container has joined meanwhile.
  await onceFree(() => removeMachines(docker, names, toolbox), [403, 409]);
  for (const { Id } of await docker.listImages({ filters: { reference: [names.snapshots] } }))
    await unless([404, 409], docker.getImage(Id).remove({ force: true }));
}

async function removeMachines(docker: Docker, names: Names, toolbox: Toolbox): Promise<void> {
  const ours = { label: [`${label.cloud}=${names.cloud}`] };
  for (const container of await docker.listContainers({ all: true, filters: ours })) {
    if (container.Names.includes(`/${names.toolbox}`)) continue;
    await removeContainer(docker, container.Id);
  }
  if (await unless([404], docker.getVolume(names.blocks).inspect())) await toolbox.block("reset");
  await toolbox.remove();
  for (const { Id } of await docker.listNetworks({ filters: ours }))
    await unless([404], docker.getNetwork(Id).remove());
  for (const { Name } of (await docker.listVolumes({ filters: ours })).Volumes ?? []) {
    await unless([404], docker.getVolume(Name).remove());
  }
}
