import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Asset, type Properties } from "../engine/values.ts";

/**
 * The files below a folder that patterns choose, by path. `*` matches anything but `/`, `**` that too; a pattern with `!`
 * takes files out again; the last pattern that matches decides.
 */
export async function assetsIn(dir: string, patterns: readonly string[]): Promise<Properties> {
  const rules = patterns.map((pattern) => ({
    out: pattern.startsWith("!"),
    test: globTest(pattern.replace(/^!/, "")),
  }));
  const assets: Properties = {};
  for (const path of await filesIn(dir)) {
    const rule = rules.findLast(({ test }) => test.test(path));
    if (rule && !rule.out) assets[path] = new Asset({ path: join(dir, path) });
  }
  return assets;
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(dir.length).replace(/^\/+/, "")).sort();
}

function globTest(pattern: string): RegExp {
  const source = pattern.replace(/\*\*|\*|\?|\{|\}|,|[.+^$()|[\]\\]/g, (token) => TOKENS[token] ?? `\\${token}`);
  return new RegExp(`^${source}$`);
}

const TOKENS: Record<string, string> = { "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|" };
