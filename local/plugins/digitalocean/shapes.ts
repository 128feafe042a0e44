import type { Properties, Value } from "../engine/values.ts";
import type { Json } from "../rest/api.ts";
import type { Reader } from "../rest/type.ts";
import { TYPES } from "./types/index.ts";
import { TAG_COUNTS } from "./types/tag.ts";
import { volume } from "./types/volume.ts";
import { vpc } from "./types/vpc.ts";

/** What a look-up tells of one object, by name. */
export type Shape = Readonly<Record<string, Reader>>;

/** The object in that shape, without what the API does not tell. */
export function shaped(readers: Shape, object: Json): Properties {
  const value = (reader: Reader): Value => (typeof reader === "string" ? object[reader] : reader(object)) ?? null;
  const entries = Object.entries(readers).map(([name, reader]) => [name, value(reader)] as const);
  return Object.fromEntries(entries.filter(([, one]) => one !== null));
}

function pick(token: string, names: string[]): Shape {
  const reads = TYPES.get(token)?.reads ?? {};
  return Object.fromEntries(names.map((name) => [name, reads[name] ?? name]));
}

export const DROPLET: Shape = {
  ...pick("digitalocean:index/droplet:Droplet", [
    ...["backups", "createdAt", "disk", "ipv4Address", "ipv4AddressPrivate", "ipv6", "ipv6Address", "locked", "memory"],
    ...["monitoring", "name", "priceHourly", "priceMonthly", "privateNetworking", "region", "size", "status", "tags"],
    ...["vcpus", "volumeIds", "vpcUuid"],
  ]),
  id: "id",
  urn: (object) => `do:droplet:${object.id}`,
  image: (object) => object.image?.slug || String(object.image?.id ?? ""),
  ipv6AddressPrivate: () => "",
  gpuPartitionMode: () => "",
};

export const IMAGE: Shape = {
  ...{ id: "id", name: "name", type: "type", distribution: "distribution", status: "status", regions: "regions" },
  slug: (object) => object.slug ?? "",
  image: (object) => object.slug || String(object.id),
  private: (object) => !object.public,
  minDiskSize: "min_disk_size",
  sizeGigabytes: (object) => object.size_gigabytes ?? 0,
  description: (object) => object.description ?? "",
  tags: (object) => object.tags ?? [],
  created: "created_at",
  errorMessage: (object) => object.error_message ?? "",
};

export const SIZE: Shape = {
  ...{ slug: "slug", available: "available", transfer: "transfer", memory: "memory", vcpus: "vcpus", disk: "disk" },
  priceMonthly: "price_monthly",
  priceHourly: "price_hourly",
  regions: "regions",
  gpuInfos: ({ gpu_info: gpu }) =>
    gpu
      ? [
          {
            count: gpu.count,
            model: gpu.model,
            vrams: gpu.vram ? [gpu.vram] : [],
            supportedPartitionModes: gpu.supported_partition_modes ?? [],
          },
        ]
      : [],
};

export const REGION = { slug: "slug", name: "name", sizes: "sizes", features: "features", available: "available" };
export const SSH_KEY = { id: "id", name: "name", publicKey: "public_key", fingerprint: "fingerprint" };
export const TAG: Shape = { name: "name", ...TAG_COUNTS };
export const PROJECT: Shape = {
  ...TYPES.get("digitalocean:index/project:Project")?.reads,
  id: "id",
  environment: (object) => object.environment ?? "",
};
export const SNAPSHOT: Shape = {
  ...pick("digitalocean:index/volumeSnapshot:VolumeSnapshot", ["name", "regions", "size", "createdAt", "minDiskSize"]),
  id: (object) => String(object.id),
};

const { volumeUrn: _volume, ...volumeReads } = volume.reads;
export const VOLUME: Shape = { ...volumeReads, id: "id", urn: (object) => `do:volume:${object.id}` };

const { vpcUrn: _vpc, ...vpcReads } = vpc.reads;
export const VPC: Shape = { ...vpcReads, id: "id", urn: "urn" };
