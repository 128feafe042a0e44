import { monthlyPrice } from "../billing/prices.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import { removeImage } from "../images/routes.ts";
import type { DestroyedResource, Destruction, Droplet } from "../objects.ts";
import { removeAddress } from "../reserved-ips/addresses.ts";
import { removeVolumeSnapshot } from "../snapshots/volume-snapshots.ts";
import { removeVolume } from "../volumes/routes.ts";
import { ApiError, type Call, notFound, type Route, texts } from "../wire.ts";
import { destroyDroplet } from "./actions.ts";

const FAMILIES = ["reserved_ips", "snapshots", "volumes", "volume_snapshots"] as const;
type Family = (typeof FAMILIES)[number];

interface Associated {
  id: string;
  name: string;
  /** US dollars a month, as text with cents. */
  cost: string;
}

/** `/v2/droplets/{id}/destroy_with_associated_resources`: a droplet and what would be left behind, destroyed together. */
export function destructionRoutes(cloud: CloudState): Route[] {
  const path = "/v2/droplets/:id/destroy_with_associated_resources";
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => withFloating(associated(cloud, existing(cloud, call))),
    },
    {
      method: "DELETE",
      path: `${path}/selective`,
      status: 202,
      handle: (call) => {
        const wanted = {
          ...call.body,
          reserved_ips: [...texts(call.body, "reserved_ips"), ...texts(call.body, "floating_ips")],
        };
        begin(cloud, existing(cloud, call), (family, { id }) => texts(wanted, family).includes(id));
      },
    },
    {
      method: "DELETE",
      path: `${path}/dangerous`,
      status: 202,
      handle: (call) => {
        if (call.headers["x-dangerous"] !== "true")
          throw new ApiError(422, "The X-Dangerous header must be set to true");
        begin(cloud, existing(cloud, call), () => true);
      },
    },
    { method: "GET", path: `${path}/status`, status: 200, handle: (call) => status(destruction(cloud, call)) },
    {
      method: "POST",
      path: `${path}/retry`,
      status: 202,
      handle: (call) => {
        if (destruction(cloud, call).completedAt === null) throw new ApiError(409, "The destroy is still in progress");
      },
    },
  ];
}

/** The droplet is gone: now what was asked to go with it goes. In the transaction that ends the droplet. */
export function finishDestruction(cloud: CloudState, dropletId: number): void {
  const { store, clock } = cloud;
  const found = store.destructions.get(dropletId);
  if (!found) return;
  const now = timestamp(clock.now());
  for (const family of FAMILIES)
    for (const resource of found.resources[family]) {
      remove(cloud, family, resource.id);
      resource.destroyed_at = now;
    }
  store.destructions.put({ ...found, destroyedAt: now, completedAt: now });
}

function associated({ store }: CloudState, { id }: Droplet): Record<Family, Associated[]> {
  const cents = (amount: number) => amount.toFixed(2);
  const volumes = store.volumes.list({ droplet: id });
  const snapshots = volumes.flatMap((volume) => store.volumeSnapshots.list({ volume: volume.id }));
  return {
    reserved_ips: store.reservedIps
      .list({ droplet: id })
      .map((ip) => ({ id: ip.id, name: ip.id, cost: cents(monthlyPrice.idleAddress()) })),
    snapshots: store.images
      .list({ droplet: id })
      .map((s) => ({ id: String(s.id), name: s.name, cost: cents(monthlyPrice.snapshot(s.sizeGiB)) })),
    volumes: volumes.map((v) => ({ id: v.id, name: v.name, cost: cents(monthlyPrice.volume(v.sizeGiB)) })),
    volume_snapshots: snapshots.map((s) => ({ id: s.id, name: s.name, cost: cents(monthlyPrice.snapshot(s.sizeGiB)) })),
  };
}

function begin(cloud: CloudState, droplet: Droplet, chosen: (family: Family, resource: Associated) => boolean): void {
  const all = associated(cloud, droplet);
  const pick = (family: Family): DestroyedResource[] =>
    all[family].filter((resource) => chosen(family, resource)).map(({ id, name }) => ({ id, name }));
  const [reserved_ips, snapshots, volumes, volume_snapshots] = FAMILIES.map(pick) as [
    DestroyedResource[],
    DestroyedResource[],
    DestroyedResource[],
    DestroyedResource[],
  ];
  destroyDroplet(cloud, droplet);
  const resources = { reserved_ips, snapshots, volumes, volume_snapshots };
  cloud.store.destructions.put({ id: droplet.id, name: droplet.name, resources, destroyedAt: null, completedAt: null });
}

/** What is gone already is done. */
function remove(cloud: CloudState, family: Family, id: string): void {
  const { store } = cloud;
  const image = family === "snapshots" ? store.images.get(id) : undefined;
  const volume = family === "volumes" ? store.volumes.get(id) : undefined;
  const snapshot = family === "volume_snapshots" ? store.volumeSnapshots.get(id) : undefined;
  const ip = family === "reserved_ips" ? store.reservedIps.get(id) : undefined;
  if (image) removeImage(cloud, image);
  if (volume) removeVolume(cloud, volume);
  if (snapshot) removeVolumeSnapshot(cloud, snapshot);
  if (ip) removeAddress(cloud, ip);
}

function status({ id, name, resources, destroyedAt, completedAt }: Destruction) {
  return {
    droplet: { id: String(id), name, ...(destroyedAt && { destroyed_at: destroyedAt }) },
    resources: withFloating(resources),
    completed_at: completedAt,
    failures: 0,
  };
}

/** The old name of reserved addresses is answered too. */
function withFloating<T>(resources: Record<Family, T[]>) {
  return { ...resources, floating_ips: resources.reserved_ips };
}

function destruction({ store }: CloudState, { params }: Call): Destruction {
  const found = store.destructions.get(Number(params["id"]));
  if (!found) throw notFound();
  return found;
}

function existing({ store }: CloudState, { params }: Call): Droplet {
  const droplet = store.droplets.get(Number(params["id"]));
  if (!droplet) throw notFound();
  return droplet;
}
