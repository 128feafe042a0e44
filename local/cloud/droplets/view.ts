import type { CloudState } from "../cloud.ts";
import { imageView } from "../images/routes.ts";
import type { Droplet } from "../objects.ts";
import { hosts } from "../vpcs/ranges.ts";

/** A droplet as the API shows it. */
export function dropletView({ store, catalog }: CloudState, droplet: Droplet) {
  const size = catalog.sizes.get(droplet.size);
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size?.memory,
    vcpus: size?.vcpus,
    disk: droplet.diskGiB,
    disk_info: size?.disk_info,
    locked: droplet.pending !== null,
    status: droplet.status,
    kernel: null,
    created_at: droplet.createdAt,
    features: droplet.features,
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: store.images.ids({ droplet: droplet.id }),
    image: imageView(droplet.image),
    volume_ids: store.volumes.ids({ droplet: droplet.id }),
    size,
    size_slug: droplet.size,
    networks: networks(droplet, store.vpcs.get(droplet.vpc)?.range ?? "10.0.0.0/20"),
    region: catalog.regions.get(droplet.region),
    tags: droplet.tags,
    vpc_uuid: droplet.vpc,
    ...(size?.gpu_info && { gpu_info: size.gpu_info }),
  };
}

/** None until the machine is there. */
function networks(droplet: Droplet, range: string) {
  const v4: { ip_address: string; netmask: string; gateway: string; type: "private" | "public" }[] = [];
  const { netmask, gateway } = hosts(range);
  if (droplet.privateIp) v4.push({ ip_address: droplet.privateIp, netmask, gateway, type: "private" });
  if (droplet.publicIp && droplet.publicNetworking) {
    const publicGateway = droplet.publicIp.replace(/\d+$/, "1");
    v4.push({ ip_address: droplet.publicIp, netmask: "255.255.255.0", gateway: publicGateway, type: "public" });
  }
  return { v4, v6: [] };
}
