import { volumeMonthlyUsd } from "../../domain/cost/node-price.ts";
import { IDLE_RESERVED_IP_USD_PER_MONTH, snapshotMonthlyUsd } from "../../domain/cost/storage-price.ts";
import { nodeTag, stackTag } from "../../domain/tags.ts";
import type { NodeStack } from "./node-stack.ts";

/** Something of a stopped node that goes on costing. */
export interface StillBilled {
  kind: "volume" | "snapshot" | "volume snapshot" | "reserved ip";
  id: string;
  name: string;
  sizeGiB?: number;
  monthlyUsd: number;
}

const RESERVED_IP = "digitalocean:index/reservedIp:ReservedIp";

/** What a node costs without its droplet: volume, snapshots, and the address that waits for it. */
export async function stillBilled(stack: Pick<NodeStack, "cloud" | "owner" | "config" | "resources">) {
  const { cloud, owner, config } = stack;
  const [volumes, snapshots, addresses, resources] = await Promise.all([
    cloud.volumes({ name: config.volumeName, region: config.gpuRegion }),
    cloud.snapshots(),
    cloud.reservedIps(),
    stack.resources(),
  ]);
  const found: StillBilled[] = volumes.map(({ id, name, size_gigabytes: sizeGiB }) => ({
    ...{ kind: "volume" as const, id, name, sizeGiB, monthlyUsd: volumeMonthlyUsd(sizeGiB) },
  }));
  const ours = [`windlass-project:${owner.project}`, stackTag(owner.stack), nodeTag(owner.node)];
  for (const { id, name, size_gigabytes: sizeGiB, resource_type, resource_id, tags } of snapshots) {
    const ofVolume = resource_type === "volume" && volumes.some((volume) => volume.id === resource_id);
    if (!ofVolume && !ours.every((tag) => tags?.includes(tag))) continue;
    const kind = resource_type === "volume" ? "volume snapshot" : "snapshot";
    found.push({ kind, id, name, sizeGiB, monthlyUsd: snapshotMonthlyUsd(sizeGiB) });
  }
  const reserved = new Set(resources.filter(({ type }) => type === RESERVED_IP).map(({ id }) => id));
  for (const { ip, droplet } of addresses) {
    if (droplet || !reserved.has(ip)) continue;
    found.push({ kind: "reserved ip", id: ip, name: ip, monthlyUsd: IDLE_RESERVED_IP_USD_PER_MONTH });
  }
  return found;
}
