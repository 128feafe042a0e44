import type { CloudState } from "../cloud.ts";
import { findImage, removeImage } from "../images/routes.ts";
import type { Image } from "../objects.ts";
import { ApiError, type Call, notFound, pageOf, type Route } from "../wire.ts";
import { removeVolumeSnapshot, volumeSnapshotView } from "./volume-snapshots.ts";

/** `/v2/snapshots`: of droplets (their ids are image ids) and of volumes, in one list. */
export function snapshotRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  return [
    {
      method: "GET",
      path: "/v2/snapshots",
      status: 200,
      handle: (call) => {
        const type = call.query["resource_type"];
        const droplets = type === "volume" ? [] : store.images.list().map(dropletSnapshotView);
        const volumes = type === "droplet" ? [] : store.volumeSnapshots.list().map(volumeSnapshotView);
        const { items, envelope } = pageOf(call, [...droplets, ...volumes]);
        return { snapshots: items, ...envelope };
      },
    },
    ...["/v2/snapshots/:id", "/v2/volumes/snapshots/:id"].flatMap((path): Route[] => [
      { method: "GET", path, status: 200, handle: (call) => ({ snapshot: find(cloud, call).view }) },
      { method: "DELETE", path, status: 204, handle: (call) => find(cloud, call).remove() },
    ]),
  ];
}

/** A snapshot of a droplet as `/v2/snapshots` shows it. */
export function dropletSnapshotView(image: Image) {
  return {
    id: String(image.id),
    name: image.name,
    created_at: image.createdAt,
    regions: image.regions,
    resource_id: String(image.droplet),
    resource_type: "droplet",
    min_disk_size: image.minDiskGiB,
    size_gigabytes: image.sizeGiB,
    tags: image.tags,
  };
}

function find(cloud: CloudState, { params, path }: Call): { view: object; remove: () => void } {
  const id = params["id"] as string;
  const snapshot = cloud.store.volumeSnapshots.get(id);
  if (snapshot) return { view: volumeSnapshotView(snapshot), remove: () => removeVolumeSnapshot(cloud, snapshot) };
  const image = path.startsWith("/v2/volumes/") ? undefined : findImage(cloud, id);
  if (!image) throw notFound();
  if (image.public) throw new ApiError(400, "the resource is not a snapshot");
  return { view: dropletSnapshotView(image), remove: () => removeImage(cloud, image) };
}
