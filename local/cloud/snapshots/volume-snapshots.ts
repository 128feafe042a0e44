import { randomUUID } from "node:crypto";
import type { ActionKind } from "../actions.ts";
import { snapshotPrice, startMeter, stopMeter } from "../billing/meters.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import type { Volume, VolumeSnapshot } from "../objects.ts";
import { ensureTags } from "../tags/routes.ts";
import { text, texts, unprocessable } from "../wire.ts";

/** Source: Snapshots Limits page. */
const SNAPSHOTS_PER_VOLUME = 25;

/** Taken at once, as at DigitalOcean; its size is known when the backend has copied it. In the running transaction. */
export function createVolumeSnapshot(cloud: CloudState, volume: Volume, body: Record<string, unknown>): VolumeSnapshot {
  const { store, clock, actions } = cloud;
  const name = text(body, "name");
  if (store.volumeSnapshots.count({ volume: volume.id }) >= SNAPSHOTS_PER_VOLUME)
    throw unprocessable(`a volume can have at most ${SNAPSHOTS_PER_VOLUME} snapshots`);
  const snapshot = store.volumeSnapshots.put({
    id: randomUUID(),
    name,
    volume: volume.id,
    region: volume.region,
    minDiskGiB: volume.sizeGiB,
    sizeGiB: 0,
    tags: ensureTags(cloud, texts(body, "tags")),
    createdAt: timestamp(clock.now()),
  });
  const keys = [`volume:${volume.id}`, `snapshot:${snapshot.id}`];
  actions.begin({ kind: "snapshot_volume", visible: false, keys, params: { id: snapshot.id, volume: volume.id } });
  return snapshot;
}

/** Forgets it, in the running transaction. */
export function removeVolumeSnapshot(cloud: CloudState, snapshot: VolumeSnapshot): void {
  cloud.store.volumeSnapshots.delete(snapshot.id);
  stopMeter(cloud, "snapshot", snapshot);
  const keys = [`snapshot:${snapshot.id}`];
  cloud.actions.begin({ kind: "remove_volume_snapshot", visible: false, keys, params: { id: snapshot.id } });
}

/** The work behind them. */
export function volumeSnapshotKinds(cloud: CloudState): Record<string, ActionKind> {
  const { store, backend } = cloud;
  return {
    snapshot_volume: {
      effect: async ({ params }) => {
        if (!store.volumeSnapshots.get(params["id"] as string)) return { sizeGiB: 0 };
        return backend.snapshotVolume(params["volume"] as string, params["id"] as string);
      },
      finish: ({ params }, result) => {
        const snapshot = store.volumeSnapshots.get(params["id"] as string);
        const { sizeGiB } = result as { sizeGiB: number };
        if (!snapshot) return;
        startMeter(cloud, "snapshot", store.volumeSnapshots.put({ ...snapshot, sizeGiB }), snapshotPrice(sizeGiB));
      },
    },
    remove_volume_snapshot: {
      effect: ({ params }) => backend.removeVolumeSnapshot(params["id"] as string),
      finish: () => {},
    },
  };
}

export function volumeSnapshotView(snapshot: VolumeSnapshot) {
  return {
    id: snapshot.id,
    name: snapshot.name,
    created_at: snapshot.createdAt,
    regions: [snapshot.region],
    resource_id: snapshot.volume,
    resource_type: "volume",
    min_disk_size: snapshot.minDiskGiB,
    size_gigabytes: snapshot.sizeGiB,
    tags: snapshot.tags,
  };
}
