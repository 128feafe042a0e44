import { booleanOf } from "./interpolate.ts";
import { isNull, type Node, type Path, type ScalarNode, textOf } from "./node.ts";
import { fail } from "./problem.ts";
import { splitWords } from "./shell-words.ts";
import { formatDuration, parseBytes, parseDuration, singlePrecision } from "./units.ts";

/**
 * Reads one value of a merged file into the model; undefined for what Compose leaves out because it is empty. Throws `ConfigInvalid` with the
 * place for what cannot be read.
 */
export type Codec<T> = (node: Node, path: Path, notes: Notes) => T | undefined;

/** Told of what has no effect. */
export type Notes = (node: Node, path: Path, what: string) => void;

export type Decoded<C> = C extends Codec<infer T> ? T : never;

function single(node: Node, path: Path): ScalarNode {
  return node.kind === "scalar" ? node : fail(node, path, "must be a single value");
}

export const text: Codec<string> = (node, path) => textOf(single(node, path)) || undefined;

const number = (node: Node, path: Path): number => {
  const value = single(node, path);
  const written = typeof value.value === "number" ? value.value : Number(textOf(value) || Number.NaN);
  return Number.isFinite(written)
    ? written
    : fail(node, path, `must be a number, not ${JSON.stringify(textOf(value))}`);
};

const whole = (node: Node, path: Path): number => {
  const value = number(node, path);
  return Number.isSafeInteger(value) ? value : fail(node, path, `must be a whole number, not ${value}`);
};

export const integer: Codec<number> = (node, path) => whole(node, path) || undefined;

/** A number that means something where it is 0, too. */
export const anyInteger: Codec<number> = (node, path) => (isNull(node) ? undefined : whole(node, path));

export const count: Codec<number> = (node, path) => {
  const value = isNull(node) ? undefined : whole(node, path);
  return value !== undefined && value < 0 ? fail(node, path, `must not be below 0, not ${value}`) : value;
};

/** A share or weight: whole, not below 0, left out where it is 0. */
export const natural: Codec<number> = (node, path, notes) => count(node, path, notes) || undefined;

export const float: Codec<number> = (node, path) => singlePrecision(number(node, path)) || undefined;

const truth = (node: Node, path: Path): boolean => {
  const { value } = single(node, path);
  if (typeof value === "boolean") return value;
  return booleanOf(String(value)) ?? fail(node, path, `must be true or false, not ${JSON.stringify(value)}`);
};

export const flag: Codec<boolean> = (node, path) => truth(node, path) || undefined;

/** A flag that means something where it is false, too. */
export const anyFlag: Codec<boolean> = (node, path) => (isNull(node) ? undefined : truth(node, path));

const size = (node: Node, path: Path): string => {
  const written = textOf(single(node, path));
  if (node.kind === "scalar" && typeof node.value === "number") return String(whole(node, path));
  return (
    parseBytes(written) ?? fail(node, path, `${JSON.stringify(written)} is no size`, "write bytes or 512m, 2g, 1.5gb")
  );
};

/** Bytes as digits, as Compose prints them. */
export const bytes: Codec<string> = (node, path) => {
  const value = size(node, path);
  return value === "0" ? undefined : value;
};

const time = (node: Node, path: Path): string => {
  const written = textOf(single(node, path));
  const nanoseconds = parseDuration(written);
  if (nanoseconds === undefined)
    return fail(node, path, `${JSON.stringify(written)} is no duration`, "write 30s, 1m30s or 500ms");
  return formatDuration(nanoseconds);
};

export const duration: Codec<string> = (node, path) => {
  const value = time(node, path);
  return value === "0s" ? undefined : value;
};

export const anyDuration: Codec<string> = (node, path) => (isNull(node) ? undefined : time(node, path));

/** Words; an empty list where the image's own are to be cleared. */
export const command: Codec<string[]> = (node, path, notes) => {
  if (isNull(node)) return undefined;
  if (node.kind === "list") return node.items.map((item) => textOf(single(item, path)));
  const written = textOf(single(node, path));
  const split = splitWords(written);
  if (!split)
    return fail(node, path, "has a quote that is not closed or a parenthesis", "write it as a list, or with sh -c");
  if (split.leftOut !== "")
    notes(node, path, `${split.leftOut.trim().split(/\s/)[0]} and what stands behind it (write it with sh -c)`);
  return split.words;
};

export const healthTest: Codec<string[]> = (node, path) => {
  if (node.kind === "list") return items(node, (item) => textOf(single(item, path)));
  return ["CMD-SHELL", textOf(single(node, path))];
};

function items<T>(node: Node, read: (item: Node, index: number) => T | undefined): T[] | undefined {
  const all = node.kind === "list" ? node.items : [node];
  const found = all.map(read).filter((item) => item !== undefined);
  return found.length > 0 ? found : undefined;
}

/** A list of texts; one text alone is a list of one. */
export const texts: Codec<string[]> = (node, path) =>
  isNull(node) ? undefined : items(node, (item) => textOf(single(item, path)));

export function listOf<T>(codec: Codec<T>): Codec<T[]> {
  return (node, path, notes) =>
    isNull(node) ? undefined : items(node, (item, index) => codec(item, [...path, String(index)], notes));
}

function pairsOf(node: Node, path: Path): [string, ScalarNode | undefined][] {
  if (node.kind === "map") return [...node.entries].map(([key, value]) => [key, single(value, [...path, key])]);
  const all = node.kind === "list" ? node.items : [];
  return all.map((item) => {
    const [key = "", ...value] = textOf(single(item, path)).split("=");
    return [key, value.length > 0 ? { kind: "scalar", at: item.at, value: value.join("=") } : undefined];
  });
}

/** Sorted by key, so that the same project always prints the same; undefined where it is empty. */
function filled<T>(pairs: (readonly [string, T])[]): Record<string, T> | undefined {
  return pairs.length > 0 ? Object.fromEntries([...pairs].sort(([a], [b]) => (a < b ? -1 : 1))) : undefined;
}

/** `KEY=value` pairs; a key without a value has the empty one. */
export const pairs: Codec<Record<string, string>> = (node, path) =>
  filled(pairsOf(node, path).map(([key, value]) => [key, value ? textOf(value) : ""] as const));

/** Keys of an agent, `default` or `NAME=FILE`. */
export const sshKeys: Codec<string[]> = (node, path) => {
  const found = pairsOf(node, path).map(([id, file]) => (file && textOf(file) ? `${id}=${textOf(file)}` : id));
  return found.length > 0 ? found.sort() : undefined;
};

/** `KEY=value` pairs; a key without a value has null. */
export const environment: Codec<Record<string, string | null>> = (node, path) =>
  filled(
    pairsOf(node, path).map(([key, value]) => {
      if (/\s$/.test(key)) fail(node, path, `the variable ${JSON.stringify(key)} ends in a space`);
      return [key, !value || isNull(value) ? null : textOf(value)] as const;
    }),
  );

/** `host=address` texts, sorted; a host may have several addresses. */
export const hosts: Codec<string[]> = (node, path) => {
  const written: [string, string[], Node][] =
    node.kind === "map"
      ? [...node.entries].map(([host, value]) => [
          host,
          items(value, (item) => textOf(single(item, path))) ?? [""],
          value,
        ])
      : (node.kind === "list" ? node.items : [node]).map((item) => {
          const line = textOf(single(item, path));
          const [, host = "", addresses] = /^(.*?)=(.*)$/.exec(line) ?? /^(.*?):(.*)$/.exec(line) ?? [];
          return addresses === undefined
            ? fail(item, path, `${line} has no address`, "write host=address")
            : [host, addresses.split(","), item];
        });
  const lines = written.flatMap(([host, addresses, at]) => {
    if (host === "" || /[:=]/.test(host)) fail(at, path, `${JSON.stringify(host)} is no name of a host`);
    return addresses.map((address) => `${host}=${address.replace(/^\[(.+)\]$/, "$1")}`);
  });
  return lines.length > 0 ? lines.sort() : undefined;
};

/** A file mode: text is octal, a number is a number; printed octal. */
export const fileMode: Codec<string> = (node, path) => {
  if (isNull(node)) return undefined;
  const value = single(node, path);
  const written = textOf(value);
  if (typeof value.value !== "number" && !/^[0-7]+$/.test(written))
    return fail(node, path, `${JSON.stringify(written)} is no octal file mode`);
  const mode = typeof value.value === "number" ? whole(node, path) : Number.parseInt(written, 8);
  return `0${mode.toString(8)}`;
};

export interface Ulimit {
  soft: number;
  hard: number;
}

export const ulimit: Codec<number | Ulimit> = (node, path) => {
  if (node.kind !== "map") return whole(node, path) || { soft: 0, hard: 0 };
  const limit = (key: string): number => {
    const value = node.entries.get(key);
    return value ? whole(value, [...path, key]) : 0;
  };
  return { soft: limit("soft"), hard: limit("hard") };
};

/** How many devices; -1 is all. */
export const deviceCount: Codec<number> = (node, path) =>
  textOf(single(node, path)).toLowerCase() === "all" ? -1 : whole(node, path) || undefined;

export const port: Codec<number> = (node, path) => {
  const value = whole(node, path);
  return value > 0 && value <= 65_535 ? value : fail(node, path, `${value} is no port`);
};

export function recordOf<T>(codec: Codec<T>): Codec<Record<string, T>> {
  return (node, path, notes) => {
    if (node.kind !== "map") return undefined;
    return filled(
      [...node.entries].flatMap(([key, value]) => {
        const found = codec(value, [...path, key], notes);
        return found === undefined ? [] : [[key, found] as const];
      }),
    );
  };
}

/** A codec whose empty value is kept: null. */
export function orNull<T>(codec: Codec<T>): Codec<T | null> {
  return (node, path, notes) => (isNull(node) ? null : (codec(node, path, notes) ?? null));
}

/** Extension keys of a mapping. */
export interface Extended {
  [key: `x-${string}`]: unknown;
}

type Fields = Record<string, Codec<unknown>>;
export type Struct<F extends Fields> = { -readonly [K in keyof F]?: Decoded<F[K]> } & Extended;

/** A mapping with known keys, printed in their order; extension keys come last. An empty one is kept. */
export function struct<F extends Fields>(fields: F): Codec<Struct<F>> {
  return (node, path, notes) => {
    if (isNull(node)) return undefined;
    if (node.kind !== "map") return fail(node, path, "must be a mapping");
    const found: Record<string, unknown> = {};
    for (const [key, codec] of Object.entries(fields)) {
      const value = node.entries.get(key);
      const decoded = value && codec(value, [...path, key], notes);
      if (decoded !== undefined) found[key] = decoded;
    }
    for (const [key, value] of node.entries) if (key.startsWith("x-")) found[key] = anything(value);
    return found as Struct<F>;
  };
}

/** The same, left out where it is empty. */
export function fullStruct<F extends Fields>(fields: F): Codec<Struct<F>> {
  const codec = struct(fields);
  return (node, path, notes) => {
    const found = codec(node, path, notes);
    return found && Object.keys(found).length > 0 ? found : undefined;
  };
}

/** A value as it stands, for extension keys. */
export function anything(node: Node): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map((item) => anything(item));
  return Object.fromEntries([...node.entries].map(([key, value]) => [key, anything(value)]));
}
