/** Where something stands: a file as it was named to the reader, a line counted from 1. */
export interface Place {
  file: string;
  line: number;
}

/** A value of a Compose file that knows where it was written, through merging, extending and including. */
export type Node = MapNode | ListNode | ScalarNode;

export interface MapNode {
  kind: "map";
  at: Place;
  entries: Map<string, Node>;
}

export interface ListNode {
  kind: "list";
  at: Place;
  items: Node[];
}

export interface ScalarNode {
  kind: "scalar";
  at: Place;
  value: string | number | boolean | null;
  /** A number as it is written where text is wanted (`1.10` is 1.1, an integer of any length stays exact). */
  text?: string;
  /** A number with a fraction or an exponent, which is no whole number even where its value is one. */
  float?: true;
}

export type Path = readonly string[];

export function scalar(value: ScalarNode["value"], at: Place): ScalarNode {
  return { kind: "scalar", at, value };
}

export function map(entries: Iterable<readonly [string, Node]>, at: Place): MapNode {
  return { kind: "map", at, entries: new Map(entries) };
}

export function list(items: readonly Node[], at: Place): ListNode {
  return { kind: "list", at, items: [...items] };
}

export function isNull(node: Node | undefined): boolean {
  return node?.kind === "scalar" && node.value === null;
}

/** The text of a string, undefined for everything else. */
export function stringOf(node: Node | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

/** A scalar as text: numbers and booleans as they print, null as the empty string. */
export function textOf(node: ScalarNode): string {
  return node.text ?? (node.value === null ? "" : String(node.value));
}

export function entry(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === "map" ? node.entries.get(key) : undefined;
}

/** The node at a path, or the nearest one above it: what an error about the path points to. */
export function nearestNode(root: Node, path: Path): Node {
  let node = root;
  for (const part of path) {
    const next: Node | undefined =
      node.kind === "map" ? node.entries.get(part) : node.kind === "list" ? node.items[Number(part)] : undefined;
    if (!next) return node;
    node = next;
  }
  return node;
}

/** A copy that shares nothing with the original. */
export function clone<T extends Node>(node: T): T;
export function clone(node: Node): Node {
  if (node.kind === "map")
    return map(
      [...node.entries].map(([key, value]) => [key, clone(value)] as const),
      node.at,
    );
  if (node.kind === "list")
    return list(
      node.items.map((item) => clone(item)),
      node.at,
    );
  return { ...node };
}

/** Whether two nodes hold the same, wherever they stand and in whatever order their keys are. */
export function equal(a: Node, b: Node): boolean {
  if (a.kind === "map")
    return (
      b.kind === "map" &&
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, value]) => {
        const other = b.entries.get(key);
        return other !== undefined && equal(value, other);
      })
    );
  if (a.kind === "list")
    return (
      b.kind === "list" &&
      a.items.length === b.items.length &&
      a.items.every((item, index) => equal(item, b.items[index] as Node))
    );
  return b.kind === "scalar" && a.value === b.value;
}

/** Whether a path fits a pattern of the same length; `*` stands for any one part. */
export function matches(path: Path, pattern: Path): boolean {
  return path.length === pattern.length && pattern.every((part, index) => part === "*" || part === path[index]);
}

/** What belongs to the first pattern (`services.*.ports`) that a path fits. */
export function pathTable<T>(table: Record<string, T>): (path: Path) => T | undefined {
  const byLength = new Map<number, { pattern: Path; value: T }[]>();
  for (const [text, value] of Object.entries(table)) {
    const pattern = text.split(".");
    byLength.set(pattern.length, [...(byLength.get(pattern.length) ?? []), { pattern, value }]);
  }
  return (path) => byLength.get(path.length)?.find(({ pattern }) => matches(path, pattern))?.value;
}

/**
 * Rewrites a tree in place from the top: where `rewrite` gives a node, that stands there and what is below it is not looked at; where it
 * gives undefined, the children are.
 */
export function rewriteTree(node: Node, rewrite: (node: Node, path: Path) => Node | undefined, path: Path = []): Node {
  const changed = rewrite(node, path);
  if (changed) return changed;
  if (node.kind === "map")
    for (const [key, value] of node.entries) node.entries.set(key, rewriteTree(value, rewrite, [...path, key]));
  if (node.kind === "list")
    node.items = node.items.map((item, index) => rewriteTree(item, rewrite, [...path, String(index)]));
  return node;
}
