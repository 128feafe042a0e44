import type { Properties } from "../../engine/values.ts";
import { isStatus } from "../../rest/errors.ts";
import { createOnce, unmarked } from "../../rest/once.ts";
import type { Cloud, Made, RestType } from "../../rest/type.ts";
import { removeNow } from "../paths.ts";
import { assign, reservedIp as find, unassign } from "./attachments.ts";

/** A reserved IP that stays when the droplet goes. */
export const reservedIp: RestType = {
  token: "digitalocean:index/reservedIp:ReservedIp",
  noun: "reserved IP",
  inputs: {
    region: { type: "string", required: true, replaces: true, stored: "lower" },
    dropletId: { type: "integer" },
    ipAddress: { type: "string", computed: true },
  },
  reads: {
    region: (object) => object.region?.slug,
    dropletId: (object) => object.shownDroplet,
    ipAddress: "ip",
    reservedIpUrn: (object) => `do:reservedip:${object.ip}`,
  },
  importReads: { dropletId: (object) => object.droplet?.id },
  create,
  async settle(cloud, { id }, inputs) {
    const { droplet } = (await find(cloud, id)) ?? {};
    if (inputs.dropletId && droplet?.id !== inputs.dropletId) await assign(cloud, id, Number(inputs.dropletId));
  },
  find: (cloud, id, state) => shown(cloud, id, state),
  steps: [
    {
      inputs: ["dropletId"],
      run: async (cloud, id, inputs) => {
        if (!inputs.dropletId) await unassign(cloud, id);
      },
    },
  ],
  async remove(cloud, id, state) {
    const ip = await find(cloud, id);
    if (ip?.droplet && state.dropletId) await unassignIfAssigned(cloud, id);
    await removeNow(cloud, `/v2/reserved_ips/${id}`);
  },
};

/** A droplet is shown only to a program that gives one: otherwise a ReservedIpAssignment looks after it. */
async function shown(cloud: Cloud, id: string, state: Properties) {
  const ip = await find(cloud, id);
  return ip && { ...ip, shownDroplet: state.dropletId ? (ip.droplet?.id ?? 0) : undefined };
}

async function unassignIfAssigned(cloud: Cloud, id: string): Promise<void> {
  try {
    await unassign(cloud, id);
  } catch (error) {
    if (!isStatus(error, 404, 422)) throw error;
  }
}

/** Addresses have neither name nor tag: a new one in the region, on no droplet, is this create's. */
async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const region = inputs.region;
  const object = await createOnce({
    what: `reserved IP in ${region}`,
    make: async () => (await cloud.post("/v2/reserved_ips", { region })).reserved_ip,
    candidates: async () => {
      const all = await cloud.list("/v2/reserved_ips", "reserved_ips");
      return all.map((one) => ({ ...one, id: one.ip }));
    },
    differs: (one) => (one.region?.slug === region && !one.droplet ? undefined : "it is another one"),
    remove: (one) => cloud.remove(`/v2/reserved_ips/${one.ip}`),
    ...unmarked(cloud),
  });
  return { id: object.ip, object };
}
