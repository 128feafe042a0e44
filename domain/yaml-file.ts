import { type Document, isMap, isPair, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { UserError } from "./errors.ts";
import { nearest } from "./spelling.ts";

/** A mistake in a file. */
export interface FileProblem {
  line: number;
  text: string;
  suggestion?: string;
}

/** What a schema finds wrong. */
export interface Mistake {
  /** `rules.0.above`; empty where it is about the whole file. */
  path: string;
  message: string;
  /** Present where there is no such key. */
  unknownKey?: string;
}

/** How the mistakes of a file are told. */
export interface Telling {
  /** @default `PATH: message`, for an unknown key with the nearest one that stands in the schema */
  tell?: (mistake: Mistake) => Omit<FileProblem, "line">;
  /** @default 1 */
  exitCode?: 1 | 2;
}

/** A YAML text that was read, with the line of all that stands in it. */
export class YamlText {
  readonly document: Document.Parsed;
  /** Why it is no YAML. */
  readonly broken: FileProblem[];
  readonly #lines = new LineCounter();

  /** @param options.merge whether `<<` takes keys of other mappings */
  constructor(text: string, options: { merge?: boolean } = {}) {
    this.document = parseDocument(text, { ...options, lineCounter: this.#lines, prettyErrors: false });
    this.broken = this.document.errors.map(({ pos, message }) => ({
      line: this.#line(pos[0]),
      text: message.split("\n")[0] ?? "",
    }));
  }

  /** Throws `fileRefusal` where it is no YAML. */
  value(file: string, exitCode?: 1 | 2): unknown {
    if (this.broken.length > 0) throw fileRefusal(file, this.broken, exitCode);
    try {
      return this.document.toJS();
    } catch (error) {
      throw fileRefusal(file, [{ line: this.#lineOfLostAlias(), text: (error as Error).message }], exitCode);
    }
  }

  /** 1 where every alias has its anchor. */
  #lineOfLostAlias(): number {
    let line = 1;
    visit(this.document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.document)) return undefined;
        line = this.lineOf(alias);
        return visit.BREAK;
      },
    });
    return line;
  }

  /** 1 for what is not written. */
  lineOf(node: Node | null | undefined): number {
    return this.#line(node?.range?.[0] ?? 0);
  }

  /** The deepest part of a path that is written: the line it begins in, and how many words of the path lead there. Aliases are not followed. */
  find(path: readonly PropertyKey[]): { line: number; depth: number } {
    let node: unknown = this.document.contents;
    let line = 1;
    for (const [depth, key] of path.map(String).entries()) {
      const pair = isMap(node) ? node.items.find((item) => isPair(item) && String(item.key) === key) : undefined;
      const value: unknown = pair ? pair.value : isSeq(node) ? node.items[Number(key)] : undefined;
      const place = (pair ? pair.key : value) as Node | null | undefined;
      if (!place?.range) return { line, depth };
      line = this.lineOf(place);
      node = value;
    }
    return { line, depth: path.length };
  }

  #line(offset: number): number {
    return this.#lines.linePos(offset).line || 1;
  }
}

/**
 * Reads a YAML text by its schema. Throws `UserError` `ConfigInvalid` with `FILE:LINE: PATH: reason` for the first mistake, the others in
 * `details.also`; an unknown key is told with the nearest one that is known at that place.
 */
export function readYamlFile<S extends z.ZodType>(
  text: string,
  file: string,
  schema: S,
  telling: Telling = {},
): z.output<S> {
  const yaml = new YamlText(text);
  return checkFile(yaml.value(file, telling.exitCode), file, schema, (path) => yaml.find(path).line, telling);
}

/** What a file says, by its schema. Throws as `readYamlFile` does; `lineOf` tells where the deepest part of a path that is written stands. */
export function checkFile<S extends z.ZodType>(
  value: unknown,
  file: string,
  schema: S,
  lineOf: (path: readonly string[]) => number,
  { tell = tellingKeysOf(schema), exitCode }: Telling = {},
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => {
    const { message } = issue;
    const path = issue.path.map(String);
    if (issue.code !== "unrecognized_keys") return [{ line: lineOf(path), ...tell({ path: path.join("."), message }) }];
    return issue.keys.map((key) => {
      const at = [...path, key];
      return { line: lineOf(at), ...tell({ path: at.join("."), message, unknownKey: key }) };
    });
  });
  throw fileRefusal(file, problems, exitCode);
}

/** All mistakes of a file in one error, the first line first. */
export function fileRefusal(file: string, problems: FileProblem[], exitCode?: 1 | 2): UserError {
  const [first, ...others] = problems.toSorted((a, b) => a.line - b.line);
  const told = ({ line, text, suggestion }: FileProblem, whole: boolean) =>
    `${file}:${line}: ${text}${whole && suggestion ? `; ${suggestion}` : ""}`;
  const details = {
    reason: first ? told(first, false) : file,
    suggestion: first?.suggestion ?? "mend the file there",
    file,
    line: first?.line,
    ...(others.length > 0 ? { also: others.map((one) => told(one, true)) } : {}),
  };
  return new UserError("ConfigInvalid", details, { exitCode });
}

function tellingKeysOf(schema: z.ZodType): NonNullable<Telling["tell"]> {
  return ({ path, message, unknownKey }) => {
    if (unknownKey === undefined) return { text: `${path}: ${message}` };
    const near = nearest(unknownKey, knownKeys(schema));
    const hint = near === undefined ? {} : { suggestion: `did you mean ${near}?` };
    return { text: `${path}: there is no such key`, ...hint };
  };
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
