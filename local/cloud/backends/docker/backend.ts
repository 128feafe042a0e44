import { mkdirSync } from "node:fs";
import Docker from "dockerode";
import type { Backend, BackendOptions } from "../../backend.ts";
import { removeCloud } from "./clouds.ts";
import { DropletSnapshots } from "./droplet-snapshots.ts";
import { Droplets } from "./droplets.ts";
import { inspect, putFiles } from "./engine.ts";
import { firewallScript } from "./firewall.ts";
import { DropletImages } from "./image.ts";
import { gpuLoadFile } from "./machine-files.ts";
import { namesOf } from "./names.ts";
import { Networks } from "./networks.ts";
import { Readings } from "./readings.ts";
import { ReservedIps } from "./reserved-ips.ts";
import { Toolbox } from "./toolbox.ts";
import { Volumes } from "./volumes.ts";

/**
 * Real machines behind the local cloud: containers on the Docker engine that `DOCKER_HOST` or the usual socket names.
 * Everything it makes carries a label with the cloud's id (a hash of `dataDir`), so that clouds do not touch each other's.
 */
export function createDockerBackend(options: BackendOptions): Backend {
  const docker = new Docker();
  const names = namesOf(options.dataDir);
  const images = new DropletImages(docker, options.dataDir);
  const networks = new Networks(docker, names);
  const toolbox = new Toolbox(docker, names, images.name("plain"));
  const snapshots = new DropletSnapshots(docker, names, images.name("plain"));
  const reservedIps = new ReservedIps(options.dataDir);
  const reservedIpsOf = (id: number) => reservedIps.of(id);
  const droplets = new Droplets({ docker, names, images, networks, toolbox, snapshots, reservedIpsOf });
  const volumes = new Volumes(docker, names, toolbox, droplets);
  const readings = new Readings(docker, names);

  const tellReserved = async (ids: number[]) => {
    for (const id of ids) if (await inspect(docker, names.droplet(id))) await droplets.changeReservedIps(id);
  };

  return {
    kind: "docker",

    async prepare(progress) {
      mkdirSync(options.dataDir, { recursive: true });
      await requireEngine(docker);
      await images.ensure(progress);
      await toolbox.check();
      await networks.ensurePublic();
      await droplets.restore();
    },

    ensureDroplet: (spec) => droplets.ensure(spec),
    powerOn: (id) => droplets.powerOn(id),
    powerOff: (id) => droplets.powerOff(id),
    reboot: (id) => droplets.reboot(id),
    removeDroplet: (id) => droplets.remove(id),

    ensureVolume: (volume) => volumes.ensure(volume),
    resizeVolume: (id, sizeGiB) => volumes.resize(id, sizeGiB),
    removeVolume: (id) => volumes.remove(id),
    attachVolume: (id, name, dropletId) => volumes.attach(id, name, dropletId),
    detachVolume: (id, _name, dropletId) => volumes.detach(id, dropletId),

    snapshotDroplet: (dropletId, snapshotId) => snapshots.create(dropletId, snapshotId),
    removeDropletSnapshot: (snapshotId) => snapshots.remove(snapshotId),
    snapshotVolume: (volumeId, snapshotId) => volumes.snapshot(volumeId, snapshotId),
    removeVolumeSnapshot: (snapshotId) => volumes.removeSnapshot(snapshotId),

    takenRanges: () => networks.foreign(),
    async ensureVpc({ id, range }) {
      await networks.ensureVpc(id, range);
    },
    removeVpc: (id) => networks.removeVpc(id),

    setFirewall: (dropletId, rules) => droplets.setFirewall(dropletId, (gateways) => firewallScript(rules, gateways)),

    async assignReservedIp(ip, dropletId) {
      const assigned = reservedIps.assign(ip, dropletId, await networks.ensurePublic());
      await tellReserved(assigned.changed);
      return { ip: assigned.ip };
    },
    async releaseReservedIp(ip) {
      await tellReserved(reservedIps.release(ip));
    },

    async setGpu(dropletId, gpus) {
      await putFiles(docker, names.droplet(dropletId), [gpuLoadFile(gpus)]);
    },
    metrics: (dropletId) => readings.take(dropletId),

    async reset() {
      await removeCloud(docker, names, toolbox);
      reservedIps.clear();
      droplets.forget();
    },
    async close() {
      await toolbox.remove();
    },
  };
}

async function requireEngine(docker: Docker): Promise<void> {
  const info = await docker.info().catch((error: Error) => {
    throw new Error(
      `the Docker engine does not answer (${error.message}): start it, or name another one in DOCKER_HOST`,
    );
  });
  if (info.OSType !== "linux")
    throw new Error(`the Docker engine runs ${info.OSType} containers: droplets need Linux containers`);
}
