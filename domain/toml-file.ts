import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { checkFile, fileRefusal } from "./yaml-file.ts";

/** Reads a TOML text by its schema. Throws as `readYamlFile` does. */
export function readTomlFile<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  return checkFile(parsed(text, file), file, schema, (path) => tomlLine(text, path));
}

function parsed(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? "";
    throw fileRefusal(file, [{ line: error.line, text: reason }]);
  }
}

/** The line of a key, of its table where it stands inside another value; 1 where neither is written. */
export function tomlLine(text: string, path: readonly string[]): number {
  let table: string[] = [];
  let best = { depth: 0, line: 1 };
  for (const [index, line] of text.split("\n").entries()) {
    const [, header] = /^\s*\[+([^\]]+)\]/.exec(line) ?? [];
    const [, key] = /^\s*([^=#[]+?)\s*=/.exec(line) ?? [];
    if (header !== undefined) table = keysOf(header);
    else if (key === undefined) continue;
    const here = key === undefined || header !== undefined ? table : [...table, ...keysOf(key)];
    if (here.length > best.depth && here.length <= path.length && here.every((word, at) => word === path[at]))
      best = { depth: here.length, line: index + 1 };
  }
  return best.line;
}

/** `a."b.c"` as its words. */
function keysOf(dotted: string): string[] {
  return [...dotted.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
}
