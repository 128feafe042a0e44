import type { ActionKind } from "../actions.ts";
import { stopMeter } from "../billing/meters.ts";
import type { CloudState } from "../cloud.ts";
import { findAction, listActions } from "../history/routes.ts";
import { actionView } from "../history/view.ts";
import type { Action, Image } from "../objects.ts";
import { type Call, notFound, pageOf, type Route, text, unprocessable } from "../wire.ts";

/** `/v2/images`: DigitalOcean's own from the catalogue, and the account's droplet snapshots. */
export function imageRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/images";
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, list(cloud, call));
        return { images: items.map(imageView), ...envelope };
      },
    },
    {
      method: "GET",
      path: `${path}/:image`,
      status: 200,
      handle: (call) => ({ image: imageView(existing(cloud, call)) }),
    },
    {
      method: "PUT",
      path: `${path}/:image`,
      status: 200,
      handle: (call) => {
        const image = own(cloud, call);
        const { name, description, distribution } = call.body;
        if (name !== undefined) image.name = text(call.body, "name");
        if (description !== undefined) image.description = String(description);
        if (distribution !== undefined) image.distribution = String(distribution);
        return { image: imageView(store.images.put(image)) };
      },
    },
    { method: "DELETE", path: `${path}/:image`, status: 204, handle: (call) => removeImage(cloud, own(cloud, call)) },
    {
      method: "GET",
      path: `${path}/:image/actions`,
      status: 200,
      handle: (call) => listActions(cloud, call, { image: existing(cloud, call).id }),
    },
    {
      method: "GET",
      path: `${path}/:image/actions/:action`,
      status: 200,
      handle: (call) => {
        const image = existing(cloud, call);
        return actionView(
          cloud,
          findAction(cloud, call, (action) => action.image === image.id),
        );
      },
    },
    {
      method: "POST",
      path: `${path}/:image/actions`,
      status: 201,
      handle: (call) => actionView(cloud, act(cloud, call)),
    },
  ];
}

/** The work behind actions on images. */
export function imageKinds({ store, backend }: CloudState): Record<string, ActionKind> {
  return {
    transfer: {
      finish: ({ image, params }) => {
        const found = store.images.get(image as number);
        if (found)
          store.images.put({ ...found, regions: [...new Set([...found.regions, params["region"] as string])] });
      },
    },
    convert: { finish: () => {} },
    remove_droplet_snapshot: {
      effect: ({ params }) => backend.removeDropletSnapshot(params["id"] as number),
      finish: () => {},
    },
  };
}

/** By id or slug; the account's own only by id. */
export function findImage({ store, catalog }: CloudState, reference: unknown): Image | undefined {
  const id = Number(reference);
  if (Number.isInteger(id) && id > 0) return catalog.imageById.get(id) ?? store.images.get(id);
  return catalog.imageBySlug.get(String(reference));
}

/** Forgets a snapshot of a droplet, in the running transaction. */
export function removeImage(cloud: CloudState, image: Image): void {
  const { store, actions } = cloud;
  store.images.delete(image.id);
  stopMeter(cloud, "snapshot", { ...image, region: image.regions[0] ?? "" });
  actions.begin({
    kind: "remove_droplet_snapshot",
    visible: false,
    keys: [`snapshot:${image.id}`],
    params: { id: image.id },
  });
}

export function imageView(image: Image) {
  return {
    id: image.id,
    name: image.name,
    distribution: image.distribution,
    slug: image.slug,
    public: image.public,
    regions: image.regions,
    created_at: image.createdAt,
    type: image.type,
    min_disk_size: image.minDiskGiB,
    size_gigabytes: image.sizeGiB,
    description: image.description,
    tags: image.tags,
    status: "available",
    error_message: "",
  };
}

function list({ store, catalog }: CloudState, { query }: Call): Image[] {
  const snapshots = store.images.list(query["tag_name"] ? { tag: query["tag_name"] } : {});
  if (query["private"] === "true" || query["tag_name"]) return snapshots;
  if (query["type"] === "distribution") return catalog.images.filter((image) => image.type === "base");
  if (query["type"] === "application") return catalog.images.filter((image) => image.type === "snapshot");
  return [...snapshots, ...catalog.images];
}

function act(cloud: CloudState, call: Call): Action {
  const image = own(cloud, call);
  const type = text(call.body, "type");
  if (type !== "transfer" && type !== "convert") throw unprocessable(`"${type}" is not a valid action type`);
  const region = type === "transfer" ? text(call.body, "region") : (image.regions[0] ?? null);
  if (region && !cloud.catalog.regions.get(region)?.available) throw unprocessable("region is invalid");
  if (cloud.store.actions.first({ image: image.id, status: "in-progress" }))
    throw unprocessable("Image already has a pending event.");
  return cloud.actions.begin({
    kind: type,
    region,
    resourceType: "image",
    resourceId: image.id,
    image: image.id,
    keys: [`snapshot:${image.id}`],
    params: { region },
    usedGiB: image.sizeGiB,
  });
}

function existing(cloud: CloudState, { params }: Call): Image {
  const image = findImage(cloud, params["image"]);
  if (!image) throw notFound();
  return image;
}

/** An image of the account: DigitalOcean's own cannot be changed, and look as if they were not there. */
function own(cloud: CloudState, call: Call): Image {
  const image = existing(cloud, call);
  if (image.public) throw notFound();
  return image;
}
