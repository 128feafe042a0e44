import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../domain/errors.ts";
import { failureLine } from "../domain/failure-line.ts";
import { loadConfig } from "./config.ts";
import type { Source } from "./config-source.ts";
import { type TrainingOutputs, trainingStack } from "./training.ts";

/**
 * What `pulumi up` runs: the config of the selected stack, checked, and the stack that it describes. Problems that the user can mend come
 * without a stack trace.
 */
export async function program(): Promise<TrainingOutputs> {
  const context = { stack: pulumi.getStack(), root: process.cwd(), home: process.env.WINDLASS_HOME ?? ".windlass" };
  try {
    return await trainingStack(loadConfig(configValues(), sourceOf(context), context), context);
  } catch (error) {
    if (error instanceof UserError) throw new pulumi.RunError(`${error.code}: ${error.message}\n${failureLine(error)}`);
    throw error;
  }
}

function configValues(): Record<string, string> {
  const all = pulumi.runtime.allConfig();
  return Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith("windlass:")));
}

/** The stack's file gives problems their lines; values may come from elsewhere too. */
function sourceOf(context: { stack: string; root: string }): Source | undefined {
  const file = `Pulumi.${context.stack}.yaml`;
  const path = join(context.root, file);
  return existsSync(path) ? { file, text: readFileSync(path, "utf8") } : undefined;
}
