import { UserError } from "./errors.ts";
import { type Ownership, TAG_PATTERN } from "./tags.ts";

/**
 * What the cloud remembers of a node beside the state of its stack. Every marker is a tag of the account, so that each machine that
 * declares the stack reads the same, with no edit to a committed file: `windlass-<kind>:<project>:<stack>:<node>:<field>:...`. A tag
 * costs nothing, needs no resource, and is made and deleted in one call.
 */
export interface NodeMarkers {
  /** A stop is under way; the node is still declared. */
  stopping?: { operation: string; strategy: StopStrategy };
  /** No droplet and no attachment are declared; the volume is. */
  stopped?: { operation: string; strategy: StopStrategy; image: string; size: string; at: Date };
  /** The droplet is declared from this image with this size, until its health is proven. */
  resuming?: { operation: string; image: string; size: string };
  /** The volume is not declared either: it is in this snapshot. */
  expired?: { operation: string; snapshot: string; at: Date };
  /** The node runs with another size than the config's, as long as the config says `declared`. */
  size?: { declared: string; actual: string };
  /** Counts as active until then. */
  hold?: { until: Date; why: string };
  /** People were told that this will be done. */
  notices: { action: string; at: Date }[];
}

/** How the root disk survives: in a snapshot, or rebuilt from a golden image with what was kept on the volume. */
export type StopStrategy = "snapshot" | "golden";

/** What a node is declared to be. */
export type NodePhase = "running" | "stopping" | "stopped" | "resuming" | "expired";

/** A node as markers name it. */
export type NodeOwner = Required<Ownership>;

/** One marker with its fields, as it is written. */
export type Marker =
  | ({ kind: "stopping" } & NonNullable<NodeMarkers["stopping"]>)
  | ({ kind: "stopped" } & NonNullable<NodeMarkers["stopped"]>)
  | ({ kind: "resuming" } & NonNullable<NodeMarkers["resuming"]>)
  | ({ kind: "expired" } & NonNullable<NodeMarkers["expired"]>)
  | ({ kind: "size" } & NonNullable<NodeMarkers["size"]>)
  | ({ kind: "hold" } & NonNullable<NodeMarkers["hold"]>)
  | ({ kind: "notice" } & NodeMarkers["notices"][number]);

/** Fields of each kind in the order of the tag. */
const FIELDS = {
  stopping: ["operation", "strategy"],
  stopped: ["operation", "strategy", "image", "size", "at"],
  resuming: ["operation", "image", "size"],
  expired: ["operation", "snapshot", "at"],
  size: ["declared", "actual"],
  hold: ["until", "why"],
  notice: ["action", "at"],
} as const;

/** The kinds of markers. */
export type MarkerKind = keyof typeof FIELDS;

const DATES = new Set(["at", "until"]);

/** The tag of a marker. Throws UserError `ConfigInvalid` where the names are too long for DigitalOcean's 255 characters. */
export function markerTag(owner: NodeOwner, marker: Marker): string {
  const values = FIELDS[marker.kind].map((field) => fieldText((marker as Record<string, unknown>)[field]));
  const tag = [prefix(owner, marker.kind), ...values].join(":");
  // Words may be cut, the rest may not: a hold's reason stands last.
  const cut = marker.kind === "hold" ? tag.slice(0, 255) : tag;
  if (TAG_PATTERN.test(cut)) return cut;
  throw new UserError("ConfigInvalid", {
    reason: `${JSON.stringify(cut)} is no tag: project, stack and node name are ${cut.length > 255 ? "too long together" : "not made of letters, digits, dashes and underscores"}`,
    suggestion: "shorten windlass:project, windlass:nodeName or the stack's name",
  });
}

/** Tags of the node of whatever kind match this regular expression. */
export function markerPattern(owner: NodeOwner): string {
  return `^windlass-(${Object.keys(FIELDS).join("|")}):${owner.project}:${owner.stack}:${owner.node}:`;
}

/** Every tag of a kind of this node begins like this, and a colon. */
function prefix({ project, stack, node }: NodeOwner, kind: MarkerKind): string {
  return `windlass-${kind}:${project}:${stack}:${node}`;
}

/** Reads the markers of a node out of the account's tags; of two of a kind (a kill between two calls) the newer one counts. */
export function readMarkers(owner: NodeOwner, tags: readonly string[]): NodeMarkers {
  const found: NodeMarkers = { notices: [] };
  for (const tag of [...tags].sort()) {
    for (const kind of Object.keys(FIELDS) as MarkerKind[]) {
      if (!tag.startsWith(`${prefix(owner, kind)}:`)) continue;
      const marker = parseMarker(kind, tag.slice(prefix(owner, kind).length + 1));
      if (!marker) continue;
      if (kind === "notice") found.notices.push(marker as NodeMarkers["notices"][number]);
      else Object.assign(found, { [kind]: marker });
    }
  }
  return found;
}

/** The tags of this node that are markers of these kinds, as they stand in the account. */
export function markerTags(owner: NodeOwner, tags: readonly string[], ...kinds: MarkerKind[]): string[] {
  return tags.filter((tag) => kinds.some((kind) => tag.startsWith(`${prefix(owner, kind)}:`)));
}

function parseMarker(kind: MarkerKind, text: string): Record<string, unknown> | undefined {
  const values = text.split(":");
  const fields: readonly string[] = FIELDS[kind];
  if (values.length !== fields.length || values.some((value) => value === "")) return undefined;
  const marker: Record<string, unknown> = {};
  for (const [index, field] of fields.entries()) {
    const value = values[index] ?? "";
    if (DATES.has(field) && !/^\d{1,12}$/.test(value)) return undefined;
    marker[field] = DATES.has(field)
      ? new Date(Number(value) * 1000)
      : field === "why"
        ? value.replaceAll("_", " ")
        : value;
  }
  return marker;
}

/** Dates as seconds since 1970; words with underscores for what a tag cannot hold. */
function fieldText(value: unknown): string {
  if (value instanceof Date) return String(Math.floor(value.getTime() / 1000));
  return (
    String(value)
      .trim()
      .replaceAll(/[^A-Za-z0-9_-]+/g, "_") || "_"
  );
}

/** What the node is declared to be: a resume wins over the stop that it ends. */
export function nodePhase(markers: NodeMarkers): NodePhase {
  if (markers.resuming) return "resuming";
  if (markers.expired) return "expired";
  if (markers.stopped) return "stopped";
  return markers.stopping ? "stopping" : "running";
}

/** Image and size of the droplet that is declared; undefined where none is. */
export function declaredMachine(
  markers: NodeMarkers,
  config: { image: string; size: string },
): { image: string; size: string } | undefined {
  const phase = nodePhase(markers);
  if (phase === "stopped" || phase === "expired") return undefined;
  if (markers.resuming) return { image: markers.resuming.image, size: markers.resuming.size };
  return { image: config.image, size: markers.size?.declared === config.size ? markers.size.actual : config.size };
}

/** A name for one stop or resume that sorts by time: `now` in milliseconds since 1970, `random` from 0 to 1. */
export function operationId(now: number, random: number): string {
  const tail = Math.floor(random * 36 ** 4)
    .toString(36)
    .padStart(4, "0");
  return `${Math.floor(now).toString(36).padStart(9, "0")}${tail}`;
}

/** Name of the snapshot that a stop takes of the root disk: it is found by it after a kill. */
export function stopSnapshotName(node: string, operation: string): string {
  return `windlass-stop-${node}-${operation}`;
}
