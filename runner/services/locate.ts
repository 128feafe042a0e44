import { readFileSync } from "node:fs";
import { isMap, isPair, isSeq, LineCounter, type Node, parseDocument } from "yaml";

/** Where something of the model is written. */
export interface Place {
  file: string;
  line: number;
}

/**
 * The place of a path of the model in the files it was merged from: the deepest part of it that is written somewhere, in the last file
 * that has it (later files win). What an `include` or `extends` brings is found at the service that has it, or at the file's beginning.
 */
export function placeOf(files: readonly string[], path: readonly string[]): Place {
  let best = { file: files[0] ?? "", line: 1, depth: 0 };
  for (const file of files) {
    const lines = new LineCounter();
    const { contents } = parseDocument(readFileSync(file, "utf8"), {
      lineCounter: lines,
      merge: true,
      logLevel: "silent",
    });
    const found = deepest(contents as Node | null, path);
    if (found.depth > 0 && found.depth >= best.depth)
      best = { file, line: lines.linePos(found.offset).line, depth: found.depth };
  }
  return { file: best.file, line: best.line };
}

function deepest(root: Node | null, path: readonly string[]): { depth: number; offset: number } {
  let node: unknown = root;
  let offset = 0;
  for (const [depth, key] of path.entries()) {
    const pair = isMap(node) ? node.items.find((item) => isPair(item) && String(item.key) === key) : undefined;
    const value: unknown = pair ? pair.value : isSeq(node) ? node.items[Number(key)] : undefined;
    const at = (pair ? pair.key : value) as Node | null | undefined;
    if (!at?.range) return { depth, offset };
    offset = at.range[0];
    node = value;
  }
  return { depth: path.length, offset };
}
