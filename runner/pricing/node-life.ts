import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import type { SizePrice } from "../../domain/cost/node-price.ts";
import type { Consequences, NodeLife } from "../../domain/forecast.ts";
import { type NodeOwner, readMarkers } from "../../domain/node-marker.ts";
import { nodeTag, stackTag } from "../../domain/tags.ts";
import type { StackConfig } from "../../stacks/config.ts";
import type { AuditLog } from "../watch/audit.ts";
import { type AccountInventory, type BilledThing, byMonth, idleAddressRate } from "./billed-things.ts";

/** What the timers of a stack's node work on. */
export interface NodeFacts {
  owner: NodeOwner;
  config: StackConfig;
  inventory: AccountInventory;
  /** Names of the account's tags. */
  tags: readonly string[];
  /** Of what is billed for the stack now. */
  things: readonly BilledThing[];
  audit: Pick<AuditLog, "last">;
  now: number;
}

const HOUR = 3_600_000;
/** Hours without a pass after which nobody is watching, where the node's own alarm is off. */
const ALARM_HOURS = 6;
/** GiB in use on a root disk that nobody has saved yet: the GPU images themselves. */
const ASSUMED_ROOT_GIB = 20;

/** Markers, droplet and idleness, as the last pass of a watcher on this machine saw it. */
export function nodeLife({ owner, config, inventory, tags, things, audit, now }: NodeFacts): NodeLife {
  const ours = new Set(things.map(({ id }) => id));
  const droplet = inventory.droplets.find(({ id, name }) => name === owner.node && ours.has(String(id)));
  const seen = audit.last(({ node, evidence }) => node === owner.node && "idleness" in evidence);
  const idleness = seen?.evidence.idleness as { since?: number } | undefined;
  const recent = seen !== undefined && isRecent(seen.at, config, now);
  const idleSince = droplet && recent && idleness?.since !== undefined ? idleness.since : undefined;
  return {
    ...{ markers: readMarkers(owner, tags), timers: config, now },
    ...(droplet ? { droplet: { createdAt: Date.parse(droplet.created_at), status: droplet.status } } : {}),
    ...(idleSince === undefined ? {} : { idleSince }),
  };
}

/** Whether a watcher on this machine has lately ended a pass over the node. */
export function isWatched({
  owner,
  config,
  audit,
  now,
}: Pick<NodeFacts, "owner" | "config" | "audit" | "now">): boolean {
  const pass = audit.last(({ node, topic }) => node === owner.node && topic === "pass");
  return pass !== undefined && isRecent(pass.at, config, now);
}

function isRecent(at: string, { watchAlarmHours }: StackConfig, now: number): boolean {
  return now - Date.parse(at) <= (watchAlarmHours === "off" ? ALARM_HOURS : watchAlarmHours) * HOUR;
}

/** What a stop and an expiry do to the bill: the sizes of snapshots that are not there yet are those of the last ones, or the most they can be. */
export function consequences(facts: NodeFacts, sizes: readonly SizePrice[]): Consequences {
  const { owner, config, inventory, things } = facts;
  const prices = catalogPrices({ sizes });
  const ours = new Map(things.map((thing) => [thing.id, thing]));
  const droplets = inventory.droplets.filter(({ id, name }) => name === owner.node && ours.has(String(id)));
  const volumes = inventory.volumes.filter(({ id, name }) => name === config.volumeName && ours.has(id));
  const [ofDroplet, ofVolume] = [new Set(droplets.map(({ id }) => String(id))), new Set(volumes.map(({ id }) => id))];
  return {
    endedBy: (thing) => {
      const { id } = thing as BilledThing;
      return ofDroplet.has(id) ? "stop" : ofVolume.has(id) ? "expire" : undefined;
    },
    beginsWith: (act) => {
      const least = { leastUsd: 0.01 };
      if (act === "expire")
        return volumes.map((volume) => ({
          ...{ name: `archive of ${volume.name}`, rate: { ...byMonth(prices, "snapshot-gib", volume), ...least } },
        }));
      const begins = [];
      if (config.stopStrategy !== "golden") {
        const rate = byMonth(prices, "snapshot-gib", { size_gigabytes: rootGib(facts) });
        begins.push({ name: `root disk of ${owner.node}`, rate: { ...rate, ...least } });
      }
      if (config.reservedIp) begins.push({ name: `reserved IP of ${owner.node}`, rate: idleAddressRate(prices) });
      return begins;
    },
  };
}

/** Size of the node's newest snapshot. */
function rootGib({ owner, inventory }: NodeFacts): number {
  const wanted = [`windlass-project:${owner.project}`, stackTag(owner.stack), nodeTag(owner.node)];
  const snapshots = inventory.snapshots.filter(
    ({ resource_type, tags }) => resource_type === "droplet" && wanted.every((tag) => tags?.includes(tag)),
  );
  const [newest] = snapshots.sort((a, b) => b.created_at.localeCompare(a.created_at));
  return newest?.size_gigabytes ?? ASSUMED_ROOT_GIB;
}
