import type { Failure } from "../../engine/provider.ts";
import type { Properties, Value } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { isStatus } from "../../rest/errors.ts";
import { createOnce, marked } from "../../rest/once.ts";
import { type Cloud, type Made, NothingLeft, type RestType, wait } from "../../rest/type.ts";
import { runAction } from "../actions.ts";
import { markedTags, markOf, removeMark, tagging, tags, visibleTags } from "../tags.ts";

/** A droplet is up in about a minute; five mean that it will not come. (The official plugin waits an hour.) */
const CREATE_SECONDS = 5 * 60;
const UPDATE_SECONDS = 60 * 60;
const DELETE_SECONDS = 60;

export const droplet: RestType = {
  token: "digitalocean:index/droplet:Droplet",
  noun: "droplet",
  name: { maxLength: 255 },
  inputs: {
    image: { type: "string", required: true, replaces: true, nonEmpty: true },
    size: { type: "string", required: true, stored: "lower", nonEmpty: true },
    name: { type: "string", required: true, nonEmpty: true },
    region: { type: "string", computed: true, replaces: true, stored: "lower", nonEmpty: true },
    sshKeys: { type: "set", of: { type: "string", nonEmpty: true }, replaces: true },
    userData: { type: "string", replaces: true, stored: "sha1", nonEmpty: true },
    vpcUuid: { type: "string", computed: true, replaces: true, nonEmpty: true },
    tags,
    volumeIds: { type: "set", of: { type: "string" }, computed: true },
    monitoring: { type: "boolean", default: false, replaces: true },
    dropletAgent: { type: "boolean", replaces: true },
    publicNetworking: { type: "boolean", computed: true, replaces: true },
    privateNetworking: { type: "boolean", computed: true },
    ipv6: { type: "boolean", default: false, replaces: (before, after) => before === true && after !== true },
    ipv6Address: { type: "string", computed: true },
    backups: { type: "boolean", default: false },
    backupPolicy: {
      type: "object",
      fields: {
        plan: { type: "string", values: ["daily", "weekly"] },
        weekday: { type: "string", values: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
        hour: { type: "integer", minimum: 0, maximum: 20 },
      },
    },
    gracefulShutdown: { type: "boolean", default: false },
    resizeDisk: { type: "boolean", default: true },
    gpuPartitionMode: {
      type: "string",
      replaces: true,
      values: ["PARTITION_MODE_SPX_NPS1", "PARTITION_MODE_DPX_NPS2"],
    },
  },
  reads: {
    name: "name",
    region: (object) => object.region?.slug,
    size: (object) => object.size_slug ?? object.size?.slug,
    vpcUuid: "vpc_uuid",
    tags: visibleTags,
    volumeIds: (object) => object.volume_ids ?? [],
    monitoring: feature("monitoring"),
    backups: feature("backups"),
    ipv6: feature("ipv6"),
    privateNetworking: feature("private_networking"),
    publicNetworking: (object) => address(object, "v4", "public") !== "",
    ipv6Address: (object) => address(object, "v6", "public").toLowerCase(),
    gpuPartitionMode: (object) => object.gpu_partition_mode || undefined,
    createdAt: "created_at",
    disk: "disk",
    dropletUrn: (object) => `do:droplet:${object.id}`,
    ipv4Address: (object) => address(object, "v4", "public"),
    ipv4AddressPrivate: (object) => address(object, "v4", "private"),
    locked: "locked",
    memory: "memory",
    priceHourly: (object) => object.size?.price_hourly,
    priceMonthly: (object) => object.size?.price_monthly,
    status: "status",
    vcpus: "vcpus",
  },
  importReads: {
    image: (object) => object.image?.slug || (object.image ? String(object.image.id) : undefined),
    resizeDisk: () => true,
  },
  verify: (inputs): Failure[] =>
    inputs.backupPolicy !== undefined && inputs.backups !== true
      ? [{ property: "backupPolicy", reason: "backup_policy can only be set when backups are enabled" }]
      : [],
  unsettled: (state, inputs) => (state.ipv6 !== true && inputs.ipv6 === true ? ["ipv6Address"] : []),
  create,
  settle: (cloud, made) => active(cloud, made, CREATE_SECONDS),
  find: (cloud, id) => get(cloud, id),
  steps: [
    { inputs: ["size"], run: resize },
    {
      inputs: ["name"],
      run: (cloud, id, inputs) => act(cloud, id, { type: "rename", name: inputs.name }),
    },
    { inputs: ["backups"], run: switchBackups },
    { inputs: ["backupPolicy"], run: changeBackupPolicy },
    { inputs: ["privateNetworking"], run: whenOn("privateNetworking", "enable_private_networking") },
    { inputs: ["ipv6"], run: whenOn("ipv6", "enable_ipv6") },
    tagging("droplet"),
    { inputs: ["volumeIds"], run: moveVolumes },
  ],
  remove,
};

function feature(name: string): (object: Json) => Value | undefined {
  return (object) => object.features?.includes(name);
}

function address(object: Json, version: "v4" | "v6", type: "public" | "private"): string {
  return object.networks?.[version]?.find((one: Json) => one.type === type)?.ip_address ?? "";
}

async function get(cloud: Cloud, id: string): Promise<Json | undefined> {
  try {
    return (await cloud.get(`/v2/droplets/${id}`)).droplet;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  let action: Json;
  const mark = markOf(cloud, inputs);
  const gpu = String(inputs.size).startsWith("gpu-");
  const object = await createOnce({
    what: `droplet "${inputs.name}"`,
    async make() {
      const answer = await cloud.post("/v2/droplets", body(cloud, inputs));
      action = answer.links?.actions?.find((one: Json) => one.rel === "create");
      return answer.droplet;
    },
    // The plain list leaves GPU droplets out, and the list of those cannot be asked for a tag.
    candidates: async () => {
      const all = await cloud.list(gpu ? "/v2/droplets?type=gpus" : `/v2/droplets?tag_name=${mark}`, "droplets");
      return all.filter((one) => one.tags?.includes(mark));
    },
    differs: (one) => differs(one, inputs),
    remove: (one) => cloud.remove(`/v2/droplets/${one.id}`),
    ...marked(cloud),
  });
  return { id: String(object.id), object: { ...object, createAction: action } };
}

function differs(object: Json, inputs: Properties): string | undefined {
  const pairs: [string, unknown, unknown][] = [
    ["size", object.size_slug, inputs.size],
    ["region", object.region?.slug, inputs.region],
    ["vpcUuid", object.vpc_uuid, inputs.vpcUuid],
  ];
  const different = pairs.find(([, is, asked]) => asked !== undefined && is !== asked);
  if (different) return `${different[0]} is ${different[1]}, not ${different[2]}`;
  const image = [object.image?.slug, String(object.image?.id)];
  return image.includes(String(inputs.image)) ? undefined : `image is ${image[0] ?? image[1]}, not ${inputs.image}`;
}

function body(cloud: Cloud, inputs: Properties): Json {
  const policy = inputs.backupPolicy as Properties | undefined;
  return {
    name: inputs.name,
    region: inputs.region,
    size: inputs.size,
    image: idOr(String(inputs.image)),
    ssh_keys: (inputs.sshKeys as string[] | undefined)?.map(idOr),
    user_data: inputs.userData,
    vpc_uuid: inputs.vpcUuid,
    tags: markedTags(cloud, inputs),
    volumes: (inputs.volumeIds as string[] | undefined)?.filter(Boolean),
    monitoring: inputs.monitoring || undefined,
    with_droplet_agent: inputs.dropletAgent,
    public_networking: inputs.publicNetworking === false ? false : undefined,
    private_networking: inputs.privateNetworking || undefined,
    ipv6: inputs.ipv6 || undefined,
    backups: inputs.backups || undefined,
    backup_policy: policy,
    gpu_partition_mode: inputs.gpuPartitionMode,
  };
}

/** Images and keys are named by their number, or by slug or fingerprint. */
function idOr(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name;
}

/** Up and unlocked: only then can anything be done with it. A new droplet may not be found for a while. */
async function active(cloud: Cloud, made: Made, seconds: number): Promise<void> {
  await wait(cloud, `droplet ${made.id}`, seconds, async () => {
    const object = await get(cloud, made.id);
    const state = object ? `${object.status}${object.locked ? ", locked" : ""}` : "not found";
    if (object && !object.locked && object.status !== "new") return { state, done: object };
    if (made.object?.createAction) await failIfErrored(cloud, made);
    return { state };
  });
}

async function failIfErrored(cloud: Cloud, made: Made): Promise<void> {
  const { action } = await cloud.get(`/v2/actions/${made.object.createAction.id}`);
  if (action.status !== "errored") return;
  // It would stay `new` for ever, and be billed: the next update shall make another one.
  await cloud.remove(`/v2/droplets/${made.id}`).catch((error: unknown) => {
    if (!isStatus(error, 404)) throw error;
  });
  throw new NothingLeft(`DigitalOcean could not create it (action ${action.id} ended as errored)`);
}

async function act(cloud: Cloud, id: string, action: Json): Promise<void> {
  await runAction(cloud, `/v2/droplets/${id}/actions`, action);
}

function status(cloud: Cloud, id: string, wanted: string, seconds: number): Promise<Json> {
  return wait(cloud, `droplet ${id} to become ${wanted}`, seconds, async () => {
    const object = await get(cloud, id);
    if (!object) throw new Error(`droplet (${id}) not found`);
    return { state: object.status, done: object.status === wanted && !object.locked ? object : undefined };
  });
}

/** The droplet is off meanwhile, and is put on again when the resize is refused. */
async function resize(cloud: Cloud, id: string, inputs: Properties): Promise<void> {
  const { status: before } = (await get(cloud, id)) ?? {};
  if (before !== "off") await act(cloud, id, { type: "power_off" });
  await status(cloud, id, "off", UPDATE_SECONDS);
  try {
    await act(cloud, id, { type: "resize", size: inputs.size, disk: inputs.resizeDisk !== false });
  } finally {
    await act(cloud, id, { type: "power_on" });
    await status(cloud, id, "active", UPDATE_SECONDS);
  }
}

async function switchBackups(cloud: Cloud, id: string, inputs: Properties): Promise<void> {
  if (inputs.backups !== true) return act(cloud, id, { type: "disable_backups" });
  await act(cloud, id, { type: "enable_backups", backup_policy: inputs.backupPolicy });
}

async function changeBackupPolicy(cloud: Cloud, id: string, inputs: Properties): Promise<void> {
  if (inputs.backupPolicy) await act(cloud, id, { type: "change_backup_policy", backup_policy: inputs.backupPolicy });
}

/** There is no way to switch these off. */
function whenOn(input: string, type: string) {
  return async (cloud: Cloud, id: string, inputs: Properties): Promise<void> => {
    if (inputs[input] === true) await act(cloud, id, { type });
  };
}

async function moveVolumes(cloud: Cloud, id: string, inputs: Properties, state: Properties): Promise<void> {
  const [before, after] = [(state.volumeIds ?? []) as string[], (inputs.volumeIds ?? []) as string[]];
  for (const volume of after.filter((one) => !before.includes(one))) await moveVolume(cloud, id, volume, "attach");
  for (const volume of before.filter((one) => !after.includes(one))) await moveVolume(cloud, id, volume, "detach");
}

async function moveVolume(cloud: Cloud, id: string, volume: string, type: "attach" | "detach"): Promise<void> {
  await runAction(cloud, `/v2/volumes/${volume}/actions`, { type, droplet_id: Number(id) });
}

async function remove(cloud: Cloud, id: string, state: Properties): Promise<void> {
  const unlocked = await wait(cloud, `droplet ${id} to be unlocked`, DELETE_SECONDS, async () => {
    const object = await get(cloud, id);
    return { state: "locked", done: object?.locked ? undefined : { object } };
  });
  if (unlocked.object) await destroy(cloud, unlocked.object, state);
  await removeMark(cloud, state, unlocked.object);
}

async function destroy(cloud: Cloud, object: Json, state: Properties): Promise<void> {
  const id = String(object.id);
  if (state.gracefulShutdown === true && object.status === "active") {
    await act(cloud, id, { type: "shutdown" });
    await status(cloud, id, "off", DELETE_SECONDS);
  }
  for (const volume of object.volume_ids ?? []) await moveVolume(cloud, id, volume, "detach");
  await cloud.remove(`/v2/droplets/${id}`).catch((error) => {
    if (!isStatus(error, 404)) throw error;
  });
  await wait(cloud, `droplet ${id} to be gone`, DELETE_SECONDS, async () => {
    const left = await get(cloud, id);
    return { state: left ? left.status : "gone", done: left ? undefined : true };
  });
}
