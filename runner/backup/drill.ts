import { restoredPath } from "../../domain/backup.ts";
import { UserError } from "../../domain/errors.ts";
import { stackTag } from "../../domain/tags.ts";
import { down } from "../down.ts";
import type { Plan } from "../preview.ts";
import type { OperationOptions } from "../progress.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";
import { up } from "../up.ts";
import { withNode } from "./backup.ts";
import { type BackupStack, openBackupStack } from "./context.ts";
import { makeScratch, removeScratch, type Scratch } from "./drill-stack.ts";
import { existingFiles } from "./node-files.ts";
import { restoreFiles } from "./restore.ts";
import { openStorage, readBackup } from "./storage.ts";

export interface DrillOptions extends TargetOptions, OperationOptions {
  /** Name of the backup. @default the newest */
  backup?: string;
  /** From the second bucket. */
  fromCopy?: boolean;
  /** Shown what is going to be made, with its cost, before anything is; answer false to leave it. */
  confirm?: (plan: DrillPlan) => Promise<boolean>;
}

/** What a drill is going to make, and to remove. */
export type DrillPlan = Plan;

/** What a drill found. */
export interface DrillResult {
  /** Every file is on the new node with the checksum of the manifest, and nothing that the drill made is left. */
  ok: boolean;
  /** The scratch stack, which is gone by now. */
  stack: string;
  backup: string;
  from: { bucket: string; endpoint: string };
  files: number;
  bytes: number;
  /** Files that are not there, or have another checksum. */
  different: string[];
  /** What could not be removed. */
  leftovers: string[];
  seconds: { up: number; restore: number; compare: number; remove: number };
}

/**
 * Rebuilds the node from a backup alone: a scratch stack `<stack>-drill` of the same config, with a machine, a volume and a network of its own, is
 * raised, the files are restored and their checksums compared with the manifest; then all of it is removed, also after a failure. The stack
 * itself is only read. Throws as `up` and `restoreFiles` do.
 */
export async function drill(options: DrillOptions = {}): Promise<DrillResult> {
  const target = resolveTarget(options);
  const stack = await openBackupStack(options);
  const found = await backupOf(stack, options);
  const scratch = makeScratch(target, stack.config);
  const { signal, onEvent } = options;
  const session = { ...scratch.options, ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) };
  const timer = stopwatch();
  const seconds = { up: 0, restore: 0, compare: 0, remove: 0 };
  let result: DrillResult | undefined;
  let failure: { error: unknown } | undefined;
  try {
    await up({ ...session, ...(options.confirm ? { confirm: options.confirm } : {}) });
    seconds.up = timer();
    const rebuilt = await openBackupStack(session);
    const which = { source: stack.owner, backup: found.manifest.id, fromCopy: options.fromCopy ?? false };
    await restoreFiles(rebuilt, { ...session, ...which });
    seconds.restore = timer();
    const different = await compare(rebuilt, found.manifest, options);
    seconds.compare = timer();
    const { files, bytes, id } = found.manifest;
    const counted = { backup: id, from: found.from, files: files.length, bytes, different, leftovers: [] };
    result = { ok: different.length === 0, stack: scratch.options.stack, ...counted, seconds };
  } catch (error) {
    failure = { error };
  }
  const leftovers = await remove(scratch, stack, options).catch((error: unknown) => {
    throw notRemoved(scratch, failure?.error ?? error, error);
  });
  seconds.remove = timer();
  if (failure) throw failure.error;
  return { ...(result as DrillResult), ok: (result as DrillResult).ok && leftovers.length === 0, leftovers };
}

async function backupOf(stack: BackupStack, { backup, fromCopy = false, signal }: DrillOptions) {
  const bucket = await openStorage(stack.config, { copy: fromCopy, ...(signal ? { signal } : {}) });
  try {
    await bucket.check();
    return { manifest: await readBackup(bucket, stack.owner, backup), from: bucket.address };
  } finally {
    bucket.close();
  }
}

/** Reads every file on the node again and answers with those that are not as the manifest says. */
async function compare(
  rebuilt: BackupStack,
  manifest: Awaited<ReturnType<typeof readBackup>>,
  { signal, onEvent }: OperationOptions,
): Promise<string[]> {
  onEvent?.({ kind: "phase", text: `comparing ${manifest.files.length} files with the manifest` });
  const { mountPoint } = rebuilt.config;
  const expected = manifest.files.map((file) => ({
    ...file,
    target: restoredPath(file.path, manifest, { mountPoint }),
  }));
  const paths = expected.map(({ target }) => target);
  const there = await withNode(rebuilt, (ssh) => existingFiles(ssh, paths, signal));
  const digests = new Map(there.map(({ path, sha256 }) => [path, sha256]));
  return expected.filter(({ target, sha256 }) => digests.get(target) !== sha256).map(({ target }) => target);
}

/** Without the drill's signal: what was made must go, also after Ctrl-C. Answers with what is there all the same. */
async function remove(scratch: Scratch, { cloud }: BackupStack, { onEvent }: OperationOptions): Promise<string[]> {
  onEvent?.({ kind: "phase", text: "removing what the drill made" });
  const session = { ...scratch.options, ...(onEvent ? { onEvent } : {}) };
  const { kept } = await down({ ...session, dryRun: true });
  await down({ ...session, removeVolumes: kept.map(({ name }) => name) });
  await removeScratch(scratch);
  const tag = stackTag(scratch.options.stack);
  const [droplets, volumes] = await Promise.all([cloud.droplets({ tag }), cloud.volumes()]);
  const left = volumes.filter(({ tags }) => tags?.includes(tag));
  return [...droplets.map(({ id }) => `droplet ${id}`), ...left.map(({ id }) => `volume ${id}`)];
}

function notRemoved({ options }: Scratch, first: unknown, cause: unknown): UserError {
  const reason = (error: unknown) => (error instanceof UserError ? error.details.reason : (error as Error).message);
  const also = first === cause ? "" : ` The drill itself had failed: ${reason(first)}`;
  return new UserError(
    "CommandFailed",
    {
      reason: `what the drill made could not be removed and goes on costing: ${reason(cause)}.${also}`,
      suggestion: `run: windlass down --stack ${options.stack} --cwd ${options.root} --remove-volumes`,
    },
    { exitCode: 4, cause },
  );
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const passed = performance.now() - last;
    last += passed;
    return Math.round(passed / 100) / 10;
  };
}
