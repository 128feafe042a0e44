import { limitsOf } from "../account/routes.ts";
import { dropletPrice, startMeter } from "../billing/meters.ts";
import type { Size } from "../catalog/catalog.ts";
import { timestamp } from "../clock.ts";
import { type CloudState, FIRST_ID } from "../cloud.ts";
import { actionLink } from "../history/view.ts";
import { findImage } from "../images/routes.ts";
import { findKey } from "../keys/routes.ts";
import type { Action, Droplet, Image, Volume, Vpc } from "../objects.ts";
import { ensureTags } from "../tags/routes.ts";
import { checkAttachable } from "../volumes/actions.ts";
import { defaultVpc } from "../vpcs/routes.ts";
import { ApiError, type Call, texts, unprocessable } from "../wire.ts";
import { dropletView } from "./view.ts";

/** Source: the API description. */
const NAMES_PER_CREATE = 10;
const USER_DATA_BYTES = 65_536;
const HOSTNAME = /^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/;

/** `POST /v2/droplets`, with `name` for one or `names` for up to ten; in the running transaction. */
export function createDroplets(cloud: CloudState, { body }: Call) {
  const names = body["names"] === undefined ? undefined : texts(body, "names");
  const wanted = validNames(names ?? [String(body["name"] ?? "")]);
  const plan = validPlan(cloud, body, wanted.length);
  const made = wanted.map((name) => create(cloud, name, plan));
  const actions = made.map(({ action }) => actionLink(cloud, action, "create"));
  const droplets = made.map(({ droplet }) => dropletView(cloud, droplet));
  return names ? { droplets, links: { actions } } : { droplet: droplets[0], links: { actions } };
}

interface Plan {
  size: Size;
  region: string;
  image: Image;
  keys: string[];
  vpc: Vpc;
  volumes: Volume[];
  tags: string[];
  features: string[];
  userData?: string;
  publicNetworking: boolean;
}

function validNames(names: string[]): string[] {
  if (names.length > NAMES_PER_CREATE)
    throw unprocessable(`You may create at most ${NAMES_PER_CREATE} Droplets at once.`);
  for (const name of names)
    if (!HOSTNAME.test(name) || name.length > 255)
      throw unprocessable("Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)");
  if (names.length === 0) throw unprocessable("Name can't be blank");
  return names;
}

/** Everything the request refers to, checked in DigitalOcean's order with its texts. */
function validPlan(cloud: CloudState, body: Record<string, unknown>, count: number): Plan {
  const { store, catalog, faults } = cloud;
  const size = catalog.sizes.get(String(body["size"] ?? ""));
  if (!size) throw unprocessable("You specified an invalid size for Droplet creation.");
  const region = body["region"] ? String(body["region"]) : (size.regions[0] ?? "");
  if (!catalog.regions.has(region)) throw unprocessable("You specified an invalid region for Droplet creation.");
  if (!catalog.regions.get(region)?.available) throw unprocessable("Region is not available");
  if (!size.regions.includes(region)) throw unprocessable("Size is not available in this region.");
  const image = findImage(cloud, body["image"]);
  if (!image) throw unprocessable("You specified an invalid image for Droplet creation.");
  if (!image.regions.includes(region)) throw unprocessable("Image is not available in this region.");
  if (image.minDiskGiB > size.disk)
    throw unprocessable("Size is too small: its disk is smaller than the image's minimum disk size.");
  const keys = validKeys(cloud, body["ssh_keys"]);
  const userData = body["user_data"] == null ? undefined : String(body["user_data"]);
  if (Buffer.byteLength(userData ?? "") > USER_DATA_BYTES)
    throw unprocessable("User data is too long (maximum is 64 KiB)");
  const vpc = validVpc(cloud, body["vpc_uuid"], region);
  const volumes = validVolumes(cloud, body, region, count);
  const tags = ensureTags(cloud, texts(body, "tags"));
  if (store.droplets.count() + count > limitsOf(cloud).droplets)
    throw unprocessable("creating this/these droplet(s) will exceed your droplet limit");
  if (faults.capacityGone(size.slug, region))
    throw unprocessable(`Size ${size.slug} is not currently available in region ${region}.`);
  const publicNetworking = body["public_networking"] !== false;
  return { size, region, image, keys, vpc, volumes, tags, features: features(body), userData, publicNetworking };
}

function features(body: Record<string, unknown>): string[] {
  const wanted = ["backups", "ipv6", "monitoring"].filter((name) => body[name] === true);
  return ["private_networking", ...wanted, ...(body["with_droplet_agent"] === false ? [] : ["droplet_agent"])];
}

function validKeys(cloud: CloudState, value: unknown): string[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw unprocessable("ssh_keys must be a list");
  const found = value.map((reference) => ({ reference, key: findKey(cloud, reference as string | number) }));
  const unknown = found.filter(({ key }) => !key).map(({ reference }) => reference);
  if (unknown.length > 0)
    throw unprocessable(`${unknown.join(", ")} are invalid key identifiers for Droplet creation.`);
  return found.map(({ key }) => key?.publicKey as string);
}

/** An unknown VPC has been seen to be answered with 404. */
function validVpc(cloud: CloudState, id: unknown, region: string): Vpc {
  if (!id) return defaultVpc(cloud, region);
  const vpc = cloud.store.vpcs.get(String(id));
  if (!vpc) throw new ApiError(404, "VPC not found");
  if (vpc.region !== region) throw unprocessable("VPC and Droplet must be in the same region.");
  return vpc;
}

/** By id; godo wraps each in an object. */
function validVolumes(cloud: CloudState, body: Record<string, unknown>, region: string, count: number): Volume[] {
  const given = body["volumes"] ?? [];
  if (!Array.isArray(given)) throw unprocessable("volumes must be a list");
  const ids = [
    ...new Set(given.map((entry: string | { id?: string }) => (typeof entry === "string" ? entry : entry?.id))),
  ];
  if (ids.length > 0 && count > 1) throw unprocessable("Volumes cannot be attached when creating several Droplets.");
  return ids.map((id) => {
    const volume = cloud.store.volumes.get(String(id));
    if (!volume) throw unprocessable(`Volume ${id} does not exist.`);
    checkAttachable(cloud, volume, region);
    return volume;
  });
}

function create(cloud: CloudState, name: string, plan: Plan): { droplet: Droplet; action: Action } {
  const { store, clock, actions, faults } = cloud;
  const id = store.nextId("droplet", FIRST_ID.droplet);
  const action = actions.begin({
    kind: "create",
    region: plan.region,
    resourceType: "droplet",
    resourceId: id,
    droplet: id,
    keys: [`droplet:${id}`, ...plan.volumes.map((volume) => `volume:${volume.id}`)],
    after: ["networks", `snapshot:${plan.image.id}`],
    gpu: plan.size.gpu_info !== undefined,
  });
  const droplet = store.droplets.put({
    id,
    name,
    region: plan.region,
    size: plan.size.slug,
    diskGiB: plan.size.disk,
    image: plan.image,
    status: "new",
    pending: action.id,
    createdAt: timestamp(clock.now()),
    tags: plan.tags,
    vpc: plan.vpc.id,
    features: plan.features,
    authorizedKeys: plan.keys,
    ...(plan.userData !== undefined && { userData: plan.userData }),
    gpu: plan.size.gpu_info ? 1 : 0,
    ...(faults.sshDown() && { sshDown: true }),
    publicNetworking: plan.publicNetworking,
  });
  for (const volume of plan.volumes) store.volumes.put({ ...volume, droplet: id });
  startMeter(cloud, "droplet", droplet, dropletPrice(cloud, plan.size.slug));
  return { droplet, action };
}
