import { isUnknown, type Resource, type Values } from "../domain/cost/inputs.ts";

/** Where a resource says that it is to be. */
export interface Region {
  /** As in `dropletTemplate.region`. */
  path: string;
  /** Lower case; empty where none is set and DigitalOcean chooses; undefined where it is not known before the update. */
  slug: string | undefined;
}

/** What the provider takes where a bucket names no region (@pulumi/digitalocean, SpacesBucketArgs.region). */
const BUCKET_DEFAULT = "nyc3";

/** Types whose region may be left out, and is chosen by DigitalOcean then. Replicas and registries are beside what they belong to, or anywhere. */
const CHOSEN = new Set(["droplet", "loadBalancer"]);

/** Every region of a resource. Where it is looked at from (uptime checks) is none. */
export function regionsOf({ type, inputs }: Pick<Resource, "type" | "inputs">): Region[] {
  const word = /^digitalocean:index\/(\w+):/.exec(type)?.[1] ?? "";
  if (word === "uptimeCheck") return [];
  if (word === "dropletAutoscale") return inside(inputs, "dropletTemplate");
  if (word === "app") return inside(inputs, "spec");
  if (word === "customImage") return several(inputs.regions);
  if (inputs.region !== undefined && inputs.region !== null) return [region("region", inputs.region)];
  if (word === "spacesBucket") return [region("region", BUCKET_DEFAULT)];
  const isGlobal = word === "loadBalancer" && inputs.type === "GLOBAL";
  return CHOSEN.has(word) && !isGlobal ? [region("region", "")] : [];
}

function inside(inputs: Values, holder: string): Region[] {
  const held = inputs[holder];
  if (isUnknown(held)) return [region(`${holder}.region`, held)];
  return [region(`${holder}.region`, (held as Values | undefined)?.region ?? "")];
}

function several(list: unknown): Region[] {
  if (!Array.isArray(list)) return [region("regions", list)];
  return list.map((one, index) => region(`regions[${index}]`, one));
}

function region(path: string, value: unknown): Region {
  return { path, slug: typeof value === "string" && !isUnknown(value) ? value.toLowerCase() : undefined };
}
