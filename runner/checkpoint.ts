import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Target } from "./target.ts";
import { writeWhole } from "./whole-file.ts";

/** A deployment as Pulumi stores it: only what the runner looks at is typed, the rest is carried along. */
export interface Deployment {
  manifest?: { time: string };
  resources?: ResourceState[];
  pending_operations?: PendingOperation[];
  [other: string]: unknown;
}

export interface ResourceState {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  parent?: string;
  protect?: boolean;
  retainOnDelete?: boolean;
  /** Marked for deletion by a replacement that has not come that far. */
  delete?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  dependencies?: string[];
  [other: string]: unknown;
}

export interface PendingOperation {
  resource: ResourceState;
  type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

export interface UpdateRecord {
  kind: "update" | "refresh" | "destroy" | "import" | "preview" | string;
  result: "succeeded" | "failed" | "in-progress" | string;
  /** ISO 8601. */
  startedAt: string;
  endedAt: string;
  changes: Record<string, number>;
}

/** Pulumi's mark on an encrypted or secret value. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Folder of a file backend; undefined for the others. */
export function backendFolder(target: Pick<Target, "backend">): string | undefined {
  return target.backend.startsWith("file://") ? join(fileURLToPath(target.backend), ".pulumi") : undefined;
}

/**
 * The stack's state read straight from the file backend: no engine is started.
 * Undefined when the stack does not exist; only for file backends (others: `exportStack`).
 */
export function readCheckpoint(target: Pick<Target, "backend" | "project" | "stack">): Deployment | undefined {
  const folder = backendFolder(target);
  if (!folder) throw new Error(`the state in ${target.backend} is not a file`);
  const path = join(folder, "stacks", target.project, `${target.stack}.json`);
  const text = existsSync(path)
    ? readFileSync(path, "utf8")
    : existsSync(`${path}.gz`)
      ? gunzipSync(readFileSync(`${path}.gz`)).toString("utf8")
      : undefined;
  if (text === undefined) return undefined;
  return (JSON.parse(text) as { checkpoint?: { latest?: Deployment | null } }).checkpoint?.latest ?? {};
}

/**
 * Makes a stack without resources where there is none, as `pulumi stack init` begins (its key for secrets is made by the first update): only for
 * file backends.
 */
export function initCheckpoint(target: Pick<Target, "backend" | "project" | "stack">): void {
  const folder = backendFolder(target);
  if (!folder) throw new Error(`the state in ${target.backend} is not a file`);
  const stacks = join(folder, "stacks", target.project);
  if (["", ".gz"].some((end) => existsSync(join(stacks, `${target.stack}.json${end}`)))) return;
  const stack = `organization/${target.project}/${target.stack}`;
  const empty = JSON.stringify({ version: 3, checkpoint: { stack } });
  // A half one, which a kill would leave, could not be read any more.
  for (const [path, text] of [
    [join(folder, "meta.yaml"), "version: 1\n"],
    [join(stacks, `${target.stack}.json`), empty],
  ] as const)
    if (!existsSync(path)) writeWhole(path, text);
}

/**
 * Removes the attributes that the file backend keeps beside a state, where a kill has cut them short: with such ones the engine cannot read the
 * state ("failed to load checkpoint: EOF"), with none it can.
 */
export function mendAttributes(target: Pick<Target, "backend" | "project" | "stack">): void {
  const folder = backendFolder(target);
  if (!folder) return;
  for (const end of ["", ".gz"]) {
    const file = join(folder, "stacks", target.project, `${target.stack}.json${end}.attrs`);
    try {
      JSON.parse(readFileSync(file, "utf8"));
    } catch {
      rmSync(file, { force: true });
    }
  }
}

/** The newest entry of the stack's history. */
export function lastUpdate(target: Target): UpdateRecord | undefined {
  const folder = backendFolder(target);
  const history = folder && join(folder, "history", target.project, target.stack);
  if (!history || !existsSync(history)) return undefined;
  const newest = readdirSync(history)
    .filter((name) => name.endsWith(".history.json"))
    .sort()
    .at(-1);
  if (!newest) return undefined;
  const entry = JSON.parse(readFileSync(join(history, newest), "utf8")) as {
    kind: string;
    result: string;
    startTime: number;
    endTime: number;
    resourceChanges?: Record<string, number>;
  };
  return {
    kind: entry.kind,
    result: entry.result,
    startedAt: new Date(entry.startTime * 1000).toISOString(),
    endedAt: new Date(entry.endTime * 1000).toISOString(),
    changes: entry.resourceChanges ?? {},
  };
}

/** Resources that exist now: without those that wait for their deletion. */
export function liveResources(deployment: Deployment | undefined): ResourceState[] {
  return (deployment?.resources ?? []).filter((resource) => !resource.delete);
}

/** The stack's outputs, secrets taken out. */
export function stackOutputs(deployment: Deployment | undefined): Record<string, unknown> {
  const stack = liveResources(deployment).find((resource) => resource.type === "pulumi:pulumi:Stack");
  return withoutSecrets(stack?.outputs ?? {}) as Record<string, unknown>;
}

/** A copy in which secrets are a word. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner)]));
}

/** The last part of a URN: the name the program gave. */
export function nameOfUrn(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
