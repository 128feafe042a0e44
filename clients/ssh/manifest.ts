import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../domain/errors.ts";

/** One file of a folder, by its path relative to it with forward slashes. */
export interface ManifestFile {
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/** The files of a folder, sorted by path, and one digest over all of it: equal digests mean equal folders. */
export interface Manifest {
  files: ManifestFile[];
  bytes: number;
  digest: string;
}

/** Digests remembered by size and time of change, so that unchanged files are not read again. */
type Cache = Record<string, { bytes: number; changed: number; sha256: string }>;

/**
 * Reads a folder's manifest, or a single file's (its path is then its name). `cacheFile` keeps digests between runs. Only names, sizes and contents count,
 * so two machines with the same files have the same digest. Throws UserError `TransferFailed` where there is nothing to read.
 */
export function readManifest(source: string, cacheFile?: string): Manifest {
  const cache = cacheFile ? readCache(cacheFile) : {};
  const known: Cache = {};
  const files = listFiles(source).map((path) => {
    const file = path === "" ? source : join(source, path);
    const { size: bytes, mtimeMs: changed } = statSync(file);
    const before = cache[file];
    const sha256 = before?.bytes === bytes && before.changed === changed ? before.sha256 : sha256Of(file);
    known[file] = { bytes, changed, sha256 };
    return { path, bytes, sha256 };
  });
  if (cacheFile) writeCache(cacheFile, { ...cache, ...known });
  return manifestOf(files);
}

/** Orders the files and digests the whole. */
export function manifestOf(files: ManifestFile[]): Manifest {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const text = sorted.map((file) => `${file.sha256} ${file.bytes} ${file.path}\n`).join("");
  return {
    files: sorted,
    bytes: sorted.reduce((sum, file) => sum + file.bytes, 0),
    digest: createHash("sha256").update(text).digest("hex"),
  };
}

/** Digest of the first bytes of a file, all of it where no length is given. */
export async function sha256OfStart(file: string, length?: number): Promise<string> {
  const hash = createHash("sha256");
  if (length === 0) return hash.digest("hex");
  const end = length === undefined ? undefined : length - 1;
  for await (const chunk of createReadStream(file, { end })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Whole file at once: data files here are shards, not disks. */
function sha256Of(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

function listFiles(source: string): string[] {
  try {
    if (!statSync(source).isDirectory()) return [""];
    const entries = readdirSync(source, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
    const paths = files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => statSync(path).isFile());
    if (paths.length > 0) return paths.map((path) => path.slice(join(source, "/").length).replaceAll("\\", "/"));
  } catch (error) {
    throw unreadable(source, `cannot be read (${(error as Error).message})`, error);
  }
  throw unreadable(source, "holds no files");
}

function unreadable(source: string, reason: string, cause?: unknown): UserError {
  const suggestion = "check the path; relative paths start at the project's root";
  return new UserError("TransferFailed", { reason: `${source} ${reason}`, suggestion, source }, { cause });
}

function readCache(file: string): Cache {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Cache;
  } catch {
    return {};
  }
}

function writeCache(file: string, cache: Cache): void {
  const text = JSON.stringify(cache);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}
