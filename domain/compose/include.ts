import { dirname } from "node:path";
import { defaultEnvFile, type Level, readEnvFiles, resolvePath } from "./level.ts";
import { entry, equal, isNull, type MapNode, map, type Node, type Path, stringOf } from "./node.ts";
import { fail } from "./problem.ts";
import { isRemote } from "./remote.ts";

/** Reads and merges the files of a level. */
export type LoadFiles = (files: readonly string[], level: Level) => MapNode;

const KINDS = ["services", "volumes", "networks", "secrets", "configs", "models"];

/**
 * Takes over what the files under `include` declare, in place; each brings its own folder and environment. Throws `ConfigInvalid` for a name
 * that both declare differently, a cycle (named), a file that is not on this machine.
 */
export function applyIncludes(document: MapNode, file: string, level: Level, load: LoadFiles): void {
  const includes = document.entries.get("include");
  if (!includes) return;
  if (includes.kind !== "list" && !isNull(includes)) fail(includes, ["include"], "must be a list of files");
  const items = includes.kind === "list" ? includes.items : [];
  for (const [index, item] of items.entries()) {
    const included = loadInclude(
      item,
      ["include", String(index)],
      { ...level, including: [...level.including, file] },
      load,
    );
    takeOver(included, document);
  }
  document.entries.delete("include");
}

function loadInclude(item: Node, path: string[], level: Level, load: LoadFiles): MapNode {
  const files = textsOf(item.kind === "map" ? entry(item, "path") : item, path);
  const [first] = files;
  if (!first) return fail(item, path, "must name a file");
  for (const { node, text } of files)
    if (isRemote(text)) fail(node, path, `${text} is not on this machine; that is not supported`, "copy the file here");
  const absolute = existing(files, path, level);
  const main = absolute[0] ?? "";
  if (level.including.includes(main))
    fail(item, path, `includes itself: ${[...level.including, main].join(" includes ")}`);
  const folder = stringOf(entry(item, "project_directory"));
  const inside = folder === undefined ? dirname(main) : resolvePath(folder, level);
  const envFiles = existing(textsOf(entry(item, "env_file"), [...path, "env_file"]), [...path, "env_file"], level);
  const more = readEnvFiles(envFiles.length > 0 ? envFiles : defaultEnvFile(inside, level), level.environment, level);
  const environment = new Map([...more, ...level.environment]);
  return load(absolute, { ...level, folder: inside, environment });
}

/** Absolute paths of files that are there. */
function existing(files: readonly { node: Node; text: string }[], path: Path, level: Level): string[] {
  return files.map(({ node, text }) => {
    const file = resolvePath(text, level);
    return level.reader.read(file) === undefined ? fail(node, path, `there is no file ${file}`) : file;
  });
}

function textsOf(node: Node | undefined, path: Path): { node: Node; text: string }[] {
  const nodes = node?.kind === "list" ? node.items : node ? [node] : [];
  return nodes.map((item) => ({ node: item, text: stringOf(item) ?? fail(item, path, "must be the path of a file") }));
}

function takeOver(included: MapNode, document: MapNode): void {
  for (const kind of KINDS) {
    const from = included.entries.get(kind);
    if (from?.kind !== "map") continue;
    const to = document.entries.get(kind);
    if (to && to.kind !== "map" && !isNull(to)) fail(to, [kind], "must be a mapping");
    const all = new Map(to?.kind === "map" ? to.entries : []);
    for (const [name, node] of from.entries) {
      const own = all.get(name);
      if (own && !equal(own, node))
        fail(own, [kind, name], `is declared differently in the included file, at ${node.at.file}:${node.at.line}`);
      all.set(name, node);
    }
    document.entries.set(kind, map(all, to?.at ?? from.at));
  }
}
