import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * The members of an interface, or of a class's outputs, in an SDK's declarations: by name, whether it may be left out.
 * @param opening how its declaration begins, as in `export interface VolumeArgs`
 */
export function membersOf(sdk: string, file: string, opening: string): Record<string, boolean> {
  const folder = dirname(createRequire(import.meta.url).resolve(`${sdk}/package.json`));
  const text = readFileSync(join(folder, `${file}.d.ts`), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
  const body = text.slice(text.indexOf(`${opening} `)).split("\n}")[0] ?? "";
  const pattern = /^ {4}(?:readonly )?(\w+)(\?)?: (?:pulumi|any)/gm;
  return Object.fromEntries([...body.matchAll(pattern)].map(([, key, optional]) => [key, optional === "?"]));
}

/** The file of a class: its name with a small letter first. */
export function fileOf(name: string): string {
  return name[0]?.toLowerCase() + name.slice(1);
}
