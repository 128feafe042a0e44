import { isMap, isPair, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { UserError } from "./errors.ts";
import { nearest } from "./spelling.ts";

/**
 * Reads a YAML text by its schema. Throws `UserError` `ConfigInvalid` with `FILE:LINE: PATH: reason` for the first mistake, the others in
 * `details.also`; an unknown key is told with the nearest one that is known at that place.
 */
export function readYamlFile<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => lines.linePos(offset).line || 1;
  const broken = document.errors[0];
  if (broken) throw fileRefusal(file, [{ line: at(broken.pos[0]), text: broken.message.split("\n")[0] ?? "" }]);
  return checkFile(document.toJS(), file, schema, (path) => at(offsetOf(document.contents, path)));
}

/** What a file says, by its schema. Throws as `readYamlFile` does; `lineOf` tells where the deepest part of a path that is written stands. */
export function checkFile<S extends z.ZodType>(
  value: unknown,
  file: string,
  schema: S,
  lineOf: (path: readonly string[]) => number,
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const known = knownKeys(schema);
  const problems = result.error.issues.flatMap((issue) => {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    return keys.map((key) => {
      const path = [...issue.path, ...(key === undefined ? [] : [key])].map(String);
      const line = lineOf(path);
      if (key === undefined) return { line, text: `${path.join(".")}: ${issue.message}` };
      const near = nearest(key, known);
      const hint = near === undefined ? {} : { suggestion: `did you mean ${near}?` };
      return { line, text: `${path.join(".")}: there is no such key`, ...hint };
    });
  });
  throw fileRefusal(file, problems);
}

/** All mistakes of a file in one error, the first line first. */
export function fileRefusal(file: string, problems: { line: number; text: string; suggestion?: string }[]): UserError {
  const [first, ...others] = problems.sort((a, b) => a.line - b.line);
  const told = ({ line, text, suggestion }: (typeof problems)[number], whole: boolean) =>
    `${file}:${line}: ${text}${whole && suggestion ? `; ${suggestion}` : ""}`;
  return new UserError("ConfigInvalid", {
    reason: first ? told(first, false) : file,
    suggestion: first?.suggestion ?? "mend the file there",
    file,
    line: first?.line,
    ...(others.length > 0 ? { also: others.map((one) => told(one, true)) } : {}),
  });
}

/** Where the deepest part of a path that is written begins. */
function offsetOf(root: unknown, path: readonly string[]): number {
  let node = root;
  let offset = 0;
  for (const key of path) {
    const pair = isMap(node) ? node.items.find((item) => isPair(item) && String(item.key) === key) : undefined;
    const value: unknown = pair ? pair.value : isSeq(node) ? node.items[Number(key)] : undefined;
    const place = (pair ? pair.key : value) as { range?: [number, number, number] } | null | undefined;
    if (!place?.range) return offset;
    offset = place.range[0];
    node = value;
  }
  return offset;
}

/** Every key that stands anywhere in the schema. */
function knownKeys(schema: z.ZodType): string[] {
  const keys = new Set<string>();
  const seen = new Set<unknown>();
  const visit = (one: unknown): void => {
    if (typeof one !== "object" || one === null || seen.has(one)) return;
    seen.add(one);
    const { def } = (one as { _zod?: { def?: Record<string, unknown> } })._zod ?? {};
    if (!def) {
      for (const inner of Object.values(one)) visit(inner);
      return;
    }
    if (def.type === "object") for (const key of Object.keys(def.shape as object)) keys.add(key);
    for (const inner of Object.values(def)) visit(inner);
  };
  visit(schema);
  return [...keys];
}
