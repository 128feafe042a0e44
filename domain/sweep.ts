import { volumeMonthlyUsd } from "./cost/node-price.ts";
import { IDLE_RESERVED_IP_USD_PER_MONTH, snapshotMonthlyUsd } from "./cost/storage-price.ts";
import { isNeeded, type MarkerNeeds, type StoredSnapshot, type StoredVolume } from "./retention.ts";
import { isOwned, OWNED_TAG, type Ownership } from "./tags.ts";
import { HOURS_PER_MONTH } from "./units.ts";

/** A droplet, spelled as the API spells it. */
export interface RunningDroplet {
  id: number;
  name: string;
  size_slug: string;
  tags: string[];
}

/** An address of the account; it cannot carry tags. */
export interface HeldAddress {
  ip: string;
  droplet: { id: number } | null;
}

/**
 * Why something that is billed is there. `declared`: in the stack's state. `marker`: a stopped, resuming or expired node needs it. `kept`: a
 * snapshot that `windlass gc` decides over. `orphan`: of this stack, and nothing knows it. `other-stack`: of another stack of the project.
 * `unclear`: nothing says whose it is, or an update was killed and may have made it; never touched.
 */
export type Standing = "declared" | "marker" | "kept" | "orphan" | "other-stack" | "unclear";

/** One thing that is billed. */
export interface SweepItem {
  kind: "droplet" | "volume" | "snapshot" | "reserved IP";
  id: string;
  name: string;
  standing: Standing;
  why: string;
  /** US dollars; null where the price of the size is not known. */
  hourlyUsd: number | null;
  dailyUsd: number | null;
}

export interface SweepInput {
  owner: Ownership;
  droplets: readonly RunningDroplet[];
  volumes: readonly StoredVolume[];
  snapshots: readonly StoredSnapshot[];
  addresses: readonly HeldAddress[];
  /** Ids of everything in the stack's state. */
  declared: ReadonlySet<string>;
  /** Creates that an update began and did not note. */
  pending: number;
  needs: MarkerNeeds;
  /** The node that the config declares, and its volume. */
  node: string;
  volumeName: string;
  /** US dollars an hour by size slug. */
  prices: ReadonlyMap<string, number>;
}

type Judged = Pick<SweepItem, "standing" | "why">;

/** Says of everything that is billed for this stack, and for others of its project, why it is there. */
export function planSweep(input: SweepInput): SweepItem[] {
  const droplets = input.droplets.flatMap((one) => {
    const judged = judge(one.tags, String(one.id), input);
    const hourly = input.prices.get(one.size_slug);
    return judged ? [item("droplet", String(one.id), one.name, judged, hourly ?? null)] : [];
  });
  const volumes = input.volumes.flatMap((one) => {
    const judged = judgeVolume(one, input);
    return judged
      ? [item("volume", one.id, one.name, judged, volumeMonthlyUsd(one.size_gigabytes) / HOURS_PER_MONTH)]
      : [];
  });
  const snapshots = input.snapshots.flatMap((one) => {
    const judged = judgeSnapshot(one, input);
    const hourly = snapshotMonthlyUsd(one.size_gigabytes) / HOURS_PER_MONTH;
    return judged ? [item("snapshot", one.id, one.name, judged, hourly)] : [];
  });
  const addresses = input.addresses.flatMap((one) => {
    const judged = judgeAddress(one, input);
    const hourly = one.droplet ? 0 : IDLE_RESERVED_IP_USD_PER_MONTH / HOURS_PER_MONTH;
    return judged ? [item("reserved IP", one.ip, one.ip, judged, hourly)] : [];
  });
  return [...droplets, ...volumes, ...snapshots, ...addresses];
}

function item(kind: SweepItem["kind"], id: string, name: string, judged: Judged, hourlyUsd: number | null): SweepItem {
  return { kind, id, name, ...judged, hourlyUsd, dailyUsd: hourlyUsd === null ? null : hourlyUsd * 24 };
}

/** What tags and state say; undefined for what is neither ours nor of the project. */
function judge(tags: readonly string[] | null, id: string, input: SweepInput): Judged | undefined {
  if (input.declared.has(id)) return { standing: "declared", why: "in the stack's state" };
  if (!isOwned(tags, input.owner)) return otherStack(tags, input.owner);
  if (input.pending > 0)
    return { standing: "unclear", why: "an update was killed and may have made it: windlass recover" };
  return { standing: "orphan", why: "tagged as this stack's, in no state, and no stopped node needs it" };
}

function otherStack(tags: readonly string[] | null, { project }: Ownership): Judged | undefined {
  const [stack] = tags?.filter((tag) => tag.startsWith("windlass-stack:")) ?? [];
  if (!tags?.includes(OWNED_TAG) || !tags.includes(`windlass-project:${project}`) || !stack) return undefined;
  return { standing: "other-stack", why: `of stack ${stack.slice("windlass-stack:".length)}` };
}

function judgeVolume(volume: StoredVolume, input: SweepInput): Judged | undefined {
  const judged = judge(volume.tags, volume.id, input);
  if (judged?.standing !== "orphan") return judged;
  if (volume.name === input.volumeName && input.needs.nodesWithVolume.has(input.node))
    return { standing: "marker", why: `node ${input.node} is stopped or about to be, or is being resumed` };
  return judged;
}

/**
 * Snapshots are retention's business, with two exceptions: a second one of the same stop, which an answer that was lost has led to, and a stop's
 * that was killed before it was tagged, which its name and a marker's operation prove to be ours.
 */
function judgeSnapshot(snapshot: StoredSnapshot, input: SweepInput): Judged | undefined {
  const { id, name, tags } = snapshot;
  const { owner, needs } = input;
  const stop = /^windlass-stop-(.+)-([a-z0-9]+)$/.exec(name);
  const ours = isOwned(tags, owner) || (stop?.[1] === input.node && needs.operations.has(stop[2] ?? ""));
  if (ours && needs.snapshots.has(id)) return { standing: "marker", why: "a stopped node needs it" };
  if (ours && isDuplicate(snapshot, input)) return { standing: "orphan", why: "a second one of the same operation" };
  if (ours && isNeeded(snapshot, needs)) return { standing: "marker", why: "of a stop or an archive under way" };
  if (ours) return { standing: "kept", why: "windlass gc deletes it when it is old" };
  if (stop?.[1] === input.node)
    return { standing: "unclear", why: "named like a stop of this node, but not tagged, and no marker knows it" };
  return otherStack(tags, owner);
}

/** Whether another snapshot of the same name is the one that the marker names. */
function isDuplicate({ id, name }: StoredSnapshot, { snapshots, needs }: SweepInput): boolean {
  return snapshots.some((other) => other.name === name && other.id !== id && needs.snapshots.has(other.id));
}

/** An address carries no tags: those that are assigned to what is not declared here are none of ours. */
function judgeAddress({ ip, droplet }: HeldAddress, { declared }: SweepInput): Judged | undefined {
  if (declared.has(ip)) return { standing: "declared", why: "in the stack's state" };
  if (droplet) return undefined;
  return { standing: "unclear", why: "assigned to nothing; addresses carry no tags, so look whose it is" };
}
