import { isUnknown, type Resource } from "../domain/cost/inputs.ts";

/** The machines that a resource makes, all of one size. */
export interface Machines {
  /** Where the size stands: `nodePool.size`. */
  path: string;
  /** Lower case, as DigitalOcean keeps it; undefined where it is not known before the update. */
  size: string | undefined;
  /** Where the tags stand. */
  tagsPath: string;
  tags: TagList;
}

/** Tags as far as they are known. */
export interface TagList {
  known: string[];
  /** Whether there may be others. */
  unknown: boolean;
}

/** Types that `machinesOf` knows. */
export const MACHINE_TYPES = ["droplet", "dropletAutoscale", "kubernetesCluster", "kubernetesNodePool"] as const;

/** What the inputs of each type hold the machines in. */
const HOLDERS: Record<(typeof MACHINE_TYPES)[number], string | undefined> = {
  droplet: undefined,
  dropletAutoscale: "dropletTemplate",
  kubernetesCluster: "nodePool",
  kubernetesNodePool: undefined,
};

/** The machines of a droplet, an autoscale pool, a DOKS cluster or a node pool; undefined for other types. */
export function machinesOf({ type, inputs }: Pick<Resource, "type" | "inputs">): Machines | undefined {
  const word = /^digitalocean:index\/(\w+):/.exec(type)?.[1];
  if (!MACHINE_TYPES.includes(word as never)) return undefined;
  const holder = HOLDERS[word as keyof typeof HOLDERS];
  const held = holder === undefined ? inputs : inputs[holder];
  const before = holder === undefined ? "" : `${holder}.`;
  const hidden = isUnknown(held) || typeof held !== "object" || held === null;
  const { size, tags } = hidden ? { size: undefined, tags: held } : (held as Record<string, unknown>);
  return {
    path: `${before}size`,
    size: typeof size === "string" && !isUnknown(size) ? size.toLowerCase() : undefined,
    tagsPath: `${before}tags`,
    tags: tagList(tags),
  };
}

export function tagList(value: unknown): TagList {
  if (value === undefined || value === null) return { known: [], unknown: false };
  const all = Array.isArray(value) ? value : [value];
  const known = all.filter((one): one is string => typeof one === "string" && !isUnknown(one));
  return { known, unknown: known.length < all.length };
}
