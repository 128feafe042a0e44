import { readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { ComposeReader } from "../../domain/compose/level.ts";
import { type ComposeOptions, type ComposeResult, loadCompose } from "../../domain/compose/project.ts";
import { UserError } from "../../domain/errors.ts";

/** Names of Compose files and of the files that are merged over them, the preferred first. */
const NAMES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

export interface ServicesOptions {
  /** Compose files, or one folder that has one; a later one is merged over an earlier one (default: this folder). */
  files: readonly string[];
  projectName?: string;
  profiles?: readonly string[];
  envFiles?: readonly string[];
  environment?: NodeJS.ProcessEnv;
}

/** Reads Compose files of this machine. Throws `UserError` with file and line. */
export function readServices(options: ServicesOptions): ComposeResult {
  const files = composeFiles(options.files);
  const asked: ComposeOptions = {
    files,
    folder: dirname(files[0] ?? ""),
    environment: options.environment ?? process.env,
    ...(options.projectName === undefined ? {} : { name: options.projectName }),
    ...(options.profiles ? { profiles: options.profiles } : {}),
    ...(options.envFiles ? { envFiles: options.envFiles.map((file) => resolve(file)) } : {}),
  };
  return loadCompose(asked, machineFiles);
}

/** The files of this machine. A folder or a file that may not be read is an error, not a missing file. */
const machineFiles: ComposeReader = {
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      const reason = code === "EISDIR" ? `${path} is a folder, not a file` : message;
      throw new UserError("ConfigInvalid", { reason, file: path });
    }
  },
  realPath(path) {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  },
  home: homedir(),
};

function composeFiles(given: readonly string[]): string[] {
  const paths = (given.length > 0 ? given : ["."]).map((file) => resolve(file));
  return paths.flatMap((path) => (isFolder(path) ? filesOf(path) : [path]));
}

function filesOf(folder: string): string[] {
  const main = NAMES.find((name) => isFile(join(folder, name)));
  if (!main) {
    const reason = `${folder} has no Compose file (${NAMES.join(", ")})`;
    throw new UserError("NotFound", { reason, suggestion: "name the file" });
  }
  const override = OVERRIDES.find((name) => isFile(join(folder, name)));
  return [main, ...(override ? [override] : [])].map((name) => join(folder, name));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
