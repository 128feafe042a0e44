import { type CloudState, FIRST_ID } from "../cloud.ts";
import { findImage } from "../images/routes.ts";
import type { Action, Droplet } from "../objects.ts";
import { pendingEvent, text, unprocessable } from "../wire.ts";

/** What an action on a droplet is given besides, and when it is refused. */
type Prepare = (cloud: CloudState, droplet: Droplet, body: Record<string, unknown>) => Record<string, unknown>;

const nothing: Prepare = () => ({});

/** Refused in this state of the droplet, with this text. */
const notWhen =
  (status: Droplet["status"], message: string): Prepare =>
  (_cloud, droplet) => {
    if (droplet.status === status) throw unprocessable(message);
    return {};
  };

/** The same for both: another image onto the droplet. */
const reinstall: Prepare = (cloud, droplet, body) => ({ image: replacement(cloud, droplet, body["image"]) });

const PREPARE: Record<string, Prepare> = {
  power_on: notWhen("active", "Droplet is already powered on."),
  power_off: notWhen("off", "Droplet is already powered off."),
  shutdown: notWhen("off", "Droplet is already powered off."),
  reboot: notWhen("off", "Droplet is currently powered off."),
  power_cycle: nothing,
  password_reset: nothing,
  enable_ipv6: nothing,
  enable_backups: nothing,
  disable_backups: nothing,
  change_backup_policy: nothing,
  rename: (_cloud, _droplet, body) => ({ name: text(body, "name") }),
  snapshot: ({ store, clock }, droplet, body) => ({
    name: body["name"] ? String(body["name"]) : `${droplet.name}-${Math.floor(clock.now())}`,
    snapshotId: store.nextId("image", FIRST_ID.image),
  }),
  rebuild: reinstall,
  restore: reinstall,
  resize,
};

/** The actions that may be begun for all droplets with a tag at once. Source: the API description. */
const BULK = new Set([
  "power_cycle",
  "power_on",
  "power_off",
  "shutdown",
  "enable_ipv6",
  "enable_backups",
  "disable_backups",
  "snapshot",
]);

/** Begins an action on a droplet, in the running transaction; the droplet is locked until it ends. */
export function actOnDroplet(cloud: CloudState, droplet: Droplet, body: Record<string, unknown>): Action {
  const type = text(body, "type");
  const prepare = PREPARE[type];
  if (!prepare) throw unprocessable("Sorry, the action type you specified is invalid.");
  if (droplet.pending !== null) throw pendingEvent();
  const params = prepare(cloud, droplet, body);
  return lock(cloud, droplet, type, params);
}

/** The same action on every droplet with a tag. */
export function actOnTagged(cloud: CloudState, tag: string | undefined, body: Record<string, unknown>): Action[] {
  if (!tag) throw unprocessable("tag_name is required");
  if (!BULK.has(text(body, "type"))) throw unprocessable(`"${String(body["type"])}" cannot be run by tag`);
  return cloud.store.droplets.list({ tag }).map((droplet) => actOnDroplet(cloud, droplet, body));
}

/** Begins the end of a droplet: refused, like anything else, while an action runs. */
export function destroyDroplet(cloud: CloudState, droplet: Droplet): Action {
  if (droplet.pending !== null) throw pendingEvent();
  return lock(cloud, droplet, "destroy", {});
}

function lock(cloud: CloudState, droplet: Droplet, type: string, params: Record<string, unknown>): Action {
  const action = cloud.actions.begin({
    kind: type,
    region: droplet.region,
    resourceType: "droplet",
    resourceId: droplet.id,
    droplet: droplet.id,
    keys: [`droplet:${droplet.id}`],
    params,
    usedGiB: droplet.image.sizeGiB,
    gpu: droplet.gpu === 1,
  });
  cloud.store.droplets.put({ ...droplet, pending: action.id });
  return action;
}

function replacement(cloud: CloudState, droplet: Droplet, reference: unknown) {
  const image = findImage(cloud, reference ?? droplet.image.id);
  if (!image) throw unprocessable("You specified an invalid image.");
  if (!image.regions.includes(droplet.region)) throw unprocessable("Image is not available in this region.");
  if (image.minDiskGiB > droplet.diskGiB) throw unprocessable("The image needs a larger disk than the Droplet has.");
  return image;
}

/** Only of a droplet that is off. The disk grows with it only where asked for, and never shrinks. */
function resize({ catalog }: CloudState, droplet: Droplet, body: Record<string, unknown>): Record<string, unknown> {
  const size = catalog.sizes.get(text(body, "size"));
  if (!size) throw unprocessable("You specified an invalid size.");
  if (droplet.status !== "off") throw unprocessable("Droplet is currently on. Please power it off to run this event.");
  if (size.slug === droplet.size) throw unprocessable("Droplet is already this size.");
  if (!size.regions.includes(droplet.region)) throw unprocessable("Size is not available in this region.");
  if (droplet.gpu === 1 || size.gpu_info) throw unprocessable("GPU Droplets cannot be resized.");
  if (size.disk < droplet.diskGiB) throw unprocessable("This size is not available because it has a smaller disk.");
  return { size: size.slug, disk: body["disk"] === true };
}
