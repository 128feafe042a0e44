import type { Charge } from "../../domain/cost/bill-comparison.ts";
import type { StackConfig } from "../../stacks/config.ts";
import type { ResourceState } from "../checkpoint.ts";
import type { Target } from "../target.ts";
import { stackHistory } from "./stack-history.ts";

export interface StackIdentity {
  target: Target;
  config: Pick<StackConfig, "nodeName" | "volumeName">;
  states: readonly ResourceState[];
}

/** Types whose charges carry an id; the others' are known by name. */
const BY_ID = /^digitalocean:index\/(droplet|volume|dropletSnapshot|volumeSnapshot|reservedIp|floatingIp):/;

/**
 * Whether a charge is a stack's. By id where the stack's history is at hand, else by name; snapshots of stops and backups, which no state has, and
 * things that invoices name only (clusters, databases, load balancers) by name too.
 */
export function ownership({ target, config, states }: StackIdentity): (charge: Charge) => boolean {
  const known = new Set(states.flatMap(({ id }) => (id ? [id] : [])));
  const named = new Set(states.filter(({ type }) => !BY_ID.test(type)).flatMap(cloudName));
  const history = stackHistory(target);
  const { nodeName, volumeName } = config;
  return ({ id, product, description }) => {
    if (known.has(id) || history?.(id)) return true;
    if (/snapshot/i.test(product)) return description.includes(nodeName) || description.includes(volumeName);
    const name = /^(.*?)(?: \(|: |$)/.exec(description)?.[1] ?? description;
    return named.has(name) || (history === undefined && (name === nodeName || name === volumeName));
  };
}

function cloudName({ type, outputs, inputs }: ResourceState): string[] {
  const name = outputs?.name ?? inputs?.name;
  return type.startsWith("digitalocean:") && typeof name === "string" ? [name] : [];
}
