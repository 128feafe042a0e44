import type { ComposeProject } from "../../domain/compose/model.ts";
import { UserError } from "../../domain/errors.ts";
import { withLogRotation } from "../../domain/services/log-rotation.ts";
import { notApplied, refusals } from "../../domain/services/not-applied.ts";
import { planStack } from "../../domain/services/plan.ts";
import type { NotApplied, StackPlan } from "../../domain/services/spec.ts";
import type { OperationOptions } from "../progress.ts";
import type { Addressed } from "./address.ts";
import { readServices, type ServicesOptions } from "./files.ts";
import { buildSources } from "./images.ts";
import { placeOf } from "./locate.ts";
import { buildFolder, readRecord, type ServicesRecord } from "./record.ts";
import { defaultEngine, type ReadSettings } from "./settings.ts";
import { sourceOf } from "./source.ts";

/** What the file asks for and is not done, with its place. */
export interface Told {
  file: string;
  line: number;
  path: string;
  reason: string;
}

/** What Compose files declare for one Docker engine. */
export interface Declared {
  project: ComposeProject;
  files: readonly string[];
  record: ServicesRecord;
  /** What was remembered of the project until now. */
  before: ServicesRecord | undefined;
  notApplied: Told[];
  plan: StackPlan;
}

/**
 * Reads a project, and tells what is not applied. Throws `ConfigInvalid` with file and line for what cannot be run.
 * @param home the `.windlass` folder
 */
export async function readDeclared(
  options: Addressed & OperationOptions,
  settings: ReadSettings,
  home: string,
): Promise<Declared> {
  const named = options.files.length === 1 ? readRecord(home, options.files[0] ?? "") : undefined;
  for (const text of settings.unused) note(options, "warning", text);
  const source = { ...sourceOf(options, named), settings };
  const { project, warnings, environment, files, folder } = readServices(source);
  for (const { file, line, reason } of warnings) note(options, "warning", `${file}:${line}: ${reason}`);
  const refused = refusals(project, environment);
  if (refused.length > 0) throw refusal(refused, files);
  if (Object.keys(project.services).length === 0)
    throw new UserError("ConfigInvalid", {
      reason: `${files[0]}: no service is active`,
      suggestion: "name its profile with --profile",
    });
  const told = notApplied(project).map((one) => place(one, files));
  for (const { file, line, path, reason } of told)
    note(options, "warning", `${file}:${line}: ${path} is not applied: ${reason}`);
  const before = readRecord(home, project.name);
  const record = recordOf(project.name, { ...source, files, folder }, options, before, home);
  const sources = await buildSources({ project, files }, buildFolder(home, project.name));
  const asDeclared = planStack(project, { workingDir: folder, files }, environment, sources);
  const plan = withLogRotation(asDeclared, settings.values.logRotation);
  return { project, files, record, before, notApplied: told, plan };
}

function recordOf(
  project: string,
  { files, folder, profiles, envFiles }: ServicesOptions & { folder: string },
  { host, sshOpts }: Addressed,
  before: ServicesRecord | undefined,
  home: string,
): ServicesRecord {
  if (before && host !== undefined && host !== before.host)
    throw new UserError("ConfigInvalid", {
      reason: `${project} runs on ${before.host}, not on ${host}`,
      suggestion: `take it down there first (windlass services down ${project}), or give this one another name with --project-name`,
    });
  return {
    project,
    host: host ?? before?.host ?? defaultEngine(home),
    sshOpts: [...(sshOpts ?? before?.sshOpts ?? [])],
    files: [...files],
    folder,
    ...(profiles ? { profiles: [...profiles] } : {}),
    ...(envFiles ? { envFiles: [...envFiles] } : {}),
  };
}

function refusal(refused: ReturnType<typeof refusals>, files: readonly string[]): UserError {
  const told = refused.map((one) => {
    const { file, line, path, reason } = place(one, files);
    return { file, line, text: `${file}:${line}: ${path}: ${reason}`, suggestion: one.suggestion };
  });
  const [first, ...others] = told;
  return new UserError("ConfigInvalid", {
    reason: first?.text ?? "",
    suggestion: first?.suggestion ?? "",
    file: first?.file,
    line: first?.line,
    ...(others.length > 0 ? { also: others.map(({ text, suggestion }) => `${text}; ${suggestion}`) } : {}),
  });
}

function place({ path, reason }: NotApplied, files: readonly string[]): Told {
  return { ...placeOf(files, path), path: path.join("."), reason };
}

function note({ onEvent }: OperationOptions, level: "info" | "warning", text: string): void {
  onEvent?.({ kind: "note", level, text });
}
