import { randomBytes } from "node:crypto";
import type { Properties } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { isStatus, unlessGone } from "../../rest/errors.ts";
import { type Cloud, type Made, type RestType, wait } from "../../rest/type.ts";
import { runAction } from "../actions.ts";

const PENDING_EVENT_SECONDS = 2 * 60;

/** A volume in a droplet. The API has no object for it, so the id is made up here, as by the official plugin. */
export const volumeAttachment: RestType = {
  token: "digitalocean:index/volumeAttachment:VolumeAttachment",
  noun: "volume attachment",
  inputs: {
    dropletId: { type: "integer", required: true, replaces: true, minimum: 1 },
    volumeId: { type: "string", required: true, replaces: true, nonEmpty: true },
  },
  reads: {},
  create: attach,
  find: (cloud, _id, state) => attached(cloud, state),
  steps: [],
  remove: (cloud, _id, state) => detach(cloud, state),
};

async function attached(cloud: Cloud, { dropletId, volumeId }: Properties): Promise<Json | undefined> {
  if (volumeId === undefined) throw new Error("a volume attachment has no object of its own, so it cannot be imported");
  const volume = await unlessGone(async () => (await cloud.get(`/v2/volumes/${volumeId}`)).volume);
  return volume?.droplet_ids?.includes(dropletId) ? volume : undefined;
}

async function attach(cloud: Cloud, inputs: Properties): Promise<Made> {
  const { dropletId, volumeId } = inputs;
  if (!(await attached(cloud, inputs))) {
    await runAction(cloud, `/v2/volumes/${volumeId}/actions`, { type: "attach", droplet_id: dropletId });
  }
  return { id: madeUpId(`${dropletId}-${volumeId}`) };
}

/** Detached or gone already is success. */
async function detach(cloud: Cloud, state: Properties): Promise<void> {
  if (!(await attached(cloud, state))) return;
  try {
    await runAction(cloud, `/v2/volumes/${state.volumeId}/actions`, { type: "detach", droplet_id: state.dropletId });
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
}

/** `<prefix>-<time to a tenth of a millisecond><8 hexadecimal digits>`, as terraform-plugin-sdk makes them. */
export function madeUpId(prefix: string): string {
  const time = new Date().toISOString().replace(/\D/g, "").padEnd(18, "0");
  return `${prefix}-${time}${randomBytes(4).toString("hex")}`;
}

const assignment = {
  dropletId: { type: "integer", required: true, replaces: true, minimum: 1 },
  ipAddress: { type: "string", required: true, replaces: true, nonEmpty: true },
} as const;

/** A reserved IP on a droplet. */
export const reservedIpAssignment: RestType = {
  token: "digitalocean:index/reservedIpAssignment:ReservedIpAssignment",
  noun: "reserved IP assignment",
  inputs: assignment,
  reads: {},
  async create(cloud, { dropletId, ipAddress }) {
    await assign(cloud, String(ipAddress), Number(dropletId));
    return { id: madeUpId(`${dropletId}-${ipAddress}`) };
  },
  async find(cloud, _id, { dropletId, ipAddress }) {
    const ip = await reservedIp(cloud, String(ipAddress));
    return ip?.droplet?.id === dropletId ? ip : undefined;
  },
  steps: [],
  async remove(cloud, _id, { dropletId, ipAddress }) {
    const ip = await reservedIp(cloud, String(ipAddress));
    if (ip?.droplet?.id === dropletId) await unassign(cloud, String(ipAddress));
  },
  importing(id) {
    const [ipAddress, dropletId] = id.split(",");
    if (!ipAddress || !dropletId) {
      throw new Error(
        "must use the reserved IP and the ID of the Droplet joined with a comma (e.g. `ip_address,droplet_id`)",
      );
    }
    return { id: madeUpId(`${dropletId}-${ipAddress}`), state: { ipAddress, dropletId: Number(dropletId) } };
  },
};

export function reservedIp(cloud: Cloud, ip: string): Promise<Json | undefined> {
  return unlessGone(async () => (await cloud.get(`/v2/reserved_ips/${ip}`)).reserved_ip);
}

/** Waits until the droplet is idle: a busy one refuses the address. */
export async function assign(cloud: Cloud, ip: string, dropletId: number): Promise<void> {
  await wait(cloud, `droplet ${dropletId} to be idle`, PENDING_EVENT_SECONDS, async () => {
    const { actions } = await cloud.get(`/v2/droplets/${dropletId}/actions?per_page=50`);
    const pending = actions.find((one: Json) => one.status !== "completed" && one.status !== "errored");
    return { state: pending ? `busy with ${pending.type}` : "idle", done: pending ? undefined : true };
  });
  await runAction(cloud, `/v2/reserved_ips/${ip}/actions`, { type: "assign", droplet_id: dropletId });
}

export async function unassign(cloud: Cloud, ip: string): Promise<void> {
  await runAction(cloud, `/v2/reserved_ips/${ip}/actions`, { type: "unassign" });
}
