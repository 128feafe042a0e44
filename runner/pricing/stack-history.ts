import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { backendFolder } from "../checkpoint.ts";
import type { Target } from "../target.ts";

/** Newest states that are looked through: as many as a busy month has. */
const MOST_STATES = 300;

/**
 * Answers whether a stack has ever had something of this id, made from it or made it from that. Undefined where the backend is no folder: those
 * keep their history elsewhere.
 */
export function stackHistory(target: Target): ((id: string) => boolean) | undefined {
  const root = backendFolder(target);
  const folder = root && join(root, "history", target.project, target.stack);
  if (!folder || !existsSync(folder)) return undefined;
  const files = readdirSync(folder)
    .filter((name) => /\.checkpoint\.json(\.gz)?$/.test(name))
    .sort()
    .slice(-MOST_STATES);
  let ids: Set<string> | undefined;
  return (id) => {
    ids ??= new Set(files.flatMap((name) => idsIn(textOf(join(folder, name)))));
    return ids.has(id);
  };
}

/** Ids are numbers, UUIDs and addresses. A busy account has hundreds of charges to look up, and a state is not parsed for that. */
function idsIn(state: string): string[] {
  return [...state.matchAll(/"([0-9a-f][0-9a-f.:-]{0,44})"/g)].map(([, id]) => id as string);
}

function textOf(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}
