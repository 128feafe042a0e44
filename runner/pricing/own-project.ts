import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { readStackFile } from "../../stacks/config-source.ts";
import { OWN_ROOT } from "../own-root.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";

/** Folder of the project that options name. */
export function rootOf({ root }: TargetOptions): string {
  return resolve(root ?? OWN_ROOT);
}

/** Ours is a project whose stack has settings of ours. */
export function ownProject(options: TargetOptions): boolean {
  const root = rootOf(options);
  if (root === OWN_ROOT) return true;
  const { stack } = options;
  const name = stack ?? (existsSync(join(root, "Pulumi.yaml")) ? selected(root) : undefined);
  if (name === undefined || !existsSync(join(root, `Pulumi.${name}.yaml`))) return false;
  return Object.keys(readStackFile(root, name).values).length > 0;
}

/** The stack that Windlass would take; undefined where it cannot make one out. */
function selected(root: string): string | undefined {
  try {
    return resolveTarget({ root }).stack;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
