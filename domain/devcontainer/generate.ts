import { createHash } from "node:crypto";
import { isMap, isScalar, parseDocument } from "yaml";
import type { ComposeProject } from "../compose/model.ts";
import { UserError } from "../errors.ts";
import { type Devcontainer, devcontainerSchema } from "./schema.ts";

/** A file to write. */
export interface GeneratedFile {
  name: string;
  text: string;
}

/** Names of the two files. */
export const FILES = { compose: "compose.yaml", json: "devcontainer.json" } as const;

const EXTENSION = "x-devcontainer";

/**
 * The files of a development container. `x-devcontainer` of the Compose file says what the workspace is and has; every port that another service
 * exposes is forwarded to the developer's machine.
 * @param source text of the Compose file
 * @param project the model that it makes
 * @param workspace the project's folder, as seen from the folder of the files
 * Throws `UserError` `ConfigInvalid` for what an editor would refuse or ignore.
 */
export function generateDevcontainer(source: string, project: ComposeProject, workspace: string): GeneratedFile[] {
  return [
    { name: FILES.compose, text: composeText(source, workspace) },
    { name: FILES.json, text: jsonText(devcontainerOf(project)) },
  ];
}

function devcontainerOf(project: ComposeProject): Devcontainer {
  const own = (project[EXTENSION] ?? {}) as Record<string, unknown>;
  const { service = "" } = own as { service?: string };
  const forwardPorts = Object.entries(project.services)
    .filter(([name]) => name !== service)
    .flatMap(([name, { expose }]) => (expose ?? []).map((port) => `${name}:${String(port).split("/")[0]}`));
  const read = devcontainerSchema.safeParse({
    ...own,
    dockerComposeFile: FILES.compose,
    forwardPorts: forwardPorts.sort(),
    shutdownAction: "stopCompose",
  });
  if (!read.success) {
    const [issue] = read.error.issues;
    throw invalid(`${EXTENSION}.${issue?.path.join(".")}: ${issue?.message}`);
  }
  if (!project.services[service]) throw invalid(`${EXTENSION}.service: there is no service ${service}`);
  return read.data;
}

function invalid(reason: string): UserError {
  return new UserError("ConfigInvalid", { reason, suggestion: "mend it in the Compose file" });
}

/** The Compose file without what only this generator reads, on the project's folder. */
function composeText(source: string, workspace: string): string {
  const document = parseDocument(source);
  document.commentBefore = null;
  document.delete(EXTENSION);
  const service = document.getIn(["services", "workspace", "volumes"]);
  if (!isMap(document.contents) || !service) throw invalid("services.workspace.volumes: the workspace has no folder");
  const mounted = document.getIn(["services", "workspace", "volumes", 0], true);
  if (isScalar(mounted)) mounted.value = String(mounted.value).replace(/^\.\.(?=:)/, workspace);
  const first = document.contents.items[0]?.key;
  if (isScalar(first)) first.commentBefore = null;
  return marked(document.toString({ lineWidth: 0 }));
}

const MARK = /^# Made by `windlass config devcontainer` \((?<digest>[0-9a-f]{16})\)[^\n]*\n/;

function marked(text: string): string {
  return `# Made by \`windlass config devcontainer\` (${digest(text)}); it is not overwritten once it is edited.\n${text}`;
}

/** The mark stands where the format lets tools keep what is their own. */
function jsonText(devcontainer: Devcontainer): string {
  const { customizations = {}, ...rest } = devcontainer;
  const whole = (mark: string) =>
    `${JSON.stringify({ ...rest, customizations: { ...customizations, windlass: { made: mark } } }, null, 2)}\n`;
  return whole(digest(whole("")));
}

const JSON_MARK = /"made": "(?<digest>[0-9a-f]{16})"/;

/** Whether a file is as it was made, by this version or an earlier one: nobody has edited it since. */
export function isAsMade(name: string, text: string): boolean {
  const mark = name === FILES.compose ? MARK : JSON_MARK;
  const found = mark.exec(text)?.groups?.digest;
  const rest = name === FILES.compose ? text.replace(MARK, "") : text.replace(JSON_MARK, '"made": ""');
  return found !== undefined && digest(rest) === found;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
