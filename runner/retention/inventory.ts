import type { Droplet, ReservedIp, Snapshot, Volume } from "../../clients/digitalocean/index.ts";
import { type MarkerNeeds, markerNeeds } from "../../domain/retention.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";

/** What is billed in the account, what the stack's state holds of it, and what its markers need. */
export interface Inventory {
  droplets: Droplet[];
  volumes: Volume[];
  snapshots: Snapshot[];
  addresses: ReservedIp[];
  declared: Set<string>;
  pending: number;
  needs: MarkerNeeds;
}

/** The state is read after the cloud: what an update has made meanwhile is in it, or pending. */
export async function takeInventory(stack: NodeStack): Promise<Inventory> {
  const { cloud, owner } = stack;
  const [droplets, volumes, snapshots, addresses] = await Promise.all([
    cloud.droplets(),
    cloud.volumes(),
    cloud.snapshots(),
    cloud.reservedIps(),
  ]);
  const tags = (await cloud.tags()).map(({ name }) => name);
  const resources = await stack.resources();
  return {
    ...{ droplets, volumes, snapshots, addresses },
    declared: new Set(resources.flatMap(({ id }) => (id ? [id] : []))),
    pending: await stack.pending(),
    needs: markerNeeds(owner, tags),
  };
}
