import { dirname } from "node:path";
import { makeCanonical } from "./canonical.ts";
import { checkShape } from "./consistency.ts";
import { setDefaults } from "./defaults.ts";
import { applyExtends, type ServiceSource } from "./extends.ts";
import { applyIncludes } from "./include.ts";
import { interpolate } from "./interpolate.ts";
import { type Level, lookupIn, pathContext, readText } from "./level.ts";
import { clearPaths, mergeDocuments } from "./merge.ts";
import { entry, type MapNode, map, type Node, type Path, scalar, stringOf, textOf } from "./node.ts";
import { resolvePaths } from "./paths.ts";
import { checkSchema } from "./schema.ts";
import { makeUnique } from "./unique.ts";
import { checkSupported } from "./unsupported.ts";
import { parseDocuments } from "./yaml.ts";

/** Reads and merges the files of a level: long forms, absolute paths, defaults. */
export function loadLevel(files: readonly string[], level: Level): MapNode {
  let root = map([], { file: files[0] ?? "", line: 1 });
  for (const file of files) root = loadFile(file, level, root);
  setDefaults(root);
  checkShape(root);
  resolvePaths(root, pathContext(level));
  resolveEnvironment(root, level);
  return root;
}

function loadFile(file: string, level: Level, before: MapNode): MapNode {
  let root = before;
  for (const { root: document, cleared } of parseDocuments(readText(file, level), file)) {
    interpolateIn(document, level);
    applyExtends({ file, services: entry(document, "services"), cleared }, level, loadExtended);
    clearPaths(root, cleared);
    applyIncludes(document, file, level, loadLevel);
    root = mergeDocuments(root, document);
    makeUnique(root);
    checkSchema(root);
    const version = root.entries.get("version");
    if (version) level.warn(version.at, "version is obsolete and has no effect");
    root.entries.delete("version");
    canonical(root, level);
    checkSupported(root);
  }
  return root;
}

/** A file that a service extends: its services in long form with absolute paths; nothing else of it counts. */
function loadExtended(file: string, level: Level): ServiceSource {
  let root = map([], { file, line: 1 });
  const marks: Path[] = [];
  for (const { root: document, cleared } of parseDocuments(readText(file, level), file)) {
    interpolateIn(document, level);
    clearPaths(root, cleared);
    root = mergeDocuments(root, document);
    makeUnique(root);
    canonical(root, level);
    marks.push(...cleared);
  }
  resolvePaths(root, { ...pathContext(level), folder: dirname(file) });
  return { file, services: entry(root, "services"), cleared: marks };
}

function interpolateIn(document: MapNode, level: Level): void {
  interpolate(document, lookupIn(level.environment), (name, { at }) =>
    level.warn(at, `the variable ${name} is not set; it is taken as empty`),
  );
}

function canonical(root: MapNode, level: Level): void {
  const ignored = (node: Node, path: Path, what: string): void =>
    level.warn(node.at, `${path.join(".")}: ${what} has no effect`);
  makeCanonical(root, ignored);
  const services = entry(root, "services");
  if (services?.kind === "map")
    for (const service of services.entries.values()) {
      const dns = entry(service, "dns");
      if (dns?.kind === "list") dns.items = dns.items.filter((item) => item.kind === "scalar" && textOf(item) !== "");
    }
  makeUnique(root);
}

/** Values that come from the project's environment: `- NAME` of a service, `environment` of a config. */
function resolveEnvironment(root: MapNode, { environment }: Level): void {
  const services = entry(root, "services");
  for (const service of services?.kind === "map" ? services.entries.values() : []) {
    const variables = entry(service, "environment");
    if (variables?.kind !== "list") continue;
    variables.items = variables.items.map((item) => {
      const value = environment.get(stringOf(item) ?? "");
      return value === undefined ? item : scalar(`${stringOf(item)}=${value}`, item.at);
    });
  }
  const configs = entry(root, "configs");
  for (const config of configs?.kind === "map" ? configs.entries.values() : []) {
    const name = stringOf(entry(config, "environment"));
    const value = name === undefined ? undefined : environment.get(name);
    if (config.kind === "map" && value !== undefined) config.entries.set("content", scalar(value, config.at));
  }
}
