/** A value of a variable; undefined where it is not set. */
export type Lookup = (name: string) => string | undefined;

/** Why a text with variables cannot be filled in. */
export class SubstitutionError extends Error {
  override readonly name = "SubstitutionError";
}

export interface Substitution {
  text: string;
  /** Variables that are not set and have no default: they became empty. */
  unset: string[];
}

const NAME = /^[a-z_][a-z0-9_]*/i;
const OPERATOR = /^:?[-+?]/;

/**
 * Fills in `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:+other}`, `${NAME+other}`, `${NAME:?message}` and
 * `${NAME?message}`, nested as well; `$$` is one `$`, and a `$` before anything else stays. Throws `SubstitutionError` for a required variable
 * without a value, for `${` that is none of these.
 */
export function substitute(template: string, lookup: Lookup): Substitution {
  const unset: string[] = [];
  return { text: fill(template, lookup, unset), unset };
}

function fill(template: string, lookup: Lookup, unset: string[]): string {
  let text = "";
  let rest = template;
  for (let dollar = rest.indexOf("$"); dollar >= 0; dollar = rest.indexOf("$")) {
    text += rest.slice(0, dollar);
    rest = rest.slice(dollar + 1);
    const name = NAME.exec(rest)?.[0];
    if (rest.startsWith("$")) {
      text += "$";
      rest = rest.slice(1);
    } else if (name) {
      text += plain(name, lookup, unset);
      rest = rest.slice(name.length);
    } else if (rest.startsWith("{")) {
      const end = closingBrace(rest);
      const inside = end < 0 ? "" : rest.slice(1, end);
      text += braced(inside, lookup, unset, template);
      rest = rest.slice(end + 1);
    } else text += "$";
  }
  return text + rest;
}

function plain(name: string, lookup: Lookup, unset: string[]): string {
  const value = lookup(name);
  if (value === undefined && !unset.includes(name)) unset.push(name);
  return value ?? "";
}

function braced(inside: string, lookup: Lookup, unset: string[], template: string): string {
  const name = NAME.exec(inside)?.[0] ?? "";
  const operator = OPERATOR.exec(inside.slice(name.length))?.[0] ?? "";
  const written = inside.slice(name.length + operator.length);
  if (name === "" || (operator === "" && written !== "") || written.includes("\n"))
    throw new SubstitutionError(`${oneLine(template)} is no variable: write \${NAME}, or $$ for a dollar`);
  if (operator === "") return plain(name, lookup, unset);
  const value = lookup(name);
  const given = value !== undefined && !(operator.startsWith(":") && value === "");
  const other = (): string => fill(written, lookup, unset);
  if (operator.endsWith("-")) return given ? (value ?? "") : other();
  if (operator.endsWith("+")) return given ? other() : (value ?? "");
  if (given) return value ?? "";
  const message = other();
  throw new SubstitutionError(`required variable ${name} is missing a value${message ? `: ${message}` : ""}`);
}

/** Where the brace that opens a text closes; -1 where it does not. */
function closingBrace(text: string): number {
  let open = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "{") open++;
    else if (text[index] === "}" && --open === 0) return index;
  }
  return -1;
}

function oneLine(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text.replaceAll("\n", " ");
}
