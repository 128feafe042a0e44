import { isAbsolute, join } from "node:path";
import { entry, list, type Node, pathTable, rewriteTree, scalar, stringOf } from "./node.ts";

/** What a path of a Compose file is taken relative to. */
export interface PathContext {
  folder: string;
  /** The user's home folder, for `~`. */
  home: string;
  /** Follows symbolic links. */
  realPath(path: string): string;
}

/** Makes relative paths start at `folder`, in place; with a relative folder they stay relative to what that is relative to. */
export function resolvePaths(root: Node, context: PathContext): void {
  rewriteTree(root, (node, path) => PATHS(path)?.(node, context));
}

type Resolve = (node: Node, context: PathContext) => Node | undefined;

export function absolutePath(path: string, { folder, home }: PathContext): string {
  const expanded = path.startsWith("~") ? join(home, path.slice(1)) : path;
  if (isAbsolute(expanded) || /^([a-z]:[\\/]|\\\\)/i.test(expanded)) return expanded;
  return join(folder, expanded).replace(/(.)\/$/, "$1");
}

const file: Resolve = (node, context) => {
  if (node.kind === "list")
    return list(
      node.items.map((item) => file(item, context) ?? item),
      node.at,
    );
  const path = stringOf(node);
  return path === undefined ? undefined : scalar(absolutePath(path, context), node.at);
};

/** An empty path stays empty. */
const namedFile: Resolve = (node, context) => (stringOf(node) === "" ? node : file(node, context));

const buildContext: Resolve = (node, context) => {
  const path = stringOf(node) ?? "";
  const remote = path.includes("://") || /^(service:|github\.com\/|git@)/.test(path);
  return remote ? node : namedFile(node, context);
};

const watched: Resolve = (node, context) => {
  const path = stringOf(node);
  return path === undefined ? undefined : scalar(context.realPath(absolutePath(path, context)), node.at);
};

const mount: Resolve = (node, context) => {
  const source = entry(node, "source");
  if (node.kind === "map" && stringOf(entry(node, "type")) === "bind" && source)
    node.entries.set("source", file(source, context) ?? source);
  return node;
};

/** A volume of the local driver that is a folder of the host. */
const boundVolume: Resolve = (node, context) => {
  const options = entry(node, "driver_opts");
  const device = entry(options, "device");
  const bound = stringOf(entry(node, "driver")) === "local" && stringOf(entry(options, "o")) === "bind";
  if (bound && options?.kind === "map" && device) options.entries.set("device", file(device, context) ?? device);
  return node;
};

const PATHS = pathTable<Resolve>({
  "services.*.build.context": buildContext,
  "services.*.build.additional_contexts.*": buildContext,
  "services.*.build.ssh.*": file,
  "services.*.env_file.*.path": namedFile,
  "services.*.label_file.*": namedFile,
  "services.*.extends.file": namedFile,
  "services.*.develop.watch.*.path": watched,
  "services.*.volumes.*": mount,
  "configs.*.file": file,
  "secrets.*.file": file,
  "volumes.*": boundVolume,
});
