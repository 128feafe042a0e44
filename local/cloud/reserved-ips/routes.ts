import { limitsOf } from "../account/routes.ts";
import type { ActionKind } from "../actions.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import { dropletView } from "../droplets/view.ts";
import { findAction, listActions } from "../history/routes.ts";
import { actionLink, actionView } from "../history/view.ts";
import type { Action, Droplet, ReservedIp } from "../objects.ts";
import { projectOf } from "../projects/resources.ts";
import { type Call, notFound, page, pendingEvent, type Route, text, unprocessable } from "../wire.ts";
import { assigned, removeAddress, reserved, unassigned } from "./addresses.ts";

/** `/v2/reserved_ips`, and the same under its old name, `/v2/floating_ips`. */
export function reservedIpRoutes(cloud: CloudState): Route[] {
  return [...routes(cloud, "reserved_ip"), ...routes(cloud, "floating_ip")];
}

function routes(cloud: CloudState, name: "reserved_ip" | "floating_ip"): Route[] {
  const { store } = cloud;
  const path = `/v2/${name}s`;
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => {
        const { items, envelope } = page(call, store.reservedIps.count(), (range) => store.reservedIps.list({}, range));
        return { [`${name}s`]: items.map((ip) => view(cloud, ip)), ...envelope };
      },
    },
    {
      method: "POST",
      path,
      status: 202,
      prepare: async (call) => {
        store.transaction(() => checkRequest(cloud, call));
        return cloud.backend.assignReservedIp(null, null);
      },
      handle: (call, allocated?: unknown) => create(cloud, call, name, (allocated as { ip: string }).ip),
    },
    {
      method: "GET",
      path: `${path}/:ip`,
      status: 200,
      handle: (call) => ({ [name]: view(cloud, existing(cloud, call)) }),
    },
    {
      method: "DELETE",
      path: `${path}/:ip`,
      status: 204,
      handle: (call) => {
        const ip = existing(cloud, call);
        if (ip.locked) throw pendingEvent("reserved IP");
        removeAddress(cloud, ip);
      },
    },
    {
      method: "GET",
      path: `${path}/:ip/actions`,
      status: 200,
      handle: (call) => listActions(cloud, call, { ip: existing(cloud, call).id }),
    },
    {
      method: "GET",
      path: `${path}/:ip/actions/:action`,
      status: 200,
      handle: (call) => {
        const ip = existing(cloud, call);
        return actionView(
          cloud,
          findAction(cloud, call, (action) => action.ip === ip.id),
        );
      },
    },
    {
      method: "POST",
      path: `${path}/:ip/actions`,
      status: 201,
      handle: (call) => {
        const ip = existing(cloud, call);
        const { action } = actionView(cloud, act(cloud, ip, call.body));
        return { action: { ...action, project_id: projectOf(cloud, `do:floatingip:${ip.id}`).id } };
      },
    },
  ];
}

/** The work behind reserved addresses. */
export function reservedIpKinds(cloud: CloudState): Record<string, ActionKind> {
  const { store, backend } = cloud;
  return {
    assign_ip: {
      effect: ({ ip, droplet }) => backend.assignReservedIp(ip as string, droplet as number),
      finish: (action) => {
        const ip = store.reservedIps.get(action.ip as string);
        if (ip) assigned(cloud, ip, action.droplet as number);
      },
      fail: (action) => unlock(cloud, action),
    },
    unassign_ip: {
      effect: ({ ip }) => backend.assignReservedIp(ip as string, null),
      finish: (action) => {
        const ip = store.reservedIps.get(action.ip as string);
        if (ip) unassigned(cloud, ip);
      },
      fail: (action) => unlock(cloud, action),
    },
    release_ip: { effect: ({ params }) => backend.releaseReservedIp(params["ip"] as string), finish: () => {} },
  };
}

function unlock({ store }: CloudState, action: Action): void {
  const ip = store.reservedIps.get(action.ip as string);
  if (ip) store.reservedIps.put({ ...ip, locked: false });
}

function checkRequest(cloud: CloudState, { body }: Call): { region: string; droplet?: Droplet } {
  const { store, catalog } = cloud;
  if (store.reservedIps.count() >= limitsOf(cloud).reservedIps)
    throw unprocessable("You have reached your reserved IP limit.");
  if (body["droplet_id"] != null) {
    const droplet = store.droplets.get(Number(body["droplet_id"]));
    if (!droplet) throw unprocessable("Droplet not found");
    if (droplet.pending !== null) throw pendingEvent();
    return { region: droplet.region, droplet };
  }
  const region = text(body, "region");
  if (!catalog.regions.get(region)?.available) throw unprocessable("region is invalid");
  return { region };
}

function create(cloud: CloudState, call: Call, name: string, address: string) {
  const { region, droplet } = checkRequest(cloud, call);
  const ip = { id: address, region, droplet: null, locked: false, createdAt: timestamp(cloud.clock.now()) };
  reserved(cloud, ip);
  if (!droplet) return { [name]: view(cloud, ip), links: {} };
  const action = begin(cloud, ip, "assign_ip", droplet);
  const href = `${cloud.origin}/v2/droplets/${droplet.id}`;
  const links = {
    droplets: [{ id: droplet.id, rel: "droplet", href }],
    actions: [actionLink(cloud, action, "assign_ip")],
  };
  return { [name]: view(cloud, { ...ip, locked: true }), links };
}

function act(cloud: CloudState, ip: ReservedIp, body: Record<string, unknown>): Action {
  const type = text(body, "type");
  if (ip.locked) throw pendingEvent("reserved IP");
  if (type === "unassign") {
    if (ip.droplet === null) throw unprocessable("The reserved IP is not assigned to a Droplet.");
    return begin(cloud, ip, "unassign_ip", cloud.store.droplets.get(ip.droplet));
  }
  if (type !== "assign") throw unprocessable(`"${type}" is not a valid action type`);
  const droplet = cloud.store.droplets.get(Number(body["droplet_id"]));
  if (!droplet) throw unprocessable("Droplet not found");
  if (droplet.region !== ip.region) throw unprocessable("The reserved IP and the Droplet must be in the same region.");
  return begin(cloud, ip, "assign_ip", droplet);
}

function begin(cloud: CloudState, ip: ReservedIp, kind: string, droplet: Droplet | undefined): Action {
  if (droplet && droplet.pending !== null) throw pendingEvent();
  cloud.store.reservedIps.put({ ...ip, locked: true });
  const action = cloud.actions.begin({
    kind,
    region: ip.region,
    resourceType: "reserved_ip",
    ip: ip.id,
    ...(droplet && { droplet: droplet.id }),
    keys: [`ip:${ip.id}`, ...(droplet ? [`droplet:${droplet.id}`] : [])],
  });
  if (droplet) cloud.store.droplets.put({ ...droplet, pending: action.id });
  return action;
}

function existing({ store }: CloudState, { params }: Call): ReservedIp {
  const ip = store.reservedIps.get(params["ip"] as string);
  if (!ip) throw notFound();
  return ip;
}

function view(cloud: CloudState, ip: ReservedIp) {
  const droplet = ip.droplet === null ? undefined : cloud.store.droplets.get(ip.droplet);
  return {
    ip: ip.id,
    region: cloud.catalog.regions.get(ip.region),
    droplet: droplet ? dropletView(cloud, droplet) : null,
    locked: ip.locked,
    project_id: projectOf(cloud, `do:floatingip:${ip.id}`).id,
  };
}
