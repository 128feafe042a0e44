import type { Failure } from "../../engine/provider.ts";
import type { Properties } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, marked } from "../../rest/once.ts";
import type { Cloud, Made, RestType } from "../../rest/type.ts";
import { runAction } from "../actions.ts";
import { removeUntil } from "../paths.ts";
import { markedTags, markOf, removeMark, tagging, tags, visibleTags } from "../tags.ts";

/** A volume stays attached for some seconds after its droplet has gone. */
const DETACH_SECONDS = 60;

const FILESYSTEMS = ["ext4", "xfs"];

export const volume: RestType = {
  token: "digitalocean:index/volume:Volume",
  noun: "volume",
  name: { maxLength: 64, lower: true },
  inputs: {
    region: { type: "string", required: true, replaces: true, stored: "lower" },
    size: { type: "integer", required: true, minimum: 1 },
    name: { type: "string", required: true, replaces: true, nonEmpty: true },
    description: { type: "string", replaces: true, nonEmpty: true },
    snapshotId: { type: "string", replaces: true, nonEmpty: true },
    initialFilesystemType: { type: "string", replaces: true, values: FILESYSTEMS },
    initialFilesystemLabel: { type: "string", replaces: true, nonEmpty: true },
    filesystemType: { type: "string", computed: true, values: FILESYSTEMS },
    tags,
  },
  reads: {
    region: (object) => object.region?.slug,
    size: "size_gigabytes",
    name: "name",
    description: (object) => object.description || undefined,
    filesystemType: (object) => object.filesystem_type ?? "",
    filesystemLabel: (object) => object.filesystem_label ?? "",
    tags: visibleTags,
    dropletIds: (object) => object.droplet_ids ?? [],
    volumeUrn: (object) => `do:volume:${object.id}`,
  },
  verify: (inputs): Failure[] =>
    inputs.filesystemType !== undefined && inputs.initialFilesystemType !== undefined
      ? [{ property: "filesystemType", reason: `"filesystem_type": conflicts with initial_filesystem_type` }]
      : [],
  // In the diff this would make `pulumi refresh` fail for a volume that somebody has enlarged.
  plan(state, inputs) {
    if (Number(inputs.size) < Number(state.size)) {
      throw new Error(
        `volumes \`size\` can only be expanded and not shrunk: it has ${state.size} GiB, ${inputs.size} GiB are asked for`,
      );
    }
  },
  create,
  find: (cloud, id) => unlessGone(async () => (await cloud.get(`/v2/volumes/${id}`)).volume),
  steps: [{ inputs: ["size"], run: resize }, tagging("volume")],
  async remove(cloud, id, state) {
    await removeUntil(cloud, `/v2/volumes/${id}`, { refusals: [409, 422], seconds: DETACH_SECONDS, why: "attached" });
    await removeMark(cloud, state);
  },
};

async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const mark = markOf(cloud, inputs);
  const region = inputs.region;
  const object = await createOnce({
    what: `volume "${inputs.name}"`,
    make: async () => (await cloud.post("/v2/volumes", body(cloud, inputs))).volume,
    candidates: async () => {
      const named = await cloud.list(
        `/v2/volumes?name=${encodeURIComponent(String(inputs.name))}&region=${region}`,
        "volumes",
      );
      return named.filter((one) => one.tags?.includes(mark));
    },
    differs: (one) =>
      one.size_gigabytes === inputs.size ? undefined : `size is ${one.size_gigabytes}, not ${inputs.size}`,
    remove: (one) => cloud.remove(`/v2/volumes/${one.id}`),
    ...marked(cloud),
  });
  return { id: object.id, object };
}

function body(cloud: Cloud, inputs: Properties): Json {
  return {
    name: inputs.name,
    region: inputs.region,
    size_gigabytes: inputs.size,
    description: inputs.description,
    snapshot_id: inputs.snapshotId,
    filesystem_type: inputs.initialFilesystemType ?? inputs.filesystemType,
    filesystem_label: inputs.initialFilesystemLabel,
    tags: markedTags(cloud, inputs),
  };
}

async function resize(cloud: Cloud, id: string, inputs: Properties): Promise<void> {
  const region = inputs.region;
  await runAction(cloud, `/v2/volumes/${id}/actions`, { type: "resize", size_gigabytes: inputs.size, region });
}
