import type { ExecResult } from "../../clients/ssh/exec.ts";
import { UserError } from "../../domain/errors.ts";
import type { OperationOptions } from "../progress.ts";
import { hookScript, PAUSE_SECONDS, packRoot, pauseTraining, startTraining, USED_ROOT } from "./node-scripts.ts";
import type { NodeStack } from "./node-stack.ts";

export interface DrainOptions {
  operation: string;
  hook?: string;
  hookMinutes: number;
  requireHook: boolean;
}

/** What the drain found. */
export interface Drained {
  warnings: string[];
  usedRootGiB: number | null;
}

/** Milliseconds for a walk over all files of the root disk, where nothing quicker says what they take. */
const WALK_MS = 300_000;

/** Milliseconds for packing and unpacking folders of any size. */
const PACK_MS = 4 * 3600 * 1000;

/** GiB in use on the root disk; null where the node does not say so. */
export async function usedRootGiB(stack: NodeStack): Promise<number | null> {
  if (!stack.ssh) return null;
  try {
    const { code, stdout } = await stack.ssh((ssh) => ssh.exec(USED_ROOT, { timeoutMs: WALK_MS }));
    const gib = Number(stdout.trim());
    return code === 0 && gib > 0 ? gib : null;
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    return null;
  }
}

/**
 * Makes the node ready to be powered off: the training job is ended, the user's hook has run, everything is on the disks. What fails is a
 * warning, unless the hook is required: then the job goes on and the error is thrown.
 */
export async function drain(
  stack: NodeStack,
  options: DrainOptions,
  { onEvent, signal }: OperationOptions,
): Promise<Drained> {
  const warnings: string[] = [];
  if (!stack.ssh) return { warnings, usedRootGiB: null };
  const { mountPoint } = stack.config;
  const bounds = (ms: number) => ({ timeoutMs: ms, ...(signal ? { signal } : {}) });
  try {
    return await stack.ssh(async (ssh) => {
      onEvent?.({ kind: "phase", text: "pausing the training job" });
      const paused = await ssh.exec(pauseTraining(mountPoint), bounds(PAUSE_SECONDS * 1000 + 60_000));
      if (paused.code !== 0) warnings.push(`the training job did not end within ${PAUSE_SECONDS / 60} min of TERM`);
      if (options.hook !== undefined) {
        onEvent?.({ kind: "phase", text: `running the stop hook (at most ${options.hookMinutes} min)` });
        const seconds = options.hookMinutes * 60;
        const script = hookScript(options.hook, seconds, options.operation);
        const ended = await ssh.exec(script, bounds(seconds * 1000 + 30_000)).catch(hung);
        const problem = hookProblem(ended, options.hookMinutes);
        if (problem && options.requireHook) {
          await ssh.exec(startTraining(mountPoint), bounds(120_000));
          throw hookFailed(stack, problem);
        }
        if (problem) warnings.push(problem);
      }
      await ssh.exec("sync", bounds(600_000));
      const { stdout } = await ssh.exec(USED_ROOT, bounds(WALK_MS));
      return { warnings, usedRootGiB: Number(stdout.trim()) || null };
    });
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    if (options.hook !== undefined && options.requireHook)
      throw hookFailed(stack, "the node cannot be reached over ssh");
    const reason = (error as Error).message;
    return { warnings: [...warnings, `the node was not drained: ${reason}`], usedRootGiB: null };
  }
}

/** Keeps the folders of the root disk on the volume. Throws `StopFailed` unless the archive is there and whole. */
export async function archiveRoot(stack: NodeStack, operation: string, { onEvent, signal }: OperationOptions) {
  const { keepPaths, mountPoint } = stack.config;
  if (!stack.ssh) return;
  onEvent?.({ kind: "phase", text: `keeping ${keepPaths.join(", ")} on the volume` });
  const bounds = { timeoutMs: PACK_MS, ...(signal ? { signal } : {}) };
  const { code, stderr } = await stack.ssh((ssh) => ssh.exec(packRoot(mountPoint, operation, keepPaths), bounds));
  if (code === 0) return;
  throw new UserError("StopFailed", {
    node: stack.owner.node,
    reason: `the folders to keep could not be archived: ${stderr.trim().split("\n").at(-1) ?? `code ${code}`}; ${stack.owner.node} runs on, and nothing of it is lost`,
    suggestion:
      code === 3
        ? "make room on the volume, raise windlass:volumeSizeGiB, or stop with --strategy snapshot"
        : "mend that and run it again, or stop with --strategy snapshot",
  });
}

function hookProblem({ code, stderr }: Pick<ExecResult, "code" | "stderr">, minutes: number): string | undefined {
  if (code === 0) return undefined;
  if (code === 124 || code === 137) return `the stop hook did not end within ${minutes} min`;
  const said = stderr.trim().split("\n").at(-1);
  return `the stop hook ended with code ${code ?? "unknown"}${said ? `: ${said}` : ""}`;
}

/** Something that the hook left behind holds the connection open. */
function hung(error: unknown): Pick<ExecResult, "code" | "stderr"> {
  if (error instanceof UserError && error.code === "CommandFailed") return { code: 124, stderr: "" };
  throw error;
}

function hookFailed({ owner }: NodeStack, problem: string): UserError {
  return new UserError("StopFailed", {
    node: owner.node,
    reason: `${problem}, and it is required: ${owner.node} was not stopped`,
    suggestion: "mend the hook and run it again, or stop without --require-hook",
  });
}

/** No connection, or one that broke. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof UserError && error.code === "SSHConnectionFailed";
}
