import type { CloudState } from "../cloud.ts";
import { firewallsOf } from "../firewalls/sync.ts";
import { firewallView } from "../firewalls/view.ts";
import { findAction, listActions } from "../history/routes.ts";
import { actionFields, actionView } from "../history/view.ts";
import { imageView } from "../images/routes.ts";
import type { Droplet } from "../objects.ts";
import { ApiError, type Call, notFound, page, pageOf, type Route } from "../wire.ts";
import { actOnDroplet, actOnTagged, destroyDroplet } from "./actions.ts";
import { createDroplets } from "./create.ts";
import { dropletView } from "./view.ts";

/** `/v2/droplets`. */
export function dropletRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/droplets";
  const one = `${path}/:id`;
  return [
    { method: "GET", path, status: 200, handle: (call) => list(cloud, call) },
    { method: "POST", path, status: 202, handle: (call) => createDroplets(cloud, call) },
    { method: "DELETE", path, status: 204, handle: (call) => removeTagged(cloud, call) },
    {
      method: "POST",
      path: `${path}/actions`,
      status: 201,
      handle: ({ query, body }) => ({
        actions: actOnTagged(cloud, query["tag_name"], body).map((action) => actionFields(cloud, action)),
      }),
    },
    {
      method: "GET",
      path: one,
      status: 200,
      handle: (call) => ({ droplet: dropletView(cloud, existing(cloud, call)) }),
    },
    { method: "DELETE", path: one, status: 204, handle: (call) => void destroyDroplet(cloud, existing(cloud, call)) },
    {
      method: "POST",
      path: `${one}/actions`,
      status: 201,
      handle: (call) => actionView(cloud, actOnDroplet(cloud, existing(cloud, call), call.body)),
    },
    {
      method: "GET",
      path: `${one}/actions`,
      status: 200,
      handle: (call) => listActions(cloud, call, { droplet: existing(cloud, call).id, resourceType: "droplet" }),
    },
    {
      method: "GET",
      path: `${one}/actions/:action`,
      status: 200,
      handle: (call) => {
        const { id } = existing(cloud, call);
        return actionView(
          cloud,
          findAction(cloud, call, (action) => action.resourceId === id),
        );
      },
    },
    {
      method: "GET",
      path: `${one}/snapshots`,
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, store.images.list({ droplet: existing(cloud, call).id }));
        return { snapshots: items.map(imageView), ...envelope };
      },
    },
    {
      method: "GET",
      path: `${one}/firewalls`,
      status: 200,
      handle: (call) => {
        const own = firewallsOf(existing(cloud, call), store.firewalls.list());
        const { items, envelope } = pageOf(call, own);
        return { firewalls: items.map(firewallView), ...envelope };
      },
    },
    { method: "GET", path: `${one}/neighbors`, status: 200, handle: (call) => empty(cloud, call, "droplets") },
    { method: "GET", path: `${one}/backups`, status: 200, handle: (call) => empty(cloud, call, "backups") },
    { method: "GET", path: `${one}/kernels`, status: 200, handle: (call) => empty(cloud, call, "kernels") },
  ];
}

/**
 * GPU droplets are left out unless `type=gpus`, and that cannot be combined with a tag: whoever lists by tag misses them,
 * here as at DigitalOcean.
 */
function list(cloud: CloudState, call: Call) {
  const { type, tag_name: tag, name } = call.query;
  if (type !== undefined && type !== "droplets" && type !== "gpus") throw new ApiError(400, "invalid droplet type");
  if (type === "gpus" && tag !== undefined) throw new ApiError(400, "tag_name cannot be combined with type=gpus");
  const { droplets } = cloud.store;
  const where = { gpu: type === "gpus" ? 1 : 0, tag, name };
  const { items, envelope } = page(call, droplets.count(where), (range) => droplets.list(where, range));
  return { droplets: items.map((droplet) => dropletView(cloud, droplet)), ...envelope };
}

function removeTagged(cloud: CloudState, { query }: Call): void {
  if (!query["tag_name"]) throw new ApiError(422, "tag_name is required");
  for (const droplet of cloud.store.droplets.list({ tag: query["tag_name"] })) destroyDroplet(cloud, droplet);
}

/** What a droplet here never has any of. */
function empty(cloud: CloudState, call: Call, name: string) {
  existing(cloud, call);
  const { items, envelope } = pageOf(call, []);
  return { [name]: items, ...envelope };
}

function existing({ store }: CloudState, { params }: Call): Droplet {
  const id = Number(params["id"]);
  const droplet = Number.isInteger(id) ? store.droplets.get(id) : undefined;
  if (!droplet) throw notFound();
  return droplet;
}
