import { createHash } from "node:crypto";
import { hasUnknown, isProperties, type Properties, same, type Value } from "../engine/values.ts";

/** The property in which the inputs remember what was filled in; the official plugins use the same one. */
export const DEFAULTS = "__defaults";

/** The inputs of a resource type, by name. */
export type Fields = Readonly<Record<string, Field>>;

/** One input of a resource type: what it may be, and what a change of it does. */
export interface Field {
  readonly type: "string" | "integer" | "number" | "boolean" | "set" | "list" | "map" | "object" | "any";
  /** What a set, list or map holds. */
  readonly of?: Field;
  /** What an object holds. */
  readonly fields?: Fields;
  readonly required?: boolean;
  /** Filled in when it is not given; of a field of an object, what not giving it is equal to. */
  readonly default?: Value;
  /** The cloud fills it in when it is not given: leaving it out is then no change. */
  readonly computed?: boolean;
  /** A change makes a new resource; a function decides by the old and the new value. */
  readonly replaces?: boolean | ((before: Value | undefined, after: Value | undefined) => boolean);
  /** The only values allowed. */
  readonly values?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: { readonly test: RegExp; readonly reason: string };
  /** An empty string is refused. */
  readonly nonEmpty?: boolean;
  /** How it is kept in the state, where that is not as given. */
  readonly stored?: "lower" | "sha1";
  /** Differences that do not count: letter case, or white space at both ends. */
  readonly compare?: "case" | "trim";
}

/** The form in which a value is kept in the state. */
export function stored(field: Field, value: Value): Value {
  if (typeof value !== "string") return value;
  if (field.stored === "lower") return value.toLowerCase();
  if (field.stored === "sha1") return createHash("sha1").update(value).digest("hex");
  return value;
}

/** One form for all values that mean the same, to compare by; empty things are all undefined. */
export function normal(field: Field, value: Value | undefined): Value | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string" && field.compare === "case") return value.toLowerCase();
  if (typeof value === "string" && field.compare === "trim") return value.trim();
  if (Array.isArray(value) && value.length === 0) return undefined;
  if (Array.isArray(value) && field.type === "set")
    return sorted(value.map((item) => normal(elementOf(field), item) ?? null));
  if (Array.isArray(value)) return value.map((item) => normal(elementOf(field), item) ?? null);
  if (isProperties(value) && field.fields) return normalObject(field.fields, value);
  if (isProperties(value) && Object.keys(value).length === 0) return undefined;
  return value;
}

function normalObject(fields: Fields, value: Properties): Properties {
  const result: Properties = {};
  for (const [name, field] of Object.entries(fields)) {
    const part = normal(field, value[name] ?? field.default);
    if (part !== undefined) result[name] = part;
  }
  return result;
}

function sorted(values: Value[]): Value[] {
  const byText = new Map(values.map((value) => [canonical(value), value]));
  return [...byText.keys()].sort().map((text) => byText.get(text) as Value);
}

/** Text that is equal for equal values, whatever the order of their properties. */
export function canonical(value: Value | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isProperties(value)) return String(JSON.stringify(value));
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

export function elementOf(field: Field): Field {
  return field.of ?? { type: "any" };
}

/** Whether an input asks for nothing else than what the state has; an unknown one may ask for anything. */
export function agrees(field: Field, state: Value | undefined, input: Value | undefined): boolean {
  if (hasUnknown(input)) return false;
  if (input === undefined && field.computed) return true;
  const asked = input === undefined ? field.default : stored(field, input);
  const before = normal(field, state);
  const after = normal(field, asked);
  return same(before, after) || (isNothing(before) && isNothing(after));
}

/** A zero or false that the cloud answers for what was never given is as good as nothing. */
function isNothing(value: Value | undefined): boolean {
  return value === undefined || value === null || value === false || value === 0;
}
