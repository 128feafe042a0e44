import type { Change } from "../engine/provider.ts";
import { hasUnknown, isProperties, type Properties, UNKNOWN, type Value } from "../engine/values.ts";
import { agrees, canonical, elementOf, type Field, type Fields, normal, stored } from "./fields.ts";

/**
 * What the inputs ask for that the state does not have, by property path.
 * @param ignored names of properties, or paths in them, whose changes do not count
 */
export function diffProperties(
  fields: Fields,
  state: Properties,
  inputs: Properties,
  ignored: readonly string[],
): Change[] {
  const changes: Change[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (ignored.some((path) => rootOf(path) === name)) continue;
    if (agrees(field, state[name], inputs[name])) continue;
    const replaces =
      typeof field.replaces === "function" ? field.replaces(state[name], inputs[name]) : (field.replaces ?? false);
    for (const change of within(field, name, state[name], inputs[name])) changes.push({ ...change, replaces });
  }
  return changes;
}

/** `tags` for `tags[0]`, `connection` for `connection.host`. */
export function rootOf(path: string): string {
  return /^\["(.+?)"\]|^[^.[]+/.exec(path)?.slice(0, 2).filter(Boolean).at(-1) ?? path;
}

type PathChange = Omit<Change, "replaces">;

function within(field: Field, path: string, before: Value | undefined, after: Value | undefined): PathChange[] {
  if (after === UNKNOWN || !sameShape(before, after)) return [{ path, kind: kindOf(before, after) }];
  if (Array.isArray(before) && Array.isArray(after)) {
    return field.type === "set" ? setChanges(field, path, before, after) : listChanges(field, path, before, after);
  }
  if (isProperties(before) && isProperties(after)) return objectChanges(field, path, before, after);
  return [{ path, kind: kindOf(before, after) }];
}

function sameShape(before: Value | undefined, after: Value | undefined): boolean {
  if (Array.isArray(before)) return Array.isArray(after);
  return isProperties(before) && isProperties(after);
}

function kindOf(before: Value | undefined, after: Value | undefined): PathChange["kind"] {
  if (before === undefined || before === null) return "add";
  return after === undefined || after === null ? "delete" : "update";
}

/** Members that only one side has; at the same index on both sides it reads as a change of that member. */
function setChanges(field: Field, path: string, before: Value[], after: Value[]): PathChange[] {
  const element = elementOf(field);
  const key = (value: Value, index: number): string =>
    hasUnknown(value) ? `unknown ${index}` : canonical(normal(element, stored(element, value)) ?? null);
  const [oldKeys, newKeys] = [before.map(key), after.map(key)];
  const removed = oldKeys.flatMap((one, index) => (newKeys.includes(one) ? [] : [index]));
  const added = newKeys.flatMap((one, index) => (oldKeys.includes(one) ? [] : [index]));
  return [...new Set([...removed, ...added])]
    .sort((a, b) => a - b)
    .map((index) => ({
      path: `${path}[${index}]`,
      kind: !removed.includes(index) ? "add" : added.includes(index) ? "update" : "delete",
    }));
}

function listChanges(field: Field, path: string, before: Value[], after: Value[]): PathChange[] {
  const indices = [...Array(Math.max(before.length, after.length)).keys()];
  return indices.flatMap((i) => partChanges(elementOf(field), `${path}[${i}]`, before[i], after[i]));
}

function objectChanges(field: Field, path: string, before: Properties, after: Properties): PathChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !name.startsWith("__"));
  return names.flatMap((name) =>
    partChanges(field.fields?.[name] ?? elementOf(field), `${path}${step(name)}`, before[name], after[name]),
  );
}

function partChanges(field: Field, path: string, before: Value | undefined, after: Value | undefined): PathChange[] {
  return agrees(field, before, after) ? [] : within(field, path, before, after);
}

function step(name: string): string {
  return /^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
