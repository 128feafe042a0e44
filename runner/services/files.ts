import { readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { serviceStackFile, serviceStacks } from "../../catalog/services/names.ts";
import type { ComposeReader } from "../../domain/compose/level.ts";
import { type ComposeOptions, type ComposeResult, loadCompose } from "../../domain/compose/project.ts";
import { UserError } from "../../domain/errors.ts";
import { nearest } from "../../domain/spelling.ts";
import type { ReadSettings } from "./settings.ts";
import { withStackSettings } from "./settings-stack.ts";

/** Names of Compose files and of the files that are merged over them, the preferred first. */
const NAMES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

/** A model, and where it was read from. */
export interface ReadServices extends ComposeResult {
  /** Absolute. */
  files: string[];
  folder: string;
}

export interface ServicesOptions {
  /** Compose files, a folder that has one, or a name of the catalog; a later one is merged over an earlier one (default: the settings' workspace, else this folder). */
  files: readonly string[];
  /** Where relative paths and `.env` start, in place of what `readServices` says. */
  folder?: string;
  projectName?: string;
  profiles?: readonly string[];
  envFiles?: readonly string[];
  environment?: NodeJS.ProcessEnv;
  /** What holds on this machine, as `readSettings` tells it. @default nothing */
  settings?: Pick<ReadSettings, "values" | "stack">;
}

/**
 * Reads Compose files of this machine. Paths and `.env` start at the first file's folder; behind a name of the catalog, at the working folder.
 * Throws `UserError` with file and line.
 */
export function readServices(options: ServicesOptions): ReadServices {
  const { settings } = options;
  const { registry, workspace } = settings?.values ?? {};
  const files = composeFiles(options.files.length > 0 ? options.files : [workspace ?? "."]);
  const fromCatalog = catalogFile(options.files[0] ?? "") !== undefined;
  const asked: ComposeOptions = {
    files,
    folder: options.folder ?? (fromCatalog ? resolve(".") : dirname(files[0] ?? "")),
    environment: options.environment ?? process.env,
    ...(options.projectName === undefined ? {} : { name: options.projectName }),
    ...(registry === undefined ? {} : { defaults: { REGISTRY: registry } }),
    ...(options.profiles ? { profiles: options.profiles } : {}),
    ...(options.envFiles ? { envFiles: options.envFiles.map((file) => resolve(file)) } : {}),
  };
  const read = loadCompose(asked, machineFiles);
  const project = settings ? withStackSettings(read.project, settings) : read.project;
  return { ...read, project, files, folder: asked.folder };
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
  return given.flatMap((word) => {
    const path = resolve(word);
    if (isFolder(path)) return filesOf(path);
    if (!isFile(path) && /^[\w-]+$/.test(word)) return [catalogFile(word) ?? noSuchName(word)];
    return [path];
  });
}

/** The file of a name of the catalog. What lies in the working folder under that name comes first. */
function catalogFile(word: string): string | undefined {
  return isFolder(resolve(word)) || isFile(resolve(word)) ? undefined : serviceStackFile(word);
}

function noSuchName(word: string): never {
  const names = serviceStacks();
  const meant = nearest(word, names);
  const reason = `there is no file ${word} in this folder, and no such name in the catalog (${names.join(", ")})`;
  throw new UserError("NotFound", { reason, suggestion: meant ? `did you mean ${meant}?` : "name a Compose file" });
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
