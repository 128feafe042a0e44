import {
  entry,
  equal,
  isNull,
  list,
  type MapNode,
  map,
  type Node,
  type Path,
  pathTable,
  scalar,
  stringOf,
  textOf,
} from "./node.ts";
import { fail } from "./problem.ts";

/** Two values of one key: `base` of the earlier file or the extended service, `over` of the later one. */
type Merge = (base: Node, over: Node, path: Path) => Node;

/** Merges a later file into an earlier one. Throws `ConfigInvalid` where a list or mapping meets something else. */
export function mergeDocuments(base: MapNode, over: MapNode): MapNode {
  return mergeMaps(base, over, []) as MapNode;
}

/** What a service makes of the one it extends. */
export function mergeService(name: string, base: Node, over: Node): Node {
  return mergeMaps(base, over, ["services", name]);
}

function mergeNodes(base: Node, over: Node, path: Path): Node {
  const special = SPECIAL(path);
  if (special) return special(base, over, path);
  if (isNull(over)) return base;
  if (base.kind === "map") return mergeMaps(base, over, path);
  if (base.kind === "list") {
    if (over.kind !== "list") return mismatch(base, over, path);
    return list([...base.items, ...over.items], over.at);
  }
  return over;
}

function mergeMaps(base: Node, over: Node, path: Path): Node {
  if (base.kind !== "map" || over.kind !== "map") return mismatch(base, over, path);
  const merged = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const before = merged.get(key);
    merged.set(key, before ? mergeNodes(before, value, [...path, key]) : value);
  }
  return map(merged, over.at);
}

function mismatch(base: Node, over: Node, path: Path): never {
  const names = { map: "a mapping", list: "a list", scalar: "a single value" };
  return fail(
    over,
    path,
    `is ${names[over.kind]} here and ${names[base.kind]} at ${base.at.file}:${base.at.line}: they cannot be merged`,
  );
}

const replace: Merge = (_, over) => over;

/** `KEY: value` and `KEY=value` alike become `KEY=value`, the later ones behind; doubles go when keys are made unique. */
const join: Merge = (base, over, path) => list([...asList(base, path), ...asList(over, path)], over.at);

/** A host may have several addresses, as a list. */
const joinHosts: Merge = (base, over, path) => {
  const first = asList(base, path, true);
  const more = asList(over, path, true).filter((host) => !first.some((other) => equal(host, other)));
  return list([...first, ...more], over.at);
};

function asList(node: Node, path: Path, several = false): Node[] {
  if (node.kind === "list") return node.items;
  if (node.kind === "scalar") return typeof node.value === "string" ? [node] : [];
  return [...node.entries].flatMap(([key, value]) => {
    if (isNull(value)) return [scalar(key, value.at)];
    const values = value.kind === "list" && several ? value.items : [value];
    return values.map((item) =>
      item.kind === "scalar"
        ? scalar(`${key}=${textOf(item)}`, item.at)
        : fail(item, [...path, key], "must be a single value"),
    );
  });
}

function asMap(node: Node, make: (item: Node) => Node): Node {
  if (node.kind !== "list") return node;
  return map(
    node.items.map((item) => [stringOf(item) ?? "", make(item)] as const),
    node.at,
  );
}

/** A list of names is a mapping of names to nothing. */
const mergeNames: Merge = (base, over, path) => {
  const nothing = (item: Node): Node => scalar(null, item.at);
  return mergeMaps(asMap(base, nothing), asMap(over, nothing), path);
};

const mergeDependencies: Merge = (base, over, path) => {
  const started = (item: Node): Node =>
    map(
      [["condition", scalar("service_started", item.at)] as const, ["required", scalar(true, item.at)] as const],
      item.at,
    );
  return mergeMaps(asMap(base, started), asMap(over, started), path);
};

const mergeBuild: Merge = (base, over, path) => {
  const long = (node: Node): Node => (node.kind === "scalar" ? map([["context", node]], node.at) : node);
  return mergeMaps(long(base), long(over), path);
};

/** Options of another log driver do not mix. */
const mergeLogging: Merge = (base, over, path) => {
  const drivers = [base, over].map((node) => entry(node, "driver"));
  const [before, after] = drivers;
  return !before || !after || equal(before, after) ? mergeMaps(base, over, path) : over;
};

/** Address ranges of one subnet are one; others stand side by side. */
const mergeRanges: Merge = (base, over, path) => {
  if (base.kind !== "list" || over.kind !== "list") return mismatch(base, over, path);
  const ranges: Node[] = [];
  const subnet = (node: Node): string | undefined => stringOf(entry(node, "subnet"));
  for (const before of base.items)
    for (const after of over.items) {
      const known = (node: Node): number => ranges.findIndex((range) => subnet(range) === subnet(node));
      if (subnet(before) !== subnet(after) && known(after) < 0) {
        ranges.push(after);
        continue;
      }
      const merged = mergeMaps(before, after, path);
      if (known(merged) >= 0) ranges[known(merged)] = merged;
      else ranges.push(merged);
    }
  return list(ranges, over.at);
};

const SERVICE: Record<string, Merge> = {
  annotations: join,
  build: mergeBuild,
  "build.args": join,
  "build.additional_contexts": join,
  "build.extra_hosts": joinHosts,
  "build.labels": join,
  command: replace,
  depends_on: mergeDependencies,
  "deploy.labels": join,
  dns: join,
  dns_opt: join,
  dns_search: join,
  entrypoint: replace,
  env_file: join,
  label_file: join,
  environment: join,
  extra_hosts: joinHosts,
  "healthcheck.test": replace,
  labels: join,
  logging: mergeLogging,
  models: mergeNames,
  networks: mergeNames,
  sysctls: join,
  tmpfs: join,
  "ulimits.*": replace,
};

const SPECIAL = pathTable<Merge>({
  "networks.*.ipam.config": mergeRanges,
  "networks.*.labels": join,
  "volumes.*.labels": join,
  ...Object.fromEntries(Object.entries(SERVICE).map(([path, merge]) => [`services.*.${path}`, merge])),
});

/** Takes out what a later file marked `!reset` or `!override`; in place. Single items of a list cannot be taken out. */
export function clearPaths(root: Node, cleared: readonly Path[], path: Path = []): void {
  if (cleared.length === 0) return;
  if (root.kind === "map")
    for (const [key, value] of root.entries) {
      const below = [...path, key];
      if (cleared.some((other) => other.length === below.length && other.every((part, index) => part === below[index])))
        root.entries.delete(key);
      else clearPaths(value, cleared, below);
    }
  if (root.kind === "list")
    for (const [index, item] of root.items.entries()) clearPaths(item, cleared, [...path, String(index)]);
}
