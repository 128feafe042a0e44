import { anything, type Notes } from "./codec.ts";
import { checkConsistency } from "./consistency.ts";
import { readEnvFile, readRawEnvFile } from "./env-file.ts";
import {
  type ComposeReader,
  type ComposeWarning,
  defaultEnvFile,
  folderName,
  inFile,
  type Level,
  lookupIn,
  readEnvFiles,
  readText,
} from "./level.ts";
import { loadLevel } from "./load.ts";
import { type ComposeProject, fileObject, network, type Service, service, volume } from "./model.ts";
import { entry, type MapNode, type Node, nearestNode, type Path, stringOf } from "./node.ts";
import { normalize } from "./normalize.ts";
import { fail } from "./problem.ts";
import { type Lookup, SubstitutionError, substitute } from "./substitute.ts";
import { parseDocuments } from "./yaml.ts";

export interface ComposeOptions {
  /** Absolute paths; a later one is merged over an earlier one. */
  files: readonly string[];
  /** Absolute; relative paths and the default name start here. */
  folder: string;
  /** The environment of the process; it wins over `.env` files. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Variables that neither the environment nor an environment file sets. */
  defaults?: Readonly<Record<string, string>>;
  /** In place of `.env` of the folder. */
  envFiles?: readonly string[];
  /** Wins over COMPOSE_PROJECT_NAME, `name:` and the folder's name. */
  name?: string;
  /** Active profiles; `*` is all (default: COMPOSE_PROFILES). */
  profiles?: readonly string[];
}

export interface ComposeResult {
  project: ComposeProject;
  /** Names of services whose profile is not active. */
  disabled: string[];
  warnings: ComposeWarning[];
  /** Variables of the project: what the process and the environment files say. */
  environment: ReadonlyMap<string, string>;
}

/**
 * Reads Compose files into one model, equal to what `docker compose config` (2.40.3) makes of them. Throws `UserError` `ConfigInvalid` with file
 * and line for what is wrong or not supported; what has no effect comes back as a warning.
 */
export function loadCompose(options: ComposeOptions, reader: ComposeReader): ComposeResult {
  const { folder } = options;
  const warnings: ComposeWarning[] = [];
  const given = new Map(
    Object.entries(options.environment).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
  const envFiles = options.envFiles ?? defaultEnvFile(folder, { reader });
  const environment = new Map([
    ...Object.entries(options.defaults ?? {}),
    ...readEnvFiles(envFiles, given, { reader }),
    ...given,
  ]);
  const name = projectName(options, environment, reader);
  environment.set("COMPOSE_PROJECT_NAME", name);
  const warn: Level["warn"] = ({ file, line }, reason) => {
    if (!warnings.some((other) => other.reason === reason && other.file === file))
      warnings.push({ file, line, reason });
  };
  const level: Level = { reader, folder, environment, including: [], warn };
  const root = loadLevel(options.files, level);
  root.entries.delete("name");
  if (root.entries.size === 0) fail(root, [], "is empty: it declares no services");
  const lookup = lookupIn(environment);
  normalize(root, name, lookup);
  const profiles =
    options.profiles ?? (environment.get("COMPOSE_PROFILES") ?? "").split(",").map((profile) => profile.trim());
  return { ...decodeProject(root, name, profiles, level), warnings, environment };
}

function decodeProject(
  root: MapNode,
  name: string,
  profiles: readonly string[],
  level: Level,
): Pick<ComposeResult, "project" | "disabled"> {
  const notes: Notes = (node, path, what) => level.warn(node.at, `${path.join(".")}: ${what} has no effect`);
  const all = decodeAll(root, "services", (node, path) => service(node, path, notes) as Service);
  const isActive = ([, { profiles: own }]: [string, Service]): boolean =>
    !own || profiles.includes("*") || own.some((profile) => profiles.includes(profile));
  const active = Object.entries(all).filter(isActive);
  const disabled = Object.keys(all).filter((other) => !active.some(([key]) => key === other));
  const project: ComposeProject = {
    name,
    services: Object.fromEntries(active),
    networks: decodeAll(root, "networks", (node, path) => network(node, path, notes)),
    volumes: decodeAll(root, "volumes", (node, path) => volume(node, path, notes)),
    secrets: decodeAll(root, "secrets", (node, path) => fileObject(node, path, notes)),
    configs: decodeAll(root, "configs", (node, path) => fileObject(node, path, notes)),
  };
  for (const [key, value] of root.entries) if (key.startsWith("x-")) project[key as `x-${string}`] = anything(value);
  checkConsistency(project, new Set(disabled), root);
  for (const [key, value] of active)
    readServiceFiles(value, nearestNode(root, ["services", key]), ["services", key], level);
  return { project: withoutUnused(project), disabled: disabled.sort() };
}

function decodeAll<T>(
  root: MapNode,
  kind: string,
  decode: (node: Node, path: Path) => T | undefined,
): Record<string, T> {
  const node = entry(root, kind);
  if (node?.kind !== "map") return {};
  const names = [...node.entries.keys()].sort();
  return Object.fromEntries(
    names.map((key) => {
      const value = decode(nearestNode(node, [key]), [kind, key]);
      return [key, value ?? fail(nearestNode(node, [key]), [kind, key], "is empty")];
    }),
  );
}

/** Puts the variables of `env_file` and the labels of `label_file` into the service, which has the last word, and drops the files' names. */
function readServiceFiles(target: Service, node: Node, path: Path, level: Level): void {
  const own = target.environment ?? {};
  const project = lookupIn(level.environment);
  const lookup: Lookup = (name) => project(name) ?? own[name] ?? undefined;
  const values = new Map(
    Object.entries(own).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
  );
  for (const [index, { path: file = "", required, format }] of (target.env_file ?? []).entries()) {
    const at = nearestNode(node, ["env_file", String(index)]);
    if (format && format !== "raw")
      fail(at, [...path, "env_file", String(index)], `the format ${format} is not known`, "leave it out, or write raw");
    const text = level.reader.read(file);
    if (text === undefined && required !== false)
      fail(at, [...path, "env_file", String(index)], `there is no file ${file}`, "make it, or write required: false");
    if (text !== undefined) inFile(file, () => (format === "raw" ? readRawEnvFile : readEnvFile)(text, values, lookup));
  }
  const variables = Object.entries({ ...Object.fromEntries(values), ...own });
  if (variables.length > 0) target.environment = Object.fromEntries(variables.sort(([a], [b]) => (a < b ? -1 : 1)));
  const labels = new Map<string, string>();
  for (const [index, file] of (target.label_file ?? []).entries()) {
    const text = level.reader.read(file);
    if (text === undefined)
      fail(nearestNode(node, ["label_file", String(index)]), [...path, "label_file"], `there is no file ${file}`);
    else inFile(file, () => readEnvFile(text, labels, () => undefined));
  }
  if (labels.size > 0) target.labels = { ...Object.fromEntries(labels), ...target.labels };
  delete target.env_file;
  delete target.label_file;
}

/** Networks, volumes, secrets and configs that no active service uses are not part of the project. */
/** The project without the networks, volumes, secrets and configs that none of its services uses. */
export function withoutUnused(project: ComposeProject): ComposeProject {
  const services = Object.values(project.services);
  const used = {
    networks: services.flatMap(({ networks }) => Object.keys(networks ?? {})),
    volumes: services.flatMap(({ volumes }) =>
      (volumes ?? []).flatMap(({ type, source }) => (type === "volume" && source ? [source] : [])),
    ),
    secrets: services.flatMap(({ secrets, build }) =>
      [...(secrets ?? []), ...(build?.secrets ?? [])].map(({ source }) => source),
    ),
    configs: services.flatMap(({ configs }) => (configs ?? []).map(({ source }) => source)),
  };
  const kept = { ...project };
  for (const kind of ["networks", "volumes", "secrets", "configs"] as const) {
    const entries = Object.entries(project[kind] ?? {}).filter(([name]) => used[kind].includes(name));
    if (entries.length > 0) Object.assign(kept, { [kind]: Object.fromEntries(entries) });
    else delete kept[kind];
  }
  return kept;
}

const NAME = /^[a-z0-9][a-z0-9_-]*$/;

function normalizedName(text: string): string {
  return (text.toLowerCase().match(/[a-z0-9_-]/g) ?? []).join("").replace(/^[_-]+/, "");
}

function projectName(options: ComposeOptions, environment: ReadonlyMap<string, string>, reader: ComposeReader): string {
  const asked = options.name ?? (environment.get("COMPOSE_PROJECT_NAME") || undefined);
  const at = { at: { file: options.files[0] ?? "", line: 1 } };
  const rule = "a project name has small letters, digits, hyphens and underscores, and begins with a letter or digit";
  if (asked !== undefined)
    return NAME.test(asked) ? asked : fail(at, [], `the project name ${JSON.stringify(asked)} is none`, rule);
  let name = normalizedName(folderName(options.folder));
  for (const file of options.files)
    for (const { root } of parseDocuments(readText(file, { reader }), file)) {
      const node = entry(root, "name");
      const written = stringOf(node);
      if (!node || !written) continue;
      try {
        name = normalizedName(substitute(written, lookupIn(environment)).text);
      } catch (error) {
        if (error instanceof SubstitutionError) return fail(node, ["name"], error.message);
        throw error;
      }
    }
  return name || fail(at, [], "the project has no name", rule);
}
