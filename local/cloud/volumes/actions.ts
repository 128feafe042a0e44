import type { ActionKind } from "../actions.ts";
import type { VolumeSpec } from "../backend.ts";
import { changeMeter, volumePrice } from "../billing/meters.ts";
import type { CloudState } from "../cloud.ts";
import type { Action, Droplet, Volume } from "../objects.ts";
import { ensureTags } from "../tags/routes.ts";
import { ApiError, pendingEvent, texts, unprocessable } from "../wire.ts";
import { validSize } from "./size.ts";

/** Source: Volumes Limits page. */
const VOLUMES_PER_DROPLET = 15;

/** Begins `attach`, `detach` or `resize`, in the running transaction. */
export function actOnVolume(cloud: CloudState, volume: Volume, body: Record<string, unknown>): Action {
  const { region } = body;
  if (region !== undefined && region !== null && region !== "" && region !== volume.region)
    throw unprocessable("region does not match the volume's");
  checkIdle(cloud, volume);
  switch (body["type"]) {
    case "attach":
      return attach(cloud, volume, body);
    case "detach":
      return detach(cloud, volume, body);
    case "resize":
      return resize(cloud, volume, validSize(body["size_gigabytes"], 1));
    default:
      throw unprocessable(`"${String(body["type"])}" is not a valid action type`);
  }
}

function checkIdle({ store }: CloudState, volume: Volume): void {
  if (store.actions.first({ volume: volume.id, status: "in-progress" }))
    throw unprocessable("volume already has a pending event.");
}

/** What can be attached to this droplet now; 422 with the reason where it cannot. */
export function checkAttachable(cloud: CloudState, volume: Volume, region: string, dropletId?: number): void {
  checkIdle(cloud, volume);
  if (volume.droplet !== null)
    throw unprocessable(
      volume.droplet === dropletId
        ? "volume is already attached to this droplet"
        : "volume is already attached to another droplet",
    );
  if (volume.region !== region) throw unprocessable("volume and droplet must be in the same region");
  if (dropletId !== undefined && cloud.store.volumes.count({ droplet: dropletId }) >= VOLUMES_PER_DROPLET)
    throw unprocessable(`droplet can have at most ${VOLUMES_PER_DROPLET} volumes attached`);
}

function attach(cloud: CloudState, volume: Volume, body: Record<string, unknown>): Action {
  const { store } = cloud;
  const droplet = store.droplets.get(Number(body["droplet_id"]));
  if (!droplet) throw new ApiError(404, "droplet not found");
  checkAttachable(cloud, volume, droplet.region, droplet.id);
  if (droplet.pending !== null) throw pendingEvent();
  if (body["tags"]) store.volumes.put({ ...volume, tags: ensureTags(cloud, [...volume.tags, ...texts(body, "tags")]) });
  return begin(cloud, "attach_volume", volume, droplet);
}

function detach(cloud: CloudState, volume: Volume, body: Record<string, unknown>): Action {
  if (!body["droplet_id"]) throw unprocessable("Attachment not found");
  const droplet = cloud.store.droplets.get(Number(body["droplet_id"]));
  if (!droplet || volume.droplet !== droplet.id) throw new ApiError(404, "volume is not attached to droplet");
  if (droplet.pending !== null) throw pendingEvent();
  return begin(cloud, "detach_volume", volume, droplet);
}

function resize(cloud: CloudState, volume: Volume, sizeGiB: number): Action {
  if (sizeGiB < volume.sizeGiB) throw unprocessable("volumes can only be expanded and not shrunk");
  if (sizeGiB === volume.sizeGiB) throw unprocessable(`volume is already ${sizeGiB} GiB`);
  return cloud.actions.begin({
    kind: "resize_volume",
    type: "resize_volume",
    region: volume.region,
    resourceType: "volume",
    volume: volume.id,
    keys: [`volume:${volume.id}`],
    params: { sizeGiB },
  });
}

function begin(cloud: CloudState, kind: string, volume: Volume, droplet: Droplet): Action {
  const action = cloud.actions.begin({
    kind,
    region: volume.region,
    resourceType: "volume",
    volume: volume.id,
    droplet: droplet.id,
    keys: [`volume:${volume.id}`, `droplet:${droplet.id}`],
  });
  cloud.store.droplets.put({ ...droplet, pending: action.id });
  return action;
}

/** The work behind volumes. */
export function volumeKinds(cloud: CloudState): Record<string, ActionKind> {
  const { store, backend } = cloud;
  const assign = (id: string | undefined, droplet: number | null) => {
    const volume = store.volumes.get(id ?? "");
    if (volume) store.volumes.put({ ...volume, droplet });
  };
  return {
    ensure_volume: { effect: ({ params }) => ensureVolume(cloud, params["id"] as string), finish: () => {} },
    remove_volume: { effect: ({ params }) => backend.removeVolume(params["id"] as string), finish: () => {} },
    attach_volume: {
      effect: async ({ volume, droplet }) => {
        const name = await ensureVolume(cloud, volume as string);
        if (name !== undefined) await backend.attachVolume(volume as string, name, droplet as number);
      },
      finish: ({ volume, droplet }) => assign(volume, droplet as number),
    },
    detach_volume: {
      effect: async ({ volume, droplet }) => {
        const name = store.volumes.get(volume as string)?.name ?? "";
        await backend.detachVolume(volume as string, name, droplet as number);
      },
      finish: ({ volume }) => assign(volume, null),
    },
    resize_volume: {
      effect: ({ volume, params }) => backend.resizeVolume(volume as string, params["sizeGiB"] as number),
      finish: ({ volume: id, params }) => {
        const volume = store.volumes.get(id as string);
        if (!volume) return;
        const sizeGiB = params["sizeGiB"] as number;
        changeMeter(cloud, "volume", store.volumes.put({ ...volume, sizeGiB }), volumePrice(sizeGiB));
      },
    },
  };
}

/** Makes the volume if it is still wanted; answers with its name. */
export async function ensureVolume({ store, backend }: CloudState, id: string): Promise<string | undefined> {
  const volume = store.volumes.get(id);
  if (!volume) return undefined;
  const spec: VolumeSpec = { id, name: volume.name, sizeGiB: volume.sizeGiB };
  if (volume.filesystem) spec.filesystem = volume.filesystem;
  if (volume.label) spec.label = volume.label;
  if (volume.snapshot) spec.snapshotId = volume.snapshot;
  await backend.ensureVolume(spec);
  return volume.name;
}
