import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import type { RestType } from "../../rest/type.ts";
import { removeNow } from "../paths.ts";
import { tagName } from "../tags.ts";

/** What a tag tells about the resources that have it; the function getTag tells the same. */
export const TAG_COUNTS = {
  totalResourceCount: (object: Json) => object.resources?.count ?? 0,
  dropletsCount: (object: Json) => object.resources?.droplets?.count ?? 0,
  imagesCount: (object: Json) => object.resources?.images?.count ?? 0,
  volumesCount: (object: Json) => object.resources?.volumes?.count ?? 0,
  volumeSnapshotsCount: (object: Json) => object.resources?.volume_snapshots?.count ?? 0,
  databasesCount: (object: Json) => object.resources?.databases?.count ?? 0,
};

/** The API makes a tag that exists once more, so a create may be repeated, and several programs may have the same one. */
export const tag: RestType = {
  token: "digitalocean:index/tag:Tag",
  noun: "tag",
  name: { maxLength: 255 },
  inputs: { name: { ...tagName, required: true, replaces: true } },
  reads: { name: "name", ...TAG_COUNTS },
  async create(cloud, { name }) {
    const object = (await cloud.postAgain("/v2/tags", { name })).tag;
    return { id: object.name, object };
  },
  find: (cloud, id) => unlessGone(async () => (await cloud.get(`/v2/tags/${id}`)).tag),
  steps: [],
  remove: (cloud, id) => removeNow(cloud, `/v2/tags/${id}`),
};
