import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import type { Tag } from "../objects.ts";
import { ApiError, type Call, notFound, page, type Route, unprocessable } from "../wire.ts";

/** What can be tagged: the name in a request, the name in a tag's counts, and where it is kept. */
const TAGGABLE = [
  { type: "droplet", plural: "droplets", collection: "droplets", uri: "droplets" },
  { type: "image", plural: "images", collection: "images", uri: "images" },
  { type: "volume", plural: "volumes", collection: "volumes", uri: "volumes" },
  { type: "volume_snapshot", plural: "volume_snapshots", collection: "volumeSnapshots", uri: "snapshots" },
] as const;

const NAME = /^[a-zA-Z0-9_\-:]{1,255}$/;

/** `/v2/tags`, and which resources have them. */
export function tagRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/tags";
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => {
        const { items, envelope } = page(call, store.tags.count(), (range) => store.tags.list({}, range));
        return { tags: items.map((tag) => view(cloud, tag)), ...envelope };
      },
    },
    {
      method: "POST",
      path,
      status: 201,
      handle: (call) => {
        const name = String(call.body["name"] ?? "");
        if (!NAME.test(name))
          throw new ApiError(400, `Error validating resource tag: "${name}" contains invalid characters`);
        return { tag: view(cloud, ensureTag(cloud, name)) };
      },
    },
    {
      method: "GET",
      path: `${path}/:tag`,
      status: 200,
      handle: (call) => ({ tag: view(cloud, existing(cloud, call)) }),
    },
    { method: "DELETE", path: `${path}/:tag`, status: 204, handle: (call) => remove(cloud, existing(cloud, call).id) },
    {
      method: "POST",
      path: `${path}/:tag/resources`,
      status: 204,
      handle: (call) => retag(cloud, call, (tags, tag) => [...new Set([...tags, tag])]),
    },
    {
      method: "DELETE",
      path: `${path}/:tag/resources`,
      status: 204,
      handle: (call) => retag(cloud, call, (tags, tag) => tags.filter((own) => own !== tag)),
    },
  ];
}

/** The names of a request's `tags`, each of them made if it was not there; in the running transaction. */
export function ensureTags(cloud: CloudState, names: readonly string[]): string[] {
  for (const name of names) {
    if (!NAME.test(name))
      throw unprocessable(
        `tag "${name}" is invalid: only letters, numbers, colons, dashes, and underscores are allowed`,
      );
    ensureTag(cloud, name);
  }
  return [...new Set(names)];
}

function ensureTag({ store, clock }: CloudState, name: string): Tag {
  return store.tags.get(name) ?? store.tags.put({ id: name, createdAt: timestamp(clock.now()) });
}

function remove({ store }: CloudState, tag: string): void {
  for (const { collection } of TAGGABLE)
    for (const doc of store[collection].list({ tag })) untag(store[collection], doc, tag);
  for (const firewall of store.firewalls.list({ tag })) untag(store.firewalls, firewall, tag);
  store.tags.delete(tag);
}

function untag<T extends { id: number | string; tags: string[] }>(
  collection: { put(doc: T): T },
  doc: T,
  tag: string,
): void {
  collection.put({ ...doc, tags: doc.tags.filter((own) => own !== tag) });
}

function retag(cloud: CloudState, call: Call, change: (tags: string[], tag: string) => string[]): void {
  const { store } = cloud;
  const tag = existing(cloud, call).id;
  const resources = call.body["resources"];
  if (!Array.isArray(resources)) throw unprocessable("resources is required");
  for (const { resource_type, resource_id } of resources as { resource_type?: string; resource_id?: string }[]) {
    const kind = TAGGABLE.find(({ type }) => type === resource_type);
    if (!kind) throw unprocessable(`resource_type "${resource_type}" is not supported`);
    const collection = store[kind.collection] as unknown as {
      get(id: string): { id: string; tags: string[] } | undefined;
      put(doc: { id: string; tags: string[] }): void;
    };
    const doc = collection.get(String(resource_id));
    if (!doc) throw notFound();
    collection.put({ ...doc, tags: change(doc.tags, tag) });
  }
}

function existing({ store }: CloudState, { params }: Call): Tag {
  const tag = store.tags.get(params["tag"] as string);
  if (!tag) throw notFound();
  return tag;
}

function view(cloud: CloudState, tag: Tag) {
  let total = 0;
  let latest: string | undefined;
  const counts: Record<string, { count: number; last_tagged_uri?: string }> = {};
  for (const { plural, collection, uri } of TAGGABLE) {
    const ids = cloud.store[collection].ids({ tag: tag.id });
    const last = ids.at(-1);
    const last_tagged_uri = last === undefined ? undefined : `${cloud.origin}/v2/${uri}/${last}`;
    counts[plural] = { count: ids.length, ...(last_tagged_uri && { last_tagged_uri }) };
    total += ids.length;
    latest ??= last_tagged_uri;
  }
  counts["databases"] = { count: 0 };
  return { name: tag.id, resources: { count: total, ...(latest && { last_tagged_uri: latest }), ...counts } };
}
