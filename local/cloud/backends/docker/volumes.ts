import type Docker from "dockerode";
import type { VolumeSpec } from "../../backend.ts";
import type { Droplets } from "./droplets.ts";
import { inspect, tryExec } from "./engine.ts";
import type { Names } from "./names.ts";
import type { Toolbox } from "./toolbox.ts";

/**
 * Block volumes: sparse files in a Docker volume of the cloud, loop devices in the droplets they are attached to. A volume
 * costs the host what is written to it, not its size; a write that no longer fits on the host's disk fails as an I/O error.
 */
export class Volumes {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #toolbox: Toolbox;
  readonly #droplets: Droplets;

  constructor(docker: Docker, names: Names, toolbox: Toolbox, droplets: Droplets) {
    this.#docker = docker;
    this.#names = names;
    this.#toolbox = toolbox;
    this.#droplets = droplets;
  }

  async ensure(volume: VolumeSpec): Promise<void> {
    const { id, sizeGiB, filesystem = "-", label = "-", snapshotId } = volume;
    // A snapshot brings its own file system, as at DigitalOcean.
    const format = snapshotId ? "-" : filesystem;
    await this.#toolbox.block("create", id, String(sizeGiB), format, label || "-", ...(snapshotId ? [snapshotId] : []));
  }

  async resize(id: string, sizeGiB: number): Promise<void> {
    await this.#toolbox.block("resize", id, String(sizeGiB));
  }

  async remove(id: string): Promise<void> {
    await this.#toolbox.block("remove", id);
  }

  /** @throws Error where it is attached to another droplet, or still held open there. */
  async attach(id: string, name: string, dropletId: number): Promise<void> {
    await this.#toolbox.block("attach", id, name, String(dropletId));
    await this.#droplets.changeVolumes(dropletId);
  }

  /** As pulling out a disk: it is unmounted in the droplet, where need be while still in use. */
  async detach(id: string, dropletId: number): Promise<void> {
    await this.#toolbox.block("unlink", id);
    if (await inspect(this.#docker, this.#names.droplet(dropletId))) await this.#droplets.changeVolumes(dropletId);
    await this.#toolbox.block("release", id);
  }

  /** What the droplet has written so far; answers with the space it takes. */
  async snapshot(id: string, snapshotId: string): Promise<{ sizeGiB: number }> {
    const [name, dropletId] = (await this.#toolbox.block("holder", id)).join().split(" ");
    if (name && dropletId) await this.#flush(name, Number(dropletId));
    const [size] = await this.#toolbox.block("snapshot", id, snapshotId);
    return { sizeGiB: Number(size) };
  }

  async removeSnapshot(snapshotId: string): Promise<void> {
    await this.#toolbox.block("remove-snapshot", snapshotId);
  }

  /** Has a running droplet write to the volume what it still holds in memory. */
  async #flush(name: string, dropletId: number): Promise<void> {
    const droplet = this.#names.droplet(dropletId);
    if (!(await inspect(this.#docker, droplet))?.State.Running) return;
    const device = `/dev/disk/by-id/scsi-0DO_Volume_${name}`;
    const script = `findmnt -rno TARGET -S "$(readlink -f "$0")" | xargs -rd '\\n' sync -f`;
    await tryExec(this.#docker, droplet, ["sh", "-c", script, device]);
  }
}
