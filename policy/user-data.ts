import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { isUnknown, type Values } from "../domain/cost/inputs.ts";
import type { Subject } from "./rule.ts";

/** What a droplet is made from: its own inputs, or the template of a pool that makes them. */
export interface DropletInputs {
  values: Values;
  /** `dropletTemplate.` of a pool, else nothing. */
  path: string;
}

/** Types of resources that have user data. */
export const DROPLET_TYPES = ["droplet", "dropletAutoscale"] as const;

/** Undefined where the template of a pool is not known before the update. */
export function dropletInputs({ type, inputs }: Subject): DropletInputs | undefined {
  if (!type.endsWith(":DropletAutoscale")) return { values: inputs, path: "" };
  const template = inputs.dropletTemplate;
  if (isUnknown(template) || typeof template !== "object" || template === null) return undefined;
  return { values: template as Values, path: "dropletTemplate." };
}

/** A text that user data holds: the whole, or what is packed in it. */
export interface Document {
  text: string;
  /** Line of the user data where it begins, from 1. */
  line: number;
  /** Whether it is packed, so that its lines are not those of the user data. */
  packed: boolean;
  /** Whether it is larger than anybody's text, and was left packed. */
  tooLarge?: boolean;
}

/** Nesting of what is packed in what is packed. */
const DEPTH = 3;
/** Of one text, unpacked at most. User data itself has 64 KiB at most. */
const UNPACKED_BYTES = 1 << 20;

/**
 * User data and everything that is packed in it: the parts of a MIME archive, texts in base64, also over many lines or compressed by
 * gzip. The first document is the user data itself.
 */
export function documents(userData: string): Document[] {
  return unpacked({ text: userData, line: 1, packed: false }, DEPTH);
}

function unpacked(document: Document, depth: number): Document[] {
  if (depth === 0) return [document];
  const inner = [...mimeParts(document), ...base64Texts(document)];
  return [document, ...inner.flatMap((one) => unpacked(one, depth - 1))];
}

/** RFC 2046: what stands between the boundaries, less its headers. Parts in base64 are left to `base64Texts`. */
function mimeParts({ text, line, packed }: Document): Document[] {
  const boundary = /^content-type:\s*multipart\/[^\n]*(?:\n[ \t][^\n]*)*?boundary="?([^"\s;]+)"?/im.exec(text)?.[1];
  if (!boundary) return [];
  const pieces = text.split(`--${boundary}`);
  let at = line + newlines(pieces[0] ?? "");
  return pieces.slice(1).flatMap((piece) => {
    const start = at;
    at += newlines(piece);
    const headers = /^\r?\n[\s\S]*?\r?\n\r?\n/.exec(piece)?.[0];
    if (!headers) return [];
    return [{ text: piece.slice(headers.length), line: packed ? line : start + newlines(headers), packed }];
  });
}

/** Base64 of at least 24 characters, in one line or in many of the same length, where it holds a text. */
function base64Texts({ text, line, packed }: Document): Document[] {
  const found: Document[] = [];
  for (const match of text.matchAll(
    /(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{40,100}\r?\n[ \t]*)*[A-Za-z0-9+/]{4,}={0,2}/g,
  )) {
    if (match[0].length < 24) continue;
    const inner = textOf(Buffer.from(match[0].replace(/\s/g, ""), "base64"));
    if (!inner) continue;
    found.push({ ...inner, line: packed ? line : line + newlines(text.slice(0, match.index)), packed: true });
  }
  return found;
}

/** Undefined where the bytes are no text: keys, checksums and pictures are none. */
function textOf(bytes: Buffer): Pick<Document, "text" | "tooLarge"> | undefined {
  try {
    const plain =
      bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES }) : bytes;
    const text = new TextDecoder("utf-8", { fatal: true }).decode(plain);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a text has none of them
    return /[\x00-\x08\x0e-\x1f]/.test(text) ? undefined : { text };
  } catch (error) {
    return (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE" ? { text: "", tooLarge: true } : undefined;
  }
}

/** The object of a `#cloud-config` document; undefined where it is something else, or YAML that cloud-init would not take either. */
export function cloudConfig({ text }: Document): Values | undefined {
  if (!/^\s*(?:##\s*template:\s*jinja\s*\n)?#cloud-config\b(?!-)/.test(text)) return undefined;
  try {
    const config = parse(text, { logLevel: "silent" });
    return typeof config === "object" && config !== null && !Array.isArray(config) ? config : undefined;
  } catch {
    return undefined;
  }
}

/** Where a line of a document stands, for people. */
export function placeOf({ line: start, packed }: Document, line: number): string {
  return packed ? `what is packed at line ${start}` : `line ${start + line - 1}`;
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}
