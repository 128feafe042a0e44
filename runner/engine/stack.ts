import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EngineEvent, LocalWorkspace, type PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import { readStackFile } from "../../stacks/config-source.ts";
import { initCheckpoint, mendAttributes, readCheckpoint } from "../checkpoint.ts";
import { accountToken, engineEnvironment } from "../engine.ts";
import { endOperation, startOperation } from "../operations.ts";
import type { OnEvent, OperationOptions } from "../progress.ts";
import { isSelected, type Target } from "../target.ts";
import { EngineExit, pulumiCommand } from "./command.ts";
import { type EngineReport, eventTracker, isRefusedByPolicy } from "./events.ts";
import { explainFailure } from "./failure.ts";

/** The stack opened for one operation. */
export interface OpenStack {
  stack: Stack;
  target: Target;
  /** What the engine prints. */
  logFile: string;
  options: OperationOptions;
}

export interface OpenOptions {
  /** Makes the stack when it does not exist. */
  create?: boolean;
  /** Runs in this process in place of the project's own program. */
  program?: PulumiFn;
  /** Makes it the stack that commands without a name are about. @default true */
  select?: boolean;
  /** Of the engine, beside what `engineEnvironment` says. */
  environment?: Record<string, string>;
}

/** Opens the stack through the Automation API. */
export async function openStack(
  target: Target,
  kind: string,
  options: OperationOptions,
  { create = false, program, select: isSelecting = true, environment = {} }: OpenOptions = {},
): Promise<OpenStack> {
  const logFile = join(
    target.home,
    "log",
    `${new Date().toISOString().replaceAll(/[:.]/g, "")}-${kind}-${target.stack}.log`,
  );
  pruneLogs(join(target.home, "log"));
  mendAttributes(target);
  const command = await pulumiCommand(target.root, {
    home: target.home,
    logFile,
    onStart: () => startOperation(target, kind),
    ...(options.killSignal ? { killSignal: options.killSignal } : {}),
  });
  const workspace = await LocalWorkspace.create({
    workDir: target.root,
    pulumiCommand: command,
    ...(program ? { program } : {}),
    envVars: {
      ...engineEnvironment(target),
      ...token(target),
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(target.home, "compile-cache"),
      ...environment,
    },
  });
  const select = workspace.selectStack.bind(workspace);
  const make = (name: string) =>
    workspace.createStack(name).catch(async (failure: unknown) => {
      // A runner that was killed left an engine behind, which has made it meanwhile.
      if (!(failure instanceof EngineExit) || !/already exists/.test(failure.stderr)) throw failure;
      await select(name);
    });
  workspace.selectStack = async (name) => {
    if (!isSelecting) return create ? initCheckpoint(target) : undefined;
    if (!exists(target) && create) return make(name);
    if (exists(target) && isSelected(target)) return;
    await select(name).catch(async (error: unknown) => {
      if (!create || !(error instanceof EngineExit) || !/no stack named/.test(error.stderr)) throw error;
      await make(name);
    });
  };
  return { stack: await Stack.select(target.stack, workspace), target, logFile, options };
}

/** How many logs of operations are kept. */
const KEPT_LOGS = 50;

function pruneLogs(folder: string): void {
  const logs = existsSync(folder) ? readdirSync(folder).sort() : [];
  for (const name of logs.slice(0, Math.max(0, logs.length - KEPT_LOGS))) rmSync(join(folder, name), { force: true });
}

/** The provider does not know all names that a token may be under. */
function token(target: Target): Record<string, string> {
  const found = accountToken(target.cloud, target.home);
  return found ? { DIGITALOCEAN_TOKEN: found } : {};
}

function exists(target: Target): boolean {
  return !target.backend.startsWith("file://") || readCheckpoint(target) !== undefined;
}

export type EngineOperation = "preview" | "up" | "refresh" | "destroy" | "preview-refresh" | "preview-destroy";

export interface EngineArguments {
  excludeProtected?: boolean;
  /** Looks at every resource in the cloud first. */
  refresh?: boolean;
  /** Shown in the stack's history. */
  message?: string;
  /** Folders of policy packs that judge it, and a file with the settings of each. */
  policyPacks?: string[];
  policyPackConfigs?: string[];
  /** File that a preview writes its plan to, and that an update then keeps to. */
  plan?: string;
}

/**
 * Runs one operation of the engine to its end; failures are thrown as the `UserError` that fits. What policy packs refuse is no failure here:
 * it is in the report.
 */
export async function runEngine(
  open: OpenStack,
  operation: EngineOperation,
  args: EngineArguments = {},
): Promise<EngineReport> {
  const { stack, target, options } = open;
  const onEvent: OnEvent = (event) => {
    // A preview makes nothing: its steps are in the report, and would read as if they were done.
    if (event.kind !== "resource" || !operation.startsWith("preview")) options.onEvent?.(event);
  };
  const tracker = eventTracker(onEvent, () => performance.now() / 1000);
  const keepFile = stackFileKeeper(target);
  const common = {
    onEvent: (event: EngineEvent) => {
      if (event.preludeEvent) keepFile();
      tracker.handle(event);
    },
    color: "never" as const,
    ...(options.signal ? { signal: options.signal } : {}),
    ...args,
  };
  try {
    if (operation === "up") await stack.up(common);
    else if (operation === "preview") await stack.preview(common);
    else if (operation === "refresh") await stack.refresh(common);
    else if (operation === "preview-refresh") await stack.previewRefresh(common);
    else if (operation === "destroy") await stack.destroy(common);
    else await stack.previewDestroy(common);
  } catch (error) {
    if (!(error instanceof EngineExit)) throw error;
    const report = tracker.report();
    if (options.signal?.aborted || !isRefusedByPolicy(report)) throw await explainFailure(error, report, open);
  } finally {
    endOperation(target);
    keepFile();
  }
  return tracker.report();
}

/**
 * On the local way, undoes what Pulumi does to a stack file that has no salt for a passphrase: it writes one, and the whole file anew. The
 * passphrase is this machine's own, the file is everybody's, and the state carries its own salt. Called as soon as the engine runs, so that
 * an edit made during a long update is not touched.
 */
function stackFileKeeper(target: Target): () => void {
  const { file, text } = target.config.source;
  if (target.cloud !== "local" || /^encryptionsalt:/m.test(text)) return () => {};
  return () => {
    const now = readStackFile(target.root, target.stack);
    if (!/^encryptionsalt:/m.test(now.source.text) || now.secrets.length > 0) return;
    if (JSON.stringify(now.values) === JSON.stringify(target.config.values))
      writeFileSync(join(target.root, file), text);
  };
}
