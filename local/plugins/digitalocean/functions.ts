import type { Call } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import type { Api, Json } from "../rest/api.ts";
import { isStatus } from "../rest/errors.ts";
import { selected } from "./datalist.ts";
import {
  DROPLET,
  IMAGE,
  PROJECT,
  REGION,
  type Shape,
  SIZE,
  SNAPSHOT,
  SSH_KEY,
  shaped,
  TAG,
  VOLUME,
  VPC,
} from "./shapes.ts";
import { madeUpId } from "./types/attachments.ts";
import { TYPES } from "./types/index.ts";
import { withResources } from "./types/project.ts";

/** A look-up: the official plugin's data sources, with their results and their error texts. */
export type LookUp = (api: Api, args: Properties, call: Call) => Promise<Properties>;

/** The functions of the bundled digitalocean plugin, by token. */
export const FUNCTIONS: ReadonlyMap<string, LookUp> = new Map<string, LookUp>([
  entry("getAccount", async (api) => {
    const { account } = await api.get("/v2/account");
    const { uuid, email, status } = account;
    const limits = {
      dropletLimit: account.droplet_limit,
      floatingIpLimit: account.floating_ip_limit ?? account.reserved_ip_limit,
    };
    const words = { emailVerified: account.email_verified, statusMessage: account.status_message ?? "" };
    return { id: uuid, uuid, email, status, ...limits, ...words };
  }),
  entry("getRegion", async (api, { slug }) => {
    const found = (await api.list("/v2/regions", "regions")).find((one) => one.slug === slug);
    if (!found) throw new Error(`Region does not exist: ${slug}`);
    return { ...shaped(REGION, found), id: madeUpId("terraform") };
  }),
  entry(
    "getRegions",
    listing("regions", REGION, (api) => api.list("/v2/regions", "regions")),
  ),
  entry(
    "getSizes",
    listing("sizes", SIZE, (api) => api.list("/v2/sizes", "sizes")),
  ),
  entry(
    "getImages",
    listing("images", IMAGE, (api) => api.list("/v2/images", "images")),
  ),
  entry("getImage", image),
  entry(
    "getDroplets",
    listing("droplets", DROPLET, (api, { gpus }) => droplets(api, gpus === true)),
  ),
  entry("getDroplet", async (api, args) => {
    const found = await oneDroplet(api, args);
    return { ...args, ...shaped(DROPLET, found) };
  }),
  entry("getVolume", async (api, args) => {
    const region = args.region ? `&region=${args.region}` : "";
    const all = await api.list(`/v2/volumes?name=${encodeURIComponent(String(args.name))}${region}`, "volumes");
    const found = only(
      all.filter((one) => one.name === args.name),
      "volume",
      `name ${args.name}`,
    );
    return { ...args, ...shaped(VOLUME, found) };
  }),
  entry("getVolumeSnapshot", (api, args) => snapshot(api, args, "volume")),
  entry("getDropletSnapshot", (api, args) => snapshot(api, args, "droplet")),
  entry("getVpc", async (api, args) => {
    const found = await oneVpc(api, args);
    return shaped(VPC, found);
  }),
  entry("getFirewall", async (api, { firewallId }) => {
    const { firewall } = await api.get(`/v2/firewalls/${firewallId}`);
    const reads = TYPES.get("digitalocean:index/firewall:Firewall")?.reads ?? {};
    return { ...shaped(reads, firewall), id: firewall.id, firewallId: firewall.id };
  }),
  entry(
    "getSshKeys",
    listing("sshKeys", SSH_KEY, (api) => api.list("/v2/account/keys", "ssh_keys")),
  ),
  entry("getSshKey", async (api, { name }) => {
    const all = await api.list("/v2/account/keys", "ssh_keys");
    return shaped(
      SSH_KEY,
      only(
        all.filter((one) => one.name === name),
        "ssh key",
        `name ${name}`,
      ),
    );
  }),
  entry(
    "getTags",
    listing("tags", TAG, (api) => api.list("/v2/tags", "tags")),
  ),
  entry("getTag", async (api, { name }) => {
    const { tag } = await api.get(`/v2/tags/${name}`);
    return { ...shaped(TAG, tag), id: tag.name };
  }),
  entry("getReservedIp", async (api, { ipAddress }) => {
    const { reserved_ip: ip } = await api.get(`/v2/reserved_ips/${ipAddress}`);
    const droplet: Properties = ip.droplet ? { dropletId: ip.droplet.id } : {};
    return { id: ip.ip, ipAddress: ip.ip, region: ip.region.slug, urn: `do:reservedip:${ip.ip}`, ...droplet };
  }),
  entry("getProjects", listing("projects", PROJECT, projects)),
  entry("getProject", async (api, args) => {
    const found = await oneProject(api, args);
    return shaped(PROJECT, found);
  }),
]);

function entry(name: string, lookUp: LookUp): [string, LookUp] {
  return [`digitalocean:index/${name}:${name}`, lookUp];
}

/** A list with the `filters` and `sorts` that all lists take. */
function listing(key: string, readers: Shape, load: (api: Api, args: Properties) => Promise<Json[]>): LookUp {
  return async (api, args) => {
    const records = (await load(api, args)).map((one) => shaped(readers, one));
    return { ...args, id: madeUpId("terraform"), [key]: selected(records, args) };
  };
}

/** The plain list leaves GPU droplets out: the official plugin has a switch, as the API has. */
function droplets(api: Api, gpus: boolean): Promise<Json[]> {
  return api.list(gpus ? "/v2/droplets?type=gpus" : "/v2/droplets", "droplets");
}

async function oneDroplet(api: Api, { id, tag, name, gpu }: Properties): Promise<Json> {
  if (id) return (await api.get(`/v2/droplets/${id}`)).droplet;
  if (tag) {
    const all = await droplets(api, false);
    return only(
      all.filter((one) => one.tags.includes(tag)),
      "droplet",
      `tag ${tag}`,
    );
  }
  if (!name) throw new Error("Error: specify either a name, tag, or id to use to look up the droplet");
  const all = await droplets(api, gpu === true);
  return only(
    all.filter((one) => one.name === name),
    "droplet",
    `name ${name}`,
  );
}

async function image(api: Api, args: Properties): Promise<Properties> {
  if (args.id || args.slug) return shaped(IMAGE, await imageBy(api, String(args.id ?? args.slug)));
  const sources: Record<string, string> = {
    all: "",
    distributions: "?type=distribution",
    applications: "?type=application",
  };
  const source = String(args.source ?? "user").toLowerCase();
  const all = await api.list(`/v2/images${sources[source] ?? "?private=true"}`, "images");
  return {
    ...args,
    ...shaped(
      IMAGE,
      only(
        all.filter((one) => one.name === args.name),
        "image",
        `name ${args.name}`,
      ),
    ),
  };
}

async function imageBy(api: Api, idOrSlug: string): Promise<Json> {
  try {
    return (await api.get(`/v2/images/${idOrSlug}`)).image;
  } catch (error) {
    if (isStatus(error, 404)) throw new Error(`image not found: ${error.message}`, { cause: error });
    throw error;
  }
}

async function oneVpc(api: Api, { id, region, name }: Properties): Promise<Json> {
  if (id) return (await api.get(`/v2/vpcs/${id}`)).vpc;
  const all = await api.list("/v2/vpcs", "vpcs");
  if (region) {
    const found = all.find((one) => one.region === region && one.default);
    if (!found) throw new Error(`Error retrieving VPC: unable to find default VPC in ${region} region`);
    return found;
  }
  const named = all.filter((one) => one.name === name);
  return only(named, "VPC", `name ${name}`);
}

async function snapshot(api: Api, args: Properties, type: "volume" | "droplet"): Promise<Properties> {
  const { name, nameRegex, region, mostRecent } = args;
  if (!name && !nameRegex) throw new Error("One of `name` or `name_regex` must be assigned");
  const fits = (one: Json): boolean => (name ? one.name === name : new RegExp(String(nameRegex)).test(one.name));
  const all = await api.list(`/v2/snapshots?resource_type=${type}`, "snapshots");
  const found = all.filter((one) => fits(one) && (!region || one.regions.includes(region)));
  found.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  const one = mostRecent && found.length > 0 ? found[0] : only(found, `${type} snapshot`, `name ${name ?? nameRegex}`);
  const own: Properties =
    type === "volume" ? { volumeId: one.resource_id, tags: one.tags ?? [] } : { dropletId: String(one.resource_id) };
  return { ...args, ...shaped(SNAPSHOT, one), ...own };
}

async function projects(api: Api): Promise<Json[]> {
  const all = await api.list("/v2/projects", "projects");
  return Promise.all(all.map((one) => withResources(api, one.id)));
}

async function oneProject(api: Api, { id, name }: Properties): Promise<Json> {
  if (id) return withResources(api, String(id));
  if (!name) return withResources(api, (await api.get("/v2/projects/default")).project.id);
  const all = await api.list("/v2/projects", "projects");
  return withResources(
    api,
    only(
      all.filter((one) => one.name === name),
      "project",
      `name ${name}`,
    ).id,
  );
}

/** The official plugin's words, which programs may look for. */
function only(found: Json[], kind: string, by: string): Json {
  if (found.length === 1) return found[0];
  if (found.length > 1) throw new Error(`too many ${kind}s found with ${by} (found ${found.length}, expected 1)`);
  throw new Error(kind === "volume" || kind === "VPC" ? `no ${kind}s found with ${by}` : `no ${kind} found with ${by}`);
}
