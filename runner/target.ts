import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { DIGITALOCEAN_URL } from "../clients/digitalocean/url.ts";
import { UserError } from "../domain/errors.ts";
import { readStackFile, type StackFile } from "../stacks/config-source.ts";
import { OWN_ROOT, windlassHome } from "./own-root.ts";

/** Where a stack lives: DigitalOcean itself, or the local cloud. */
export type CloudName = "local" | "digitalocean";

/** What an operation is about: one stack of one project, on one cloud. */
export interface Target {
  /** Folder of Pulumi.yaml. */
  root: string;
  /** The `.windlass` folder: state, keys, logs of this machine. */
  home: string;
  /** Pulumi's project name. */
  project: string;
  stack: string;
  cloud: CloudName;
  /** What `Pulumi.<stack>.yaml` says. */
  config: StackFile;
  /** Address of the state backend. */
  backend: string;
}

export interface TargetOptions {
  /** Folder of the Pulumi project. @default the folder Windlass itself is in */
  root?: string;
  /** @default the selected one, else `dev` */
  stack?: string;
  /** @default `windlass:cloud` of the stack's config, else `local` for `dev` and `digitalocean` for the others */
  cloud?: string;
  /** @default WINDLASS_HOME, else `.windlass` under the root */
  home?: string;
}

/** Reads files only, so that `status` is quick. Throws `UserError` when the project or the stack cannot be made out. */
export function resolveTarget(options: TargetOptions = {}): Target {
  const root = resolve(options.root ?? OWN_ROOT);
  const home = windlassHome(options.home, root);
  const settings = projectSettings(root);
  const stack = stackName(options.stack ?? selectedStack(root, home, settings.name) ?? "dev");
  const config = readStackFile(root, stack);
  const cloud = cloudName(options.cloud ?? config.values.cloud ?? (stack === "dev" ? "local" : "digitalocean"));
  return { root, home, project: settings.name, stack, cloud, config, backend: backendUrl(home, cloud, settings) };
}

interface ProjectSettings {
  name: string;
  backend?: { url?: string };
}

function projectSettings(root: string): ProjectSettings {
  const path = join(root, "Pulumi.yaml");
  if (!existsSync(path)) {
    throw new UserError(
      "UsageError",
      { reason: `no Pulumi.yaml in ${root}`, suggestion: "run windlass in a project, or name its folder with --cwd" },
      { exitCode: 2 },
    );
  }
  return parse(readFileSync(path, "utf8")) as ProjectSettings;
}

function stackName(name: string): string {
  if (/^[A-Za-z0-9._-]{1,100}$/.test(name)) return name;
  throw new UserError(
    "UsageError",
    { reason: `stack "${name}" is not a stack name`, suggestion: "use letters, digits, dots, dashes and underscores" },
    { exitCode: 2 },
  );
}

function cloudName(name: string): CloudName {
  if (name === "local" || name === "digitalocean") return name;
  throw new UserError(
    "UsageError",
    { reason: `cloud "${name}" is not known`, suggestion: "use --cloud local or --cloud digitalocean" },
    { exitCode: 2 },
  );
}

/** The state of the local way never mixes with that of a real account. */
function backendUrl(home: string, cloud: CloudName, settings: ProjectSettings): string {
  const folder = (name: string) => `file://${join(home, "state", name)}`;
  if (cloud === "local") return folder("local");
  const chosen = inherited("PULUMI_BACKEND_URL") ?? settings.backend?.url;
  return chosen ?? folder(isRehearsal() ? "rehearsal" : "digitalocean");
}

/** Whether DigitalOcean's address was set by hand to another one: a rehearsal with the official plugins. */
function isRehearsal(): boolean {
  const url = inherited("DIGITALOCEAN_API_URL");
  return url !== undefined && new URL(url).host !== new URL(DIGITALOCEAN_URL).host;
}

/**
 * A setting of the shell; none where the shell holds the exports of `windlass env` for the local way: they must not reach a real account,
 * nor its state the local one.
 */
export function inherited(name: string): string | undefined {
  return process.env.WINDLASS_CLOUD === "local" ? undefined : process.env[name] || undefined;
}

/** The PULUMI_HOME of a way: a private one for the local way, which holds the bundled plugins. */
export function pulumiHome(home: string, cloud: CloudName): string {
  if (cloud === "local") return join(home, "pulumi-home");
  return inherited("PULUMI_HOME") ?? join(homedir(), ".pulumi");
}

/** The stack that was selected last, by Windlass or by `pulumi stack select`, on either way. */
function selectedStack(root: string, home: string, project: string): string | undefined {
  const found = (["local", "digitalocean"] as const)
    .map((cloud) => selectionFile(pulumiHome(home, cloud), root, project))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const path of found) {
    const stacks = selections(path);
    const own =
      Object.entries(stacks).find(([backend]) => backend.startsWith(`file://${home}`)) ?? Object.entries(stacks)[0];
    if (own) return own[1].split("/").at(-1);
  }
  return undefined;
}

/** Whether Pulumi has this stack selected for this project and backend. */
export function isSelected(target: Target): boolean {
  const path = selectionFile(pulumiHome(target.home, target.cloud), target.root, target.project);
  if (!existsSync(path)) return false;
  return selections(path)[target.backend]?.split("/").at(-1) === target.stack;
}

/** Pulumi keeps selections in a file named from the project and the SHA-1 of the path of its Pulumi.yaml. */
function selectionFile(pulumiHomeFolder: string, root: string, project: string): string {
  const hash = createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex");
  return join(pulumiHomeFolder, "workspaces", `${project}-${hash}-workspace.json`);
}

function selections(path: string): Record<string, string> {
  try {
    const content = JSON.parse(readFileSync(path, "utf8")) as { stack?: string; stacks?: Record<string, string> };
    return content.stacks ?? (content.stack ? { "": content.stack } : {});
  } catch {
    return {};
  }
}
