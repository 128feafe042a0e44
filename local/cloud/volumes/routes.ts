import { randomUUID } from "node:crypto";
import { limitsOf } from "../account/routes.ts";
import { startMeter, stopMeter, volumePrice } from "../billing/meters.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import { findAction, listActions } from "../history/routes.ts";
import { actionView } from "../history/view.ts";
import type { Volume } from "../objects.ts";
import { createVolumeSnapshot, volumeSnapshotView } from "../snapshots/volume-snapshots.ts";
import { ensureTags } from "../tags/routes.ts";
import { ApiError, type Call, notFound, page, pageOf, type Route, text, texts, unprocessable } from "../wire.ts";
import { actOnVolume } from "./actions.ts";
import { validSize } from "./size.ts";

/** `/v2/volumes`: block storage, in one region, on one droplet at most; a size only grows. */
export function volumeRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/volumes";
  return [
    { method: "GET", path, status: 200, handle: (call) => list(cloud, call) },
    { method: "POST", path, status: 201, handle: (call) => ({ volume: volumeView(cloud, create(cloud, call)) }) },
    {
      method: "DELETE",
      path,
      status: 204,
      handle: ({ query: { name, region } }) => removeVolume(cloud, named(cloud, name, region)),
    },
    {
      method: "POST",
      path: `${path}/actions`,
      status: 202,
      handle: (call) => {
        const volume = named(cloud, text(call.body, "volume_name"), call.body["region"] as string | undefined);
        return actionView(cloud, actOnVolume(cloud, volume, call.body));
      },
    },
    {
      method: "GET",
      path: `${path}/:id`,
      status: 200,
      handle: (call) => ({ volume: volumeView(cloud, existing(cloud, call)) }),
    },
    {
      method: "DELETE",
      path: `${path}/:id`,
      status: 204,
      handle: (call) => removeVolume(cloud, existing(cloud, call)),
    },
    {
      method: "GET",
      path: `${path}/:id/actions`,
      status: 200,
      handle: (call) => listActions(cloud, call, { volume: existing(cloud, call).id }),
    },
    {
      method: "POST",
      path: `${path}/:id/actions`,
      status: 202,
      handle: (call) => actionView(cloud, actOnVolume(cloud, existing(cloud, call), call.body)),
    },
    {
      method: "GET",
      path: `${path}/:id/actions/:action`,
      status: 200,
      handle: (call) => {
        const { id } = existing(cloud, call);
        return actionView(
          cloud,
          findAction(cloud, call, (action) => action.volume === id),
        );
      },
    },
    {
      method: "GET",
      path: `${path}/:id/snapshots`,
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, store.volumeSnapshots.list({ volume: existing(cloud, call).id }));
        return { snapshots: items.map(volumeSnapshotView), ...envelope };
      },
    },
    {
      method: "POST",
      path: `${path}/:id/snapshots`,
      status: 201,
      handle: (call) => ({
        snapshot: volumeSnapshotView(createVolumeSnapshot(cloud, existing(cloud, call), call.body)),
      }),
    },
  ];
}

/** Forgets a volume and what is on it; in the running transaction. */
export function removeVolume(cloud: CloudState, volume: Volume): void {
  const { store, actions } = cloud;
  const busy = store.actions.first({ volume: volume.id, status: "in-progress" });
  if (volume.droplet !== null || busy) throw new ApiError(409, "attached volume cannot be deleted");
  store.volumes.delete(volume.id);
  stopMeter(cloud, "volume", volume);
  actions.begin({ kind: "remove_volume", visible: false, keys: [`volume:${volume.id}`], params: { id: volume.id } });
}

function list(cloud: CloudState, call: Call) {
  const { store } = cloud;
  const { name, region, tag_name: tag } = call.query;
  const where = { name, region, tag };
  const { items, envelope } = page(call, store.volumes.count(where), (range) => store.volumes.list(where, range));
  return { volumes: items.map((volume) => volumeView(cloud, volume)), ...envelope };
}

function create(cloud: CloudState, { body }: Call): Volume {
  const { store, clock, catalog, actions } = cloud;
  const name = text(body, "name");
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name))
    throw unprocessable(
      'name must be lowercase, start with a letter, be composed only of numbers, letters and "-", and have at most 64 characters',
    );
  const snapshot = body["snapshot_id"] ? store.volumeSnapshots.get(String(body["snapshot_id"])) : undefined;
  if (body["snapshot_id"] && !snapshot) throw unprocessable("snapshot not found");
  const region = !body["region"] && snapshot ? snapshot.region : text(body, "region");
  if (!catalog.regions.get(region)?.features.includes("storage")) throw unprocessable("region is invalid");
  if (snapshot && snapshot.region !== region) throw unprocessable("snapshot and volume must be in the same region");
  const sizeGiB = validSize(body["size_gigabytes"], snapshot?.minDiskGiB ?? 1);
  if (store.volumes.first({ name, region })) throw new ApiError(409, "already exists");
  if (store.volumes.count() >= limitsOf(cloud).volumes)
    throw new ApiError(403, "failed to create volume: volume limit exceeded");
  const volume = store.volumes.put({
    id: randomUUID(),
    name,
    region,
    sizeGiB,
    description: String(body["description"] ?? ""),
    ...filesystem(body),
    tags: ensureTags(cloud, texts(body, "tags")),
    createdAt: timestamp(clock.now()),
    droplet: null,
    ...(snapshot && { snapshot: snapshot.id }),
  });
  startMeter(cloud, "volume", volume, volumePrice(sizeGiB));
  const keys = [`volume:${volume.id}`, ...(snapshot ? [`snapshot:${snapshot.id}`] : [])];
  actions.begin({ kind: "ensure_volume", visible: false, keys, params: { id: volume.id } });
  return volume;
}

function filesystem(body: Record<string, unknown>): Pick<Volume, "filesystem" | "label"> {
  const type = body["filesystem_type"] || undefined;
  const label = String(body["filesystem_label"] ?? "");
  if (type !== undefined && type !== "ext4" && type !== "xfs")
    throw unprocessable("filesystem_type must be ext4 or xfs");
  if (label.length > (type === "xfs" ? 12 : 16)) throw unprocessable("filesystem_label is too long");
  return { ...(type && { filesystem: type }), label };
}

function named({ store }: CloudState, name: string | undefined, region: string | undefined): Volume {
  const volume = store.volumes.first({ name: name ?? "", region });
  if (!volume) throw notFound();
  return volume;
}

function existing({ store }: CloudState, { params }: Call): Volume {
  const volume = store.volumes.get(params["id"] as string);
  if (!volume) throw notFound();
  return volume;
}

function volumeView({ catalog }: CloudState, volume: Volume) {
  return {
    id: volume.id,
    name: volume.name,
    created_at: volume.createdAt,
    description: volume.description,
    droplet_ids: volume.droplet === null ? [] : [volume.droplet],
    region: catalog.regions.get(volume.region),
    size_gigabytes: volume.sizeGiB,
    filesystem_type: volume.filesystem ?? "",
    filesystem_label: volume.label,
    tags: volume.tags,
  };
}
