import { type Level, resolvePath } from "./level.ts";
import { clearPaths, mergeService } from "./merge.ts";
import { clone, entry, isNull, type MapNode, map, type Node, type Path, stringOf } from "./node.ts";
import { fail } from "./problem.ts";
import { isRemote } from "./remote.ts";

/** Where a service is looked up: the services of one file, and what that file clears of what it extends. */
export interface ServiceSource {
  file: string;
  services: Node | undefined;
  cleared: readonly Path[];
}

/** Reads the services of another file, in long form and with absolute paths. */
export type LoadSource = (file: string, level: Level) => ServiceSource;

interface Source extends ServiceSource {
  services: MapNode;
}

/**
 * Merges each service of a file onto the one it `extends`, of the same file or another, through any number of steps; in place. Throws
 * `ConfigInvalid` for a service that is not there, a cycle (named), a file that is not on this machine.
 */
export function applyExtends({ file, services, cleared }: ServiceSource, level: Level, load: LoadSource): void {
  if (services?.kind !== "map") return;
  for (const name of services.entries.keys()) {
    const merged = extended(name, { file, services, cleared }, [], level, load);
    if (merged) services.entries.set(name, merged);
  }
}

function extended(
  name: string,
  source: Source,
  chain: readonly string[],
  level: Level,
  load: LoadSource,
): Node | undefined {
  const service = source.services.entries.get(name);
  const extend = entry(service, "extends");
  if (service?.kind !== "map" || !extend) return service;
  const path = ["services", name, "extends"];
  const step = `${name} in ${source.file}`;
  if (chain.includes(step)) return fail(extend, path, `extends itself: ${[...chain, step].join(" extends ")}`);
  const wanted = stringOf(extend) ?? stringOf(entry(extend, "service"));
  if (!wanted) return fail(extend, path, "must name a service");
  const from = baseSource(extend, path, source, level, load);
  const base = from.services.entries.get(wanted);
  if (!base) return fail(extend, path, `there is no service ${wanted} in ${from.file}`);
  const resolved = extended(wanted, from, [...chain, step], level, load);
  const own = map(service.entries, service.at);
  own.entries.delete("extends");
  if (!resolved || isNull(resolved)) return own;
  const copy = clone(resolved);
  const services = map([[name, copy]], source.services.at);
  clearPaths(map([["services", services]], source.services.at), source.cleared);
  return mergeService(name, copy, own);
}

function baseSource(extend: Node, path: Path, source: Source, level: Level, load: LoadSource): Source {
  const file = entry(extend, "file");
  const named = stringOf(file);
  if (!file || named === undefined) return source;
  if (isRemote(named))
    return fail(
      file,
      [...path, "file"],
      `${named} is not on this machine; that is not supported`,
      "copy the file here",
    );
  const absolute = resolvePath(named, level);
  if (level.reader.read(absolute) === undefined) return fail(file, [...path, "file"], `there is no file ${absolute}`);
  const { services, cleared } = load(absolute, level);
  if (services?.kind !== "map") return fail(file, [...path, "file"], `${absolute} has no services`);
  return { file: absolute, services, cleared };
}
