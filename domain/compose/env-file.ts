import { type Lookup, SubstitutionError, substitute } from "./substitute.ts";

/** A line of an environment file that cannot be read. */
export class EnvFileError extends Error {
  override readonly name = "EnvFileError";
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

const ESCAPES: Record<string, string> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  $: "$$",
};

/**
 * Reads an environment file into `values` as Compose does: `KEY=value`, `export KEY=value`, `KEY: value`, quotes over several lines, `#`
 * comments, escapes and variables within double quotes, variables without quotes; `KEY` alone takes what `lookup` has. Variables come from
 * `lookup` first, then from the lines above. Throws `EnvFileError`.
 */
export function readEnvFile(text: string, values: Map<string, string>, lookup: Lookup): void {
  const source = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  let position = 0;
  const lineAt = (offset: number): number => source.slice(0, offset).split("\n").length;
  const expand = (value: string, start: number): string => {
    try {
      return substitute(value, (name) => lookup(name) ?? values.get(name)).text;
    } catch (error) {
      if (error instanceof SubstitutionError) throw new EnvFileError(lineAt(start), error.message);
      throw error;
    }
  };
  for (;;) {
    position += /^(\s|#[^\n]*(\n|$))*/.exec(source.slice(position))?.[0].length ?? 0;
    if (position >= source.length) return;
    const start = position;
    const head = /^(?:export[^\S\n]+)?([^=:\n]*)([=:\n]|$)[^\S\n]*/.exec(source.slice(position));
    const key = (head?.[1] ?? "").trimEnd();
    if (!/^[\p{L}\p{N}_.\-[\]]+$/u.test(key))
      throw new EnvFileError(lineAt(start), `${JSON.stringify(key)} is no name of a variable`);
    position += head?.[0].length ?? 0;
    if (head?.[2] === "\n" || head?.[2] === "") {
      const value = lookup(key);
      if (value !== undefined) values.set(key, value);
      continue;
    }
    const quote = source[position];
    if (quote === '"' || quote === "'") {
      const { value, end } = quoted(source, position, quote);
      if (end < 0) throw new EnvFileError(lineAt(start), `the quote of ${key} is not closed`);
      values.set(key, quote === '"' ? expand(unescaped(value), start) : value);
      position = end;
    } else {
      const line = /^[^\n]*/.exec(source.slice(position))?.[0] ?? "";
      position += line.length;
      values.set(key, expand((line.split(" #")[0] ?? "").trimEnd(), start));
    }
  }
}

/** What stands between quotes; a backslash before the quote keeps it. */
function quoted(source: string, start: number, quote: string): { value: string; end: number } {
  let value = "";
  for (let index = start + 1; index < source.length; index++) {
    const char = source[index] ?? "";
    if (char === quote) return { value, end: index + 1 };
    if (char !== "\\") value += char;
    else if (source[index + 1] === quote) {
      value += quote;
      index++;
    } else {
      value += char + (source[index + 1] ?? "");
      index++;
    }
  }
  return { value, end: -1 };
}

function unescaped(value: string): string {
  return value.replaceAll(
    /\\(?:([abfnrtv"\\$])|0([0-7]{3}))/g,
    (_, letter: string | undefined, octal: string | undefined) =>
      octal ? String.fromCharCode(Number.parseInt(octal, 8)) : (ESCAPES[letter ?? ""] ?? ""),
  );
}

/** The `raw` format of `docker run --env-file`: `KEY=value` as it stands, `KEY` alone from `lookup`, lines that begin with `#` are comments. */
export function readRawEnvFile(text: string, values: Map<string, string>, lookup: Lookup): void {
  for (const [index, written] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const line = written.trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const [, key = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(line) ?? [];
    if (key === "" || /\s/.test(key))
      throw new EnvFileError(index + 1, `${JSON.stringify(key)} is no name of a variable`);
    const given = value ?? lookup(key);
    if (given !== undefined) values.set(key, given);
  }
}
