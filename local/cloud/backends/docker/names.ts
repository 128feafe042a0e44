import { createHash } from "node:crypto";
import { resolve } from "node:path";

/**
 * How everything of one local cloud is called in the Docker engine. The id is a hash of the cloud's data folder, so several
 * clouds live side by side, and one started again finds what is its own.
 */
export interface Names {
  readonly cloud: string;
  /** On every object of the cloud: its id, and where its data lies, by which one is found whose folder is gone. */
  readonly labels: Readonly<Record<string, string>>;
  readonly toolbox: string;
  readonly blocks: string;
  /** Sorts before every VPC's network: the engine takes the default gateway from the first network by name. */
  readonly publicNetwork: string;
  vpcNetwork(id: string): string;
  droplet(id: number): string;
  /** The Docker volume under a droplet's nested `/var/lib/docker`. */
  nestedDocker(dropletId: number): string;
  /** `repository:tag` of the image a droplet snapshot is. */
  snapshot(id: number): string;
  readonly snapshots: string;
  nestedDockerSnapshot(snapshotId: number): string;
}

/** The names of the cloud that keeps its files in `dataDir`. */
export function namesOf(dataDir: string): Names {
  const folder = resolve(dataDir);
  const cloud = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  const prefix = `windlass-${cloud}`;
  return {
    cloud,
    labels: { [label.cloud]: cloud, [label.folder]: folder },
    toolbox: `${prefix}-toolbox`,
    blocks: `${prefix}-blocks`,
    publicNetwork: `${prefix}-public`,
    vpcNetwork: (id) => `${prefix}-vpc-${id}`,
    droplet: (id) => `${prefix}-droplet-${id}`,
    nestedDocker: (id) => `${prefix}-docker-${id}`,
    snapshot: (id) => `${prefix}-snapshot:${id}`,
    snapshots: `${prefix}-snapshot`,
    nestedDockerSnapshot: (id) => `${prefix}-snapshot-${id}-docker`,
  };
}

/** Labels on every object of a cloud in the engine; `droplet`, `public-ip` and `private-ip` only on droplets. */
export const label = {
  cloud: "windlass.cloud",
  folder: "windlass.folder",
  kind: "windlass.kind",
  droplet: "windlass.droplet",
  publicIp: "windlass.public-ip",
  privateIp: "windlass.private-ip",
  cpus: "windlass.vcpus",
  memory: "windlass.memory-mib",
  disk: "windlass.disk-gib",
} as const;
