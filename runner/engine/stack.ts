import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { readCheckpoint } from "../checkpoint.ts";
import { engineEnvironment } from "../engine.ts";
import { endOperation, startOperation } from "../operations.ts";
import type { OperationOptions } from "../progress.ts";
import { isSelected, type Target } from "../target.ts";
import { EngineExit, pulumiCommand } from "./command.ts";
import { type EngineReport, eventTracker } from "./events.ts";
import { explainFailure } from "./failure.ts";

/** The stack opened for one operation. */
export interface OpenStack {
  stack: Stack;
  target: Target;
  /** What the engine prints. */
  logFile: string;
  options: OperationOptions;
}

/** Opens the stack through the Automation API, on the project's own program; makes it when it does not exist and `create` is set. */
export async function openStack(
  target: Target,
  kind: string,
  options: OperationOptions,
  { create = false } = {},
): Promise<OpenStack> {
  const logFile = join(
    target.home,
    "log",
    `${new Date().toISOString().replaceAll(/[:.]/g, "")}-${kind}-${target.stack}.log`,
  );
  const command = await pulumiCommand(target.root, {
    logFile,
    onStart: (pid) => startOperation(target, kind, pid),
    ...(options.killSignal ? { killSignal: options.killSignal } : {}),
  });
  const workspace = await LocalWorkspace.create({
    workDir: target.root,
    pulumiCommand: command,
    envVars: { ...engineEnvironment(target), NODE_COMPILE_CACHE: join(target.home, "compile-cache") },
  });
  const select = workspace.selectStack.bind(workspace);
  workspace.selectStack = async (name) => {
    if (isSelected(target) && exists(target)) return;
    await select(name).catch(async (error: unknown) => {
      if (!create || !(error instanceof EngineExit) || !/no stack named/.test(error.stderr)) throw error;
      await workspace.createStack(name);
    });
  };
  const { Stack } = await import("@pulumi/pulumi/automation/index.js");
  return { stack: await Stack.select(target.stack, workspace), target, logFile, options };
}

function exists(target: Target): boolean {
  return !target.backend.startsWith("file://") || readCheckpoint(target) !== undefined;
}

export type EngineOperation = "preview" | "up" | "refresh" | "destroy" | "preview-refresh" | "preview-destroy";

export interface EngineArguments {
  excludeProtected?: boolean;
  /** Shown in the stack's history. */
  message?: string;
}

/** Runs one operation of the engine to its end; failures are thrown as the `UserError` that fits. */
export async function runEngine(
  open: OpenStack,
  operation: EngineOperation,
  args: EngineArguments = {},
): Promise<EngineReport> {
  const { stack, target, options } = open;
  const tracker = eventTracker(options.onEvent ?? (() => {}), () => performance.now() / 1000);
  const common = {
    onEvent: tracker.handle,
    color: "never" as const,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(args.message ? { message: args.message } : {}),
  };
  const keepFile = stackFileKeeper(target);
  try {
    if (operation === "up") await stack.up(common);
    else if (operation === "preview") await stack.preview(common);
    else if (operation === "refresh") await stack.refresh(common);
    else if (operation === "preview-refresh") await stack.previewRefresh(common);
    else if (operation === "destroy") await stack.destroy({ ...common, ...args });
    else await stack.previewDestroy({ ...common, ...args });
  } catch (error) {
    if (error instanceof EngineExit) throw await explainFailure(error, tracker.report(), open);
    throw error;
  } finally {
    endOperation(target);
    keepFile();
  }
  return tracker.report();
}

/**
 * On the local way, takes out the salt of the passphrase that Pulumi writes into a stack file without one: the passphrase is
 * this machine's own, the file is everybody's, and the state carries its own salt.
 */
function stackFileKeeper(target: Target): () => void {
  const { file, text } = target.config.source;
  const path = join(target.root, file);
  if (target.cloud !== "local" || text === "" || /^encryptionsalt:/m.test(text)) return () => {};
  return () => {
    const now = existsSync(path) ? readFileSync(path, "utf8") : "";
    const without = now.replace(/^encryptionsalt: .*\n/m, "");
    if (now !== without && !/^\s+secure: /m.test(without)) writeFileSync(path, without);
  };
}
