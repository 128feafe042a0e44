import type Docker from "dockerode";
import { follow, onceFree, removeContainer, removeVolume, runOnce, unless } from "./engine.ts";
import type { Names } from "./names.ts";

const copyAll = "find /to -mindepth 1 -delete && cp -a /from/. /to/";

/** The engine stacks at most about 125 layers, and each snapshot of a machine that came from a snapshot adds one. */
const mostLayers = 100;

/**
 * Droplet snapshots: a commit of the root disk, and a copy of the nested Docker engine's data, which lies on a volume of
 * its own beside the root disk. The machine stands still while they are made.
 */
export class DropletSnapshots {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #image: string;
  readonly #layers: number;

  /** @param image an image with `cp`, for the copies. @param layers from so many layers on, a snapshot is flattened to one. */
  constructor(docker: Docker, names: Names, image: string, layers = mostLayers) {
    this.#docker = docker;
    this.#names = names;
    this.#image = image;
    this.#layers = layers;
  }

  async create(dropletId: number, snapshotId: number): Promise<{ sizeGiB: number }> {
    const there = await this.#size(snapshotId);
    if (there) return there;
    const name = this.#names.droplet(dropletId);
    const container = this.#docker.getContainer(name);
    const { State, Mounts, Image, Config } = await container.inspect();
    if (State.Running && !State.Paused) await standStill(container);
    try {
      if (Mounts.some((mount) => mount.Destination === "/var/lib/docker"))
        await this.#saveNestedDocker(dropletId, snapshotId);
      const [repo, tag] = this.#names.snapshot(snapshotId).split(":");
      const { RootFS } = await this.#docker.getImage(Image).inspect();
      if ((RootFS.Layers?.length ?? 0) < this.#layers) await container.commit({ repo, tag, pause: false });
      else await this.#flatten(container, { repo, tag, changes: configuration(Config) });
    } finally {
      if (State.Running) await unless([409, 500], container.unpause());
    }
    return (await this.#size(snapshotId)) ?? { sizeGiB: 0 };
  }

  async remove(snapshotId: number): Promise<void> {
    await unless([404], this.#docker.getImage(this.#names.snapshot(snapshotId)).remove({ force: true }));
    await removeVolume(this.#docker, this.#names.nestedDockerSnapshot(snapshotId));
  }

  /** Fills a new droplet's nested Docker volume from a snapshot, where the snapshot has one. */
  async restoreNestedDocker(snapshotId: number, dropletId: number): Promise<void> {
    const saved = this.#names.nestedDockerSnapshot(snapshotId);
    if (!(await unless([404], this.#docker.getVolume(saved).inspect()))) return;
    await this.#copy(saved, this.#names.nestedDocker(dropletId));
  }

  /** Removes the image of a snapshot that was deleted while a droplet still ran on it. */
  async forgetUnused(imageId: string): Promise<void> {
    const image = await unless([404], this.#docker.getImage(imageId).inspect());
    if (image && (image.RepoTags ?? []).length === 0) await unless([404, 409], this.#docker.getImage(imageId).remove());
  }

  async #flatten(
    container: Docker.Container,
    options: { repo?: string; tag?: string; changes: string[] },
  ): Promise<void> {
    const imported = await this.#docker.importImage(await container.export(), options);
    await follow(this.#docker, imported, () => {});
  }

  async #saveNestedDocker(dropletId: number, snapshotId: number): Promise<void> {
    const saved = this.#names.nestedDockerSnapshot(snapshotId);
    await this.#docker.createVolume({ Name: saved, Labels: this.#names.labels });
    await this.#copy(this.#names.nestedDocker(dropletId), saved);
  }

  async #copy(from: string, to: string): Promise<void> {
    const name = `${to}-copy`;
    const options: Docker.ContainerCreateOptions = {
      name,
      Image: this.#image,
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: [copyAll],
      Labels: this.#names.labels,
      HostConfig: {
        Binds: [`${from}:/from:ro`, `${to}:/to`],
        NetworkMode: "none",
        // Overlay layers carry device nodes and trusted attributes.
        CapAdd: ["SYS_ADMIN", "MKNOD"],
        SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
      },
    };
    // One that a kill left behind still writes, or is just being made: end it first.
    await onceFree(async () => {
      await removeContainer(this.#docker, name);
      await runOnce(this.#docker, options);
    }, [409]);
  }

  async #size(snapshotId: number): Promise<{ sizeGiB: number } | undefined> {
    const image = await unless([404], this.#docker.getImage(this.#names.snapshot(snapshotId)).inspect());
    return image && { sizeGiB: Math.max(0.01, Math.round((image.Size / 1024 ** 3) * 100) / 100) };
  }
}

/** Pauses a container. Version 1 of cgroups fails to now and then, when processes are being started just then: tried again. */
async function standStill(container: Docker.Container): Promise<void> {
  await onceFree(() => unless([409], container.pause()), [500]);
}

/** What an export leaves out, as Dockerfile lines. */
function configuration(config: Docker.ContainerInspectInfo["Config"]): string[] {
  const environment = config.Env.map((entry) => `ENV ${entry.replace("=", '="')}"`);
  const entrypoint = [config.Entrypoint ?? []].flat();
  return [...environment, `ENTRYPOINT ${JSON.stringify(entrypoint)}`];
}
