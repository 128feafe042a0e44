import { randomInt, randomUUID } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { ActionKind } from "../actions.ts";
import type { TakenRange } from "../backend.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import type { Vpc } from "../objects.ts";
import { ApiError, type Call, notFound, page, pageOf, type Route, text, unprocessable } from "../wire.ts";
import { AUTOMATIC_RANGES, freeRange, overlapping, parseRange, RESERVED_RANGES } from "./ranges.ts";

/** `/v2/vpcs`. */
export function vpcRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/vpcs";
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => {
        const { items, envelope } = page(call, store.vpcs.count(), (range) => store.vpcs.list({}, range));
        return { vpcs: items.map(view), ...envelope };
      },
    },
    {
      method: "POST",
      path,
      status: 201,
      prepare: () => cloud.backend.takenRanges(),
      handle: (call, taken) => ({ vpc: view(create(cloud, call, taken as TakenRange[])) }),
    },
    { method: "GET", path: `${path}/:id`, status: 200, handle: (call) => ({ vpc: view(existing(cloud, call)) }) },
    { method: "PUT", path: `${path}/:id`, status: 200, handle: (call) => ({ vpc: view(update(cloud, call, true)) }) },
    {
      method: "PATCH",
      path: `${path}/:id`,
      status: 200,
      handle: (call) => ({ vpc: view(update(cloud, call, false)) }),
    },
    { method: "DELETE", path: `${path}/:id`, status: 204, handle: (call) => remove(cloud, existing(cloud, call)) },
    {
      method: "GET",
      path: `${path}/:id/members`,
      status: 200,
      handle: (call) => {
        const members = store.droplets.list({ vpc: existing(cloud, call).id });
        const type = call.query["resource_type"] ?? "droplet";
        const { items, envelope } = pageOf(call, type === "droplet" ? members : []);
        const view = items.map((d) => ({ urn: `do:droplet:${d.id}`, name: d.name, created_at: d.createdAt }));
        return { members: view, ...envelope };
      },
    },
  ];
}

/** The region's own VPC; it comes to be when it is first needed, as at DigitalOcean. In the running transaction. */
export function defaultVpc(cloud: CloudState, region: string): Vpc {
  const own = cloud.store.vpcs.list({ region });
  const found = own.find((vpc) => vpc.default);
  if (found) return found;
  const range = automaticRange(cloud);
  return add(cloud, { name: `default-${region}`, description: "", region, range, default: true });
}

/**
 * A range that no VPC has. With real machines it must not be in use on this host either, by another cloud for example:
 * what its interfaces show is left out, and each cloud begins elsewhere, for what they do not show.
 */
function automaticRange({ store, backend }: CloudState): string {
  const own = store.vpcs.list().map((vpc) => vpc.range);
  if (backend.kind === "none") return freeRange(own);
  const start = store.meta<number>("firstRange") ?? randomInt(AUTOMATIC_RANGES);
  store.setMeta("firstRange", start);
  const addresses = Object.values(networkInterfaces()).flatMap((entries = []) => entries);
  const host = addresses.filter(({ family }) => family === "IPv4").flatMap(({ cidr }) => cidr ?? []);
  // A wider one, of a VPN, would leave nothing; a Docker network inside it wins over it.
  const narrow = host.filter((cidr) => Number(cidr.split("/")[1]) >= 16);
  return freeRange([...own, ...narrow], start);
}

/** @param foreign ranges of this machine that no account knows of, and that no network can be made over */
function create(cloud: CloudState, { body }: Call, foreign: readonly TakenRange[]): Vpc {
  const { catalog } = cloud;
  const name = validName(cloud, text(body, "name"));
  const region = text(body, "region");
  if (!catalog.regions.get(region)?.available) throw unprocessable("region is invalid");
  defaultVpc(cloud, region);
  const range = body["ip_range"] ? validRange(cloud, String(body["ip_range"]), foreign) : undefined;
  const description = String(body["description"] ?? "");
  return add(cloud, { name, description, region, range: range ?? automaticRange(cloud), default: false });
}

function add(cloud: CloudState, fields: Omit<Vpc, "id" | "createdAt">): Vpc {
  const vpc = cloud.store.vpcs.put({ id: randomUUID(), ...fields, createdAt: timestamp(cloud.clock.now()) });
  // A default one gets its network with its first droplet, and may never have one.
  if (!vpc.default)
    cloud.actions.begin({ kind: "ensure_vpc", visible: false, keys: ["networks"], params: { id: vpc.id } });
  return vpc;
}

function update(cloud: CloudState, call: Call, whole: boolean): Vpc {
  const { store } = cloud;
  const vpc = existing(cloud, call);
  const { name, description } = call.body;
  if (whole || name !== undefined) vpc.name = validName(cloud, text(call.body, "name"), vpc.id);
  if (description !== undefined) vpc.description = String(description);
  if (call.body["default"] === true && !vpc.default) {
    for (const other of store.vpcs.list({ region: vpc.region }))
      if (other.default) store.vpcs.put({ ...other, default: false });
    vpc.default = true;
  }
  return store.vpcs.put(vpc);
}

/** DigitalOcean's description says 403 for members; the API has been seen to answer 409 with this text. */
function remove(cloud: CloudState, vpc: Vpc): void {
  const { store, actions } = cloud;
  if (vpc.default) throw new ApiError(403, "Can not delete default VPCs");
  if (store.droplets.count({ vpc: vpc.id }) > 0) throw new ApiError(409, "Can not delete VPC with members");
  store.vpcs.delete(vpc.id);
  actions.begin({ kind: "remove_vpc", visible: false, keys: ["networks"], params: { id: vpc.id } });
}

function existing({ store }: CloudState, { params }: Call): Vpc {
  const vpc = store.vpcs.get(params["id"] as string);
  if (!vpc) throw notFound();
  return vpc;
}

function validName({ store }: CloudState, name: string, self?: string): string {
  if (!/^[a-zA-Z0-9\-.]+$/.test(name))
    throw unprocessable("name may only contain alphanumeric characters, dashes, and periods");
  const other = store.vpcs.first({ name });
  if (other && other.id !== self) throw unprocessable("a VPC with the same name already exists in your account");
  return name;
}

function validRange({ store }: CloudState, range: string, foreign: readonly TakenRange[]): string {
  const parsed = parseRange(range);
  if (!parsed) throw unprocessable("ip_range must be a private network in CIDR notation, between /16 and /28");
  if (RESERVED_RANGES.some((reserved) => overlapping(range, reserved)))
    throw unprocessable("This range/size overlaps with the range reserved for DigitalOcean internal use");
  const other = store.vpcs.list().find((vpc) => overlapping(range, vpc.range));
  if (other)
    throw unprocessable(
      `This range/size overlaps with another VPC network in your account: ${other.name} ${other.range}.`,
    );
  const taken = foreign.find((network) => overlapping(range, network.range));
  if (taken) throw unprocessable(`This range/size overlaps with ${taken.by}, where the local cloud runs`);
  return parsed;
}

function view(vpc: Vpc) {
  return {
    id: vpc.id,
    urn: `do:vpc:${vpc.id}`,
    name: vpc.name,
    description: vpc.description,
    region: vpc.region,
    ip_range: vpc.range,
    default: vpc.default,
    created_at: vpc.createdAt,
  };
}

/** The work behind VPCs. */
export function vpcKinds({ store, backend }: CloudState): Record<string, ActionKind> {
  return {
    ensure_vpc: {
      effect: async ({ params }) => {
        const vpc = store.vpcs.get(params["id"] as string);
        if (vpc) await backend.ensureVpc({ id: vpc.id, range: vpc.range });
      },
      finish: () => {},
    },
    remove_vpc: { effect: ({ params }) => backend.removeVpc(params["id"] as string), finish: () => {} },
  };
}
