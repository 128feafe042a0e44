import { basename, join } from "node:path";
import { UserError } from "../errors.ts";
import { EnvFileError, readEnvFile } from "./env-file.ts";
import type { Place } from "./node.ts";
import { absolutePath, type PathContext } from "./paths.ts";
import { fail } from "./problem.ts";
import type { Lookup } from "./substitute.ts";

/** The files of the machine, as a Compose file may name them. */
export interface ComposeReader {
  /** The text of a file; undefined where there is none. */
  read(path: string): string | undefined;
  /** The path with symbolic links followed, itself where it does not exist. */
  realPath(path: string): string;
  /** The user's home folder. */
  home: string;
}

/** Something that is accepted and has no effect, or not the expected one. */
export interface ComposeWarning {
  file: string;
  line: number;
  reason: string;
}

/** What the files of one level (the project, or one include) have in common. */
export interface Level {
  reader: ComposeReader;
  /** Absolute; relative paths of the files start here. */
  folder: string;
  environment: ReadonlyMap<string, string>;
  /** Files whose includes are being read: meeting one again is a cycle. */
  including: readonly string[];
  warn(at: Place, reason: string): void;
}

export const lookupIn =
  (environment: ReadonlyMap<string, string>): Lookup =>
  (name) =>
    environment.get(name);

export function pathContext({ reader, folder }: Level): PathContext {
  return { folder, home: reader.home, realPath: (path) => reader.realPath(path) };
}

export function resolvePath(path: string, level: Level): string {
  return absolutePath(path, pathContext(level));
}

export function readText(file: string, { reader }: Pick<Level, "reader">): string {
  const text = reader.read(file);
  if (text !== undefined) return text;
  const suggestion = "check the path; relative ones start at the folder of the first Compose file";
  throw new UserError("ConfigInvalid", { reason: `${file}: there is no such file`, suggestion, file });
}

/** The variables of environment files; later files win, variables in them come from `given` first. */
export function readEnvFiles(
  files: readonly string[],
  given: ReadonlyMap<string, string>,
  level: Pick<Level, "reader">,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const file of files) {
    const text = readText(file, level);
    inFile(file, () => readEnvFile(text, values, (name) => given.get(name) ?? values.get(name)));
  }
  return values;
}

/** Gives a broken line of an environment file its file. */
export function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EnvFileError) return fail({ at: { file, line: error.line } }, [], error.message);
    throw error;
  }
}

/** The `.env` of a folder, where there is one. */
export function defaultEnvFile(folder: string, { reader }: Pick<Level, "reader">): string[] {
  const file = join(folder, ".env");
  return reader.read(file) === undefined ? [] : [file];
}

export function folderName(folder: string): string {
  return basename(folder);
}
