import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  parseAllDocuments,
  Scalar,
  type Node as YamlNode,
} from "yaml";
import { list, type MapNode, map, type Node, type Path, type Place, type ScalarNode, scalar } from "./node.ts";
import { fail, refuse } from "./problem.ts";

/** One YAML document of a Compose file. */
export interface ComposeDocument {
  root: MapNode;
  /** Paths marked `!reset` or `!override`: what earlier files and extended services have there goes away. */
  cleared: Path[];
}

/**
 * Reads the documents of a Compose file. Plain scalars are read by YAML 1.2, and by the rules of 1.1 that Compose keeps: `0644` is octal,
 * `1_000` is a number; `yes` and `22:22` are text. Throws `ConfigInvalid` with the line for broken YAML, a key twice, a key that is no text,
 * an unknown tag.
 * @param what the file is to be. @default a Compose file
 */
export function parseDocuments(
  text: string,
  file: string,
  what = "a Compose file is a mapping with `services`",
): ComposeDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { schema: "failsafe", lineCounter: lines, prettyErrors: false });
  const parsed = Array.isArray(documents) ? documents : [];
  return parsed.flatMap((document) => {
    const at = (offset: number): Place => ({ file, line: lines.linePos(offset).line || 1 });
    refuse(document.errors.map((error) => ({ at: at(error.pos[0]), path: [], reason: oneLine(error.message) })));
    if (!document.contents) return [];
    const reader = new Reader(at, (alias) => alias.resolve(document) as YamlNode | undefined);
    const root = reader.node(document.contents as YamlNode, []);
    if (root === undefined || (root.kind === "scalar" && root.value === null)) return [];
    if (root.kind !== "map") return fail(root, [], what);
    return [{ root, cleared: reader.cleared }];
  });
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, " ").trim();
}

type ListOrMap = YamlNode & { items: unknown[] };

/** A YAML document as nodes: aliases and `<<` are resolved, `!reset` and `!override` are noted. */
class Reader {
  readonly cleared: Path[] = [];
  readonly #at: (offset: number) => Place;
  readonly #resolve: (alias: Alias) => YamlNode | undefined;
  /** Anchored nodes that are being read: one that is met again inside itself has no end. */
  readonly #open = new Set<YamlNode>();

  constructor(at: (offset: number) => Place, resolve: (alias: Alias) => YamlNode | undefined) {
    this.#at = at;
    this.#resolve = resolve;
  }

  /** Undefined for what is marked `!reset`. */
  node(yaml: YamlNode | null, path: Path, at: Place = this.#place(yaml)): Node | undefined {
    if (!yaml) return scalar(null, at);
    if (isAlias(yaml)) {
      const target = this.#resolve(yaml);
      if (!target) return fail({ at }, path, `the alias *${yaml.source} has no anchor before it`);
      if (this.#open.has(target)) return fail({ at }, path, `the alias *${yaml.source} stands inside what it names`);
      return this.node(target, path, at);
    }
    if (yaml.tag === "!reset") {
      this.cleared.push(path);
      return undefined;
    }
    if (yaml.tag === "!override") this.cleared.push(path);
    this.#open.add(yaml);
    try {
      if (isMap(yaml)) return this.#map(yaml as ListOrMap, path, at);
      if (isScalar(yaml)) return readScalar(yaml, path, at);
      const items = (yaml as ListOrMap).items.map((item, index) =>
        this.node(item as YamlNode, [...path, String(index)]),
      );
      return list(
        items.filter((item) => item !== undefined),
        at,
      );
    } finally {
      this.#open.delete(yaml);
    }
  }

  #map(yaml: ListOrMap, path: Path, at: Place): MapNode {
    const entries = new Map<string, Node>();
    const merged: { value: YamlNode | null; at: Place }[] = [];
    for (const { key, value } of yaml.items as { key: YamlNode; value: YamlNode | null }[]) {
      const keyAt = this.#place(key);
      const name = isScalar(key) ? readScalar(key, path, keyAt) : undefined;
      if (!name || typeof name.value !== "string")
        return fail({ at: keyAt }, path, "a key must be text", "quote the key");
      if (name.value === "<<" && isScalar(key) && key.type === Scalar.PLAIN) merged.push({ value, at: keyAt });
      else {
        const node = this.node(value, [...path, name.value], keyAt);
        if (node) entries.set(name.value, node);
      }
    }
    for (const { value, at: mergeAt } of merged) this.#merge(entries, value, path, mergeAt);
    return map(entries, at);
  }

  /** `<<`: keys of the mapping win over merged ones, earlier merged ones over later. */
  #merge(entries: Map<string, Node>, yaml: YamlNode | null, path: Path, at: Place): void {
    const source = this.node(yaml, path, at);
    const sources = source?.kind === "list" ? source.items : source ? [source] : [];
    for (const item of sources) {
      if (item.kind !== "map") fail({ at }, path, "what `<<` merges must be a mapping or a list of mappings");
      else for (const [key, value] of item.entries) if (!entries.has(key)) entries.set(key, value);
    }
  }

  #place(yaml: YamlNode | null): Place {
    return this.#at(yaml?.range?.[0] ?? 0);
  }
}

const TEXT = "tag:yaml.org,2002:str";
const KNOWN_TAGS = new Set([TEXT, "!override", "!"]);

function readScalar(yaml: Scalar, path: Path, at: Place): ScalarNode {
  const text = String(yaml.value ?? "");
  const { tag } = yaml;
  if (tag && !KNOWN_TAGS.has(tag) && !tag.startsWith("tag:yaml.org,2002:"))
    fail({ at }, path, `the tag ${tag} is not known`, "Compose knows !reset and !override");
  const plain = yaml.type === Scalar.PLAIN || yaml.type === undefined;
  if (tag === TEXT || (!plain && !tag?.startsWith("tag:yaml.org,2002:"))) return scalar(text, at);
  return plainScalar(text, at);
}

const INTEGER = /^[-+]?(0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|0|[1-9]\d*)$/;
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const WORDS = new Map<string, boolean | null | number>(
  [
    [["", "~", "null", "Null", "NULL"], null],
    [["true", "True", "TRUE"], true],
    [["false", "False", "FALSE"], false],
  ].flatMap(([words, value]) => (words as string[]).map((word) => [word, value as boolean | null] as const)),
);

function plainScalar(text: string, at: Place): ScalarNode {
  const word = WORDS.get(text);
  if (word !== undefined) return scalar(word, at);
  const digits = /^[-+.\d]/.test(text) ? text.replaceAll("_", "") : text;
  if (INTEGER.test(digits)) return integer(digits, at);
  if (FLOAT.test(digits)) return number(Number(digits), at);
  return scalar(text, at);
}

function integer(digits: string, at: Place): ScalarNode {
  const negative = digits.startsWith("-");
  const bare = digits.replace(/^[-+]/, "");
  const octal = /^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare;
  const size = BigInt(octal);
  const value = negative ? -size : size;
  return { kind: "scalar", at, value: Number(value), text: value.toString() };
}

/** A float prints as Go does: without an exponent from 1e-4 to 1e21. */
function number(value: number, at: Place): ScalarNode {
  const size = Math.abs(value);
  const short = size === 0 || (size >= 1e-4 && size < 1e21);
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const padded = exponent.replace(/^([-+])(\d)$/, "$10$2");
  return { kind: "scalar", at, value, text: short ? String(value) : `${digits}e${padded}`, float: true };
}
