import type { Changes, Step } from "./engine/events.ts";
import { openStack, runEngine } from "./engine/stack.ts";
import { prepare } from "./prepare.ts";
import type { OperationOptions } from "./progress.ts";
import type { TargetOptions } from "./target.ts";

export interface RefreshResult {
  stack: string;
  changes: Changes;
  /** What was changed outside of Pulumi. */
  drift: DriftedResource[];
}

export interface DriftedResource {
  urn: string;
  type: string;
  name: string;
  /** `update`: its settings differ; `delete`: it is gone. */
  change: "update" | "delete";
  changed?: string[];
}

/**
 * Compares the state with the cloud. The findings go into the state, so that the next `up` puts things right; with `dryRun` the state
 * stays as it is.
 */
export async function refresh(
  options: TargetOptions & OperationOptions & { dryRun?: boolean } = {},
): Promise<RefreshResult> {
  const { target } = await prepare(options);
  const open = await openStack(target, "refresh", options);
  const report = await runEngine(open, options.dryRun ? "preview-refresh" : "refresh");
  return { stack: target.stack, changes: report.changes, drift: report.steps.flatMap(drifted) };
}

function drifted({ action, urn, type, name, changed }: Step): DriftedResource[] {
  if (action !== "update" && action !== "delete") return [];
  return [{ urn, type, name, change: action, ...(changed ? { changed } : {}) }];
}
