import type { Properties } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, marked } from "../../rest/once.ts";
import type { Cloud, Made, Reader, RestType } from "../../rest/type.ts";
import { runAction } from "../actions.ts";
import { removeNow } from "../paths.ts";
import { markedTags, markOf, removeMark, tagging, tags, visibleTags } from "../tags.ts";

const READS = {
  name: "name",
  regions: (object: Json) => object.regions ?? [],
  size: "size_gigabytes",
  createdAt: "created_at",
  minDiskSize: "min_disk_size",
} satisfies Record<string, Reader>;

function find(cloud: Cloud, id: string): Promise<Json | undefined> {
  return unlessGone(async () => (await cloud.get(`/v2/snapshots/${id}`)).snapshot);
}

export const volumeSnapshot: RestType = {
  token: "digitalocean:index/volumeSnapshot:VolumeSnapshot",
  noun: "volume snapshot",
  name: { maxLength: 255 },
  inputs: {
    name: { type: "string", required: true, replaces: true, nonEmpty: true },
    volumeId: { type: "string", required: true, replaces: true, nonEmpty: true },
    tags,
  },
  reads: { ...READS, volumeId: "resource_id", tags: visibleTags },
  create: snapshotVolume,
  find,
  steps: [tagging("volume_snapshot")],
  async remove(cloud, id, state) {
    await removeNow(cloud, `/v2/snapshots/${id}`);
    await removeMark(cloud, state);
  },
};

async function snapshotVolume(cloud: Cloud, inputs: Properties): Promise<Made> {
  const mark = markOf(cloud, inputs);
  const path = `/v2/volumes/${inputs.volumeId}/snapshots`;
  const object = await createOnce({
    what: `volume snapshot "${inputs.name}"`,
    make: async () => (await cloud.post(path, { name: inputs.name, tags: markedTags(cloud, inputs) })).snapshot,
    candidates: async () => (await cloud.list(path, "snapshots")).filter((one) => one.tags?.includes(mark)),
    differs: () => undefined,
    remove: (one) => cloud.remove(`/v2/snapshots/${one.id}`),
    ...marked(cloud),
  });
  return { id: object.id, object };
}

export const dropletSnapshot: RestType = {
  token: "digitalocean:index/dropletSnapshot:DropletSnapshot",
  noun: "droplet snapshot",
  name: { maxLength: 255 },
  inputs: {
    name: { type: "string", required: true, replaces: true, nonEmpty: true },
    dropletId: { type: "string", required: true, replaces: true, nonEmpty: true },
  },
  reads: { ...READS, dropletId: (object) => String(object.resource_id) },
  create: snapshotDroplet,
  find,
  steps: [],
  remove: (cloud, id) => removeNow(cloud, `/v2/snapshots/${id}`),
};

/** The action does not say which snapshot it made: it is the one of its second. */
async function snapshotDroplet(cloud: Cloud, { dropletId, name }: Properties): Promise<Made> {
  const path = `/v2/droplets/${dropletId}`;
  const action = await runAction(cloud, `${path}/actions`, { type: "snapshot", name });
  const made = await cloud.list(`${path}/snapshots`, "snapshots");
  const second = (time: string): number => Math.floor(Date.parse(time) / 1000);
  const object = made.find((one) => one.name === name && second(one.created_at) === second(action.started_at));
  if (!object) throw new Error("Error Could not locate the Droplet Snapshot");
  return { id: String(object.id) };
}
