import { createHash } from "node:crypto";
import { type Dirent, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { type Entry, TAR_END, tarEntry } from "../tar.ts";
import { type Ignored, ignoreRules } from "./ignore.ts";

/** What is sent to the engine for a build. */
export interface Context {
  /** The Dockerfile's path in the archive. */
  dockerfile: string;
  /** SHA-256 over names, modes and contents, in hexadecimal: equal contexts build equal images. */
  digest(): string;
  archive(): Readable;
}

/** Name in the archive for a Dockerfile that is outside the context. */
const OUTSIDE = ".dockerfile.outside-of-the-context";

/**
 * The files of a folder, without what its `.dockerignore` (or `<Dockerfile>.dockerignore`) leaves out.
 * @param folder relative to the program's folder, or absolute
 * @param dockerfile path from the same place, as the SDK's Image has it
 * @throws Error that names what is not there
 */
export function buildContext(folder: string, dockerfile: string): Context {
  const root = resolve(folder);
  requireFolder(root, folder);
  const file = resolve(dockerfile);
  const text = readText(file);
  if (text === undefined) throw new Error(missing(folder, dockerfile));
  const inside = relative(root, file);
  const outside = inside.startsWith("..") || isAbsolute(inside);
  const rules = ignoreRules(readText(`${file}.dockerignore`) ?? readText(join(root, ".dockerignore")) ?? "");
  const sent = new Set([inside, ".dockerignore"]);
  const ignored: Ignored = (path) => !sent.has(path) && rules(path);
  const extra: Entry[] = outside ? [{ path: OUTSIDE, kind: "file", content: Buffer.from(text) }] : [];
  const entries = function* (): Generator<Entry> {
    for (const entry of walk(root, "", ignored, sent)) {
      yield entry.kind === "file" ? { ...entry, content: readFileSync(join(root, entry.path)) } : entry;
    }
    yield* extra;
  };
  return {
    dockerfile: outside ? OUTSIDE : inside,
    digest() {
      const hash = createHash("sha256");
      for (const { path, kind, content, target, mode } of entries()) {
        hash.update(JSON.stringify([path, kind, mode, target, content?.length]));
        if (content) hash.update(content);
      }
      return hash.digest("hex");
    },
    archive() {
      return Readable.from(
        (function* () {
          for (const entry of entries()) yield tarEntry(entry);
          yield TAR_END;
        })(),
        { objectMode: false },
      );
    },
  };
}

/** The digest of a build's context. @throws Error as `buildContext` */
export function contextDigest(folder: string, dockerfile: string): string {
  return buildContext(folder, dockerfile).digest();
}

function requireFolder(root: string, given: string): void {
  const found = statSync(root, { throwIfNoEntry: false });
  if (!found?.isDirectory()) throw new Error(`build context "${given}" is ${found ? "no folder" : "not there"}`);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** A path from the context instead of from the program is the mistake that people make. */
function missing(folder: string, dockerfile: string): string {
  const text = `could not open dockerfile at relative path "${dockerfile}"`;
  const other = join(folder, dockerfile);
  return readText(resolve(other)) === undefined ? text : `${text}: try setting dockerfile to "${other}"`;
}

/** Sorted, so that the same files give the same archive. A folder that is ignored is still entered: a file in it may be taken back. */
function* walk(root: string, folder: string, ignored: Ignored, sent: ReadonlySet<string>): Generator<Entry> {
  const found = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const one of found) {
    const path = folder ? `${folder}/${one.name}` : one.name;
    if (one.isDirectory()) {
      const inside = [...walk(root, path, ignored, sent)];
      if (!ignored(path) || inside.length > 0) yield { path, kind: "folder", mode: modeOf(root, path) };
      yield* inside;
    } else if (!ignored(path)) yield* entryOf(root, path, one);
  }
}

function* entryOf(root: string, path: string, found: Dirent): Generator<Entry> {
  if (found.isSymbolicLink()) yield { path, kind: "link", target: readlinkSync(join(root, path)), mode: 0o777 };
  else if (found.isFile()) {
    yield { path, kind: "file", mode: modeOf(root, path) };
  }
}

function modeOf(root: string, path: string): number {
  return statSync(join(root, path)).mode & 0o7777;
}
