import {
  entry,
  isNull,
  list,
  map,
  type Node,
  type Path,
  pathTable,
  rewriteTree,
  scalar,
  stringOf,
  textOf,
} from "./node.ts";
import { longPorts } from "./port.ts";
import { fail } from "./problem.ts";
import { longVolume } from "./volume.ts";

/** Told of what is written in a file and has no effect. */
export type OnIgnored = (node: Node, path: Path, what: string) => void;

type Rewrite = (node: Node, path: Path, onIgnored: OnIgnored) => Node;

/** Turns short forms into long ones, in place. Throws `ConfigInvalid` for a port, volume or device that cannot be read. */
export function makeCanonical(root: Node, onIgnored: OnIgnored): void {
  const walk = (node: Node, path: Path): Node | undefined => {
    const rewrite = REWRITES(path);
    const changed = rewrite ? rewrite(node, path, onIgnored) : node;
    if (changed === node) return undefined;
    return rewriteTree(
      changed,
      (inner, below) => (below.length === path.length ? undefined : walk(inner, below)),
      path,
    );
  };
  rewriteTree(root, walk);
}

const asList: Rewrite = (node) => (stringOf(node) === undefined ? node : list([node], node.at));

const asText: Rewrite = (node) => (node.kind === "scalar" && !isNull(node) ? scalar(textOf(node), node.at) : node);

const asNames: Rewrite = (node) =>
  node.kind === "list"
    ? map(
        node.items.map((item) => [stringOf(item) ?? "", scalar(null, item.at)] as const),
        node.at,
      )
    : node;

const keyed =
  (key: string): Rewrite =>
  (node) =>
    stringOf(node) === undefined ? node : map([[key, node]], node.at);

const keyValues: Rewrite = (node, path) => {
  if (node.kind !== "list") return node;
  const pairs = node.items.map((item) => {
    const [key = "", ...value] = (stringOf(item) ?? "").split("=");
    if (value.length === 0) return fail(item, path, `${stringOf(item)} must be NAME=VALUE`);
    return [key, scalar(value.join("="), item.at)] as const;
  });
  return map(pairs, node.at);
};

const sshKeys: Rewrite = (node, path) => {
  if (node.kind !== "list") return node;
  const pairs = node.items.map((item) => {
    const [id = "", ...file] = (stringOf(item) ?? "").split("=");
    if (file.length === 0 && id !== "default") return fail(item, path, `${id} must be default or NAME=FILE`);
    return [id, scalar(file.length === 0 ? null : file.join("="), item.at)] as const;
  });
  return map(pairs, node.at);
};

const dependencies: Rewrite = (node) => {
  const started = scalar("service_started", node.at);
  if (node.kind === "list") {
    const long = (item: Node): Node =>
      map(
        [["condition", scalar("service_started", item.at)] as const, ["required", scalar(true, item.at)] as const],
        item.at,
      );
    return map(
      node.items.map((item) => [stringOf(item) ?? "", long(item)] as const),
      node.at,
    );
  }
  if (node.kind === "map")
    for (const dependency of node.entries.values()) {
      if (dependency.kind !== "map") continue;
      if (!dependency.entries.has("condition")) dependency.entries.set("condition", started);
      if (!dependency.entries.has("required")) dependency.entries.set("required", scalar(true, dependency.at));
    }
  return node;
};

const envFiles: Rewrite = (node) => {
  const files = node.kind === "list" ? node.items : [node];
  const long = files.map((file) => {
    const entries = new Map(file.kind === "map" ? file.entries : [["path", file] as const]);
    if (!entries.has("required")) entries.set("required", scalar(true, file.at));
    return map(entries, file.at);
  });
  return list(long, node.at);
};

const gpus: Rewrite = (node) =>
  stringOf(node) === undefined ? node : list([map([["count", scalar("all", node.at)]], node.at)], node.at);

const volume: Rewrite = (node, path, onIgnored) => {
  if (node.kind !== "scalar") return node;
  const long = longVolume(node);
  if (typeof long === "string") return fail(node, path, long);
  for (const option of long.ignored) onIgnored(node, path, `the option ${option} of a volume`);
  return long.node;
};

const ports: Rewrite = (node, path) => {
  if (node.kind !== "list") return node;
  const long = node.items.flatMap((item, index) => {
    if (item.kind !== "scalar") return [item];
    const found = longPorts(item);
    return typeof found === "string" ? fail(item, [...path, String(index)], found) : found;
  });
  return list(long, node.at);
};

const device: Rewrite = (node, path) => {
  const written = stringOf(node);
  if (written === undefined) return node;
  const [source = "", target = source, permissions = "rwm", ...more] = written.split(":");
  if (more.length > 0)
    return fail(node, path, `${written} has too many colons`, "write source, target and permissions out");
  const text = (value: string): Node => scalar(value, node.at);
  return map(
    [
      ["source", text(source)] as const,
      ["target", text(target || source)] as const,
      ["permissions", text(permissions)] as const,
    ],
    node.at,
  );
};

/** `external: {name: NAME}` of old files. */
const external: Rewrite = (node, path) => {
  const old = entry(node, "external");
  if (node.kind !== "map" || old?.kind !== "map") return node;
  const [name, given] = [entry(old, "name"), entry(node, "name")];
  if (name && given && stringOf(name) !== stringOf(given))
    fail(old, path, "name and external.name differ", "keep only name");
  node.entries.set("external", scalar(true, old.at));
  if (name) node.entries.set("name", name);
  return node;
};

const SERVICE: Record<string, Rewrite> = {
  build: keyed("context"),
  "build.secrets.*": keyed("source"),
  "build.provenance": asText,
  "build.sbom": asText,
  "build.additional_contexts": keyValues,
  "build.ssh": sshKeys,
  depends_on: dependencies,
  env_file: envFiles,
  label_file: asList,
  gpus,
  networks: asNames,
  models: asNames,
  "volumes.*": volume,
  dns: asList,
  "devices.*": device,
  "secrets.*": keyed("source"),
  "configs.*": keyed("source"),
  ports,
  extends: keyed("service"),
  "develop.watch.*.ignore": asList,
  "develop.watch.*.include": asList,
};

const REWRITES = pathTable<Rewrite>({
  "volumes.*": external,
  "networks.*": external,
  "secrets.*": external,
  "configs.*": external,
  "include.*": keyed("path"),
  ...Object.fromEntries(Object.entries(SERVICE).map(([path, rewrite]) => [`services.*.${path}`, rewrite])),
});
