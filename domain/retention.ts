import { volumeMonthlyUsd } from "./cost/node-price.ts";
import { snapshotMonthlyUsd } from "./cost/storage-price.ts";
import { type NodeMarkers, nodePhase, readMarkers } from "./node-marker.ts";
import { isOwned, NODE_TAG, type Ownership, VOLUME_TAG } from "./tags.ts";

/** A volume, as far as retention goes; spelled as the API spells it. */
export interface StoredVolume {
  id: string;
  name: string;
  region: { slug: string };
  /** GiB. */
  size_gigabytes: number;
  droplet_ids: number[] | null;
  tags: string[] | null;
}

/** A snapshot of a droplet or of a volume, spelled as the API spells it. */
export interface StoredSnapshot {
  id: string;
  name: string;
  /** Id of what it was taken of. */
  resource_id: string;
  resource_type: "droplet" | "volume";
  /** GiB; what is billed. */
  size_gigabytes: number;
  tags: string[] | null;
  created_at: string;
}

/** The timers of a stack's config. */
export interface RetentionRules {
  detachedVolumeDays: number | "off";
  snapshotDays: number | "off";
  snapshotsKept: number;
}

/** What the stopped, resuming and expired nodes of a stack cannot be brought back without. */
export interface MarkerNeeds {
  /** Ids of snapshots. */
  snapshots: Set<string>;
  /** Stops, resumes and expiries under way or in force: their snapshots are named after them. */
  operations: Set<string>;
  /** Names of nodes whose volume is declared though it may hang on nothing. */
  nodesWithVolume: Set<string>;
}

/** What is to become of one object, and why. */
export interface RetentionItem {
  kind: "volume" | "snapshot";
  id: string;
  name: string;
  /** `archive`: a snapshot of the volume is taken and verified, then the volume is deleted. */
  act: "archive" | "delete" | "keep";
  why: string;
  /** US dollars a month that are paid no more; of an archived volume at least this much, as its snapshot is billed by the data in it. */
  monthlySavedUsd: number;
}

export interface RetentionInput {
  owner: Ownership;
  rules: RetentionRules;
  /** Milliseconds since 1970. */
  now: number;
  volumes: readonly StoredVolume[];
  /** When each volume was detached last, by id; one that is not in it hangs on nothing for an unknown time. */
  detachedAt: ReadonlyMap<string, number>;
  snapshots: readonly StoredSnapshot[];
  /** Ids of the volumes that the stack's state holds. */
  declared: ReadonlySet<string>;
  needs: MarkerNeeds;
  /** Name of the volume that the config declares, and of the node that it is for. */
  volumeName: string;
  node: string;
}

const DAY_MS = 86_400_000;
const MARKER = /^windlass-(?:stopping|stopped|resuming|expired):/;

/** Reads out of the account's tags what the markers of a stack's nodes need. */
export function markerNeeds(owner: Ownership, tags: readonly string[]): MarkerNeeds {
  const own = tags.filter((tag) => MARKER.test(tag) && tag.split(":")[1] === owner.project);
  const needs: MarkerNeeds = { snapshots: new Set(), operations: new Set(), nodesWithVolume: new Set() };
  for (const tag of own) {
    const [, project = "", stack = "", node = ""] = tag.split(":");
    if (stack !== owner.stack) continue;
    // Tag by tag: of two of a kind, which a kill may leave, both are believed.
    addNeeds(needs, readMarkers({ project, stack, node }, [tag]));
    const phase = nodePhase(readMarkers({ project, stack, node }, tags));
    if (phase !== "expired" && phase !== "running") needs.nodesWithVolume.add(node);
  }
  return needs;
}

function addNeeds(needs: MarkerNeeds, { stopping, stopped, resuming, expired }: NodeMarkers): void {
  for (const marker of [stopping, stopped, resuming, expired]) if (marker) needs.operations.add(marker.operation);
  for (const id of [stopped?.image, resuming?.image, expired?.snapshot]) if (id) needs.snapshots.add(id);
}

/**
 * Decides over every volume and snapshot of the stack; what is not tagged as the stack's own is not even named. Whatever is not known counts
 * against a deletion: a volume detached at an unknown time stays.
 */
export function planRetention(input: RetentionInput): RetentionItem[] {
  const volumes = input.volumes.filter(({ tags }) => isOwned(tags, input.owner)).map((one) => judgeVolume(one, input));
  const own = input.snapshots.filter(({ tags }) => isOwned(tags, input.owner));
  const newest = newestOfEach(own, input.rules.snapshotsKept);
  return [...volumes, ...own.map((one) => judgeSnapshot(one, newest.has(one.id), input))];
}

function judgeVolume(volume: StoredVolume, input: RetentionInput): RetentionItem {
  const { id, name } = volume;
  const keep = (why: string) => ({ kind: "volume" as const, id, name, act: "keep" as const, why, monthlySavedUsd: 0 });
  const [droplet] = volume.droplet_ids ?? [];
  if (droplet !== undefined) return keep(`attached to droplet ${droplet}`);
  if (input.declared.has(id)) return keep("the stack declares it");
  if (name === input.volumeName && input.needs.nodesWithVolume.has(input.node))
    return keep(`node ${input.node} is stopped and needs it`);
  const { detachedVolumeDays: days } = input.rules;
  if (days === "off") return keep("detachedVolumeDays is off");
  const since = input.detachedAt.get(id);
  if (since === undefined) return keep("it is not known since when it is detached");
  const age = (input.now - since) / DAY_MS;
  if (age < days) return keep(`detached for ${inDays(age)}, kept for ${days}`);
  const monthly = volumeMonthlyUsd(volume.size_gigabytes);
  const monthlySavedUsd = Math.max(0, monthly - snapshotMonthlyUsd(volume.size_gigabytes));
  const why = `detached for ${inDays(age)}, more than ${days}: archived in a snapshot, then deleted`;
  return { kind: "volume", id, name, act: "archive", why, monthlySavedUsd };
}

function judgeSnapshot(snapshot: StoredSnapshot, newest: boolean, input: RetentionInput): RetentionItem {
  const { id, name } = snapshot;
  const keep = (why: string) => ({
    kind: "snapshot" as const,
    id,
    name,
    act: "keep" as const,
    why,
    monthlySavedUsd: 0,
  });
  if (isNeeded(snapshot, input.needs)) return keep("a stopped node needs it");
  const { snapshotDays: days, snapshotsKept } = input.rules;
  if (days === "off") return keep("snapshotDays is off");
  const age = (input.now - Date.parse(snapshot.created_at)) / DAY_MS;
  if (!(age > days)) return keep(`${inDays(age)} old, kept for ${days}`);
  if (newest) return keep(`one of the newest ${snapshotsKept} of ${sourceName(snapshot)}`);
  const why = `${inDays(age)} old, more than ${days}, and ${snapshotsKept} newer ones are there`;
  const monthlySavedUsd = snapshotMonthlyUsd(snapshot.size_gigabytes);
  return { kind: "snapshot", id, name, act: "delete", why, monthlySavedUsd };
}

/** Whether a node that is stopped, being stopped, being resumed or expired needs the snapshot. */
export function isNeeded({ id, name }: Pick<StoredSnapshot, "id" | "name">, needs: MarkerNeeds): boolean {
  return needs.snapshots.has(id) || needs.operations.has(name.slice(name.lastIndexOf("-") + 1));
}

/** Ids of the newest of each node and of each volume. */
function newestOfEach(snapshots: readonly StoredSnapshot[], count: number): Set<string> {
  const groups = new Map<string, StoredSnapshot[]>();
  for (const one of snapshots) groups.set(sourceName(one), [...(groups.get(sourceName(one)) ?? []), one]);
  const newestFirst = (a: StoredSnapshot, b: StoredSnapshot) =>
    Date.parse(b.created_at) - Date.parse(a.created_at) || (a.id < b.id ? 1 : -1);
  return new Set(
    [...groups.values()].flatMap((group) =>
      group
        .sort(newestFirst)
        .slice(0, count)
        .map(({ id }) => id),
    ),
  );
}

/** A node's droplets change with every resume, and its volume with a restore: where a tag names them, the name counts, not the id. */
function sourceName({ resource_type, resource_id, tags }: StoredSnapshot): string {
  const [word, prefix] = resource_type === "volume" ? ["volume", VOLUME_TAG] : ["node", NODE_TAG];
  const named = tags?.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
  return named ? `${word} ${named}` : `${resource_type} ${resource_id}`;
}

function inDays(days: number): string {
  return `${days.toFixed(1)} days`;
}
