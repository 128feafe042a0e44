import { type Deployment, readCheckpoint } from "./checkpoint.ts";
import { openCloud } from "./cloud.ts";
import type { Changes } from "./engine/events.ts";
import { openStack, runEngine } from "./engine/stack.ts";
import { orphanedEngine, refuseLiveLocks, removeLock, type StackLock, stackLocks } from "./locks.ts";
import { endOperation, readOperation } from "./operations.ts";
import { stopOrphan } from "./orphan.ts";
import type { OperationOptions } from "./progress.ts";
import { type CloudObjects, planRecovery, type RecoveryPlan, recoveredDeployment } from "./recovery/plan.ts";
import { resolveTarget, type Target, type TargetOptions } from "./target.ts";

export interface RecoverOptions extends TargetOptions, OperationOptions {
  dryRun?: boolean;
  /** Also removes locks made on another machine, and those of shared backends; only right when whoever made them is gone. */
  breakLock?: boolean;
}

export interface RecoverResult {
  stack: string;
  /** Whether there was anything to recover. */
  needed: boolean;
  /** Locks of dead processes, which are gone now. */
  locks: { pid: number; host: string; since: string }[];
  adopted: { urn: string; type: string; name: string; id: string }[];
  dropped: { urn: string; type: string; name: string; operation: string; why: string }[];
  /** Droplets that had been made twice. */
  removed: { kind: string; id: number; name: string }[];
  /** What the refresh found; null when none was needed. */
  refreshed: Changes | null;
}

/**
 * Puts the state of a stack right after an update that was killed: locks of dead processes go, objects that were made and not noted are
 * found by name and tag and taken into the state, those made twice are deleted. Throws `StackLocked` while somebody else is at work.
 */
export async function recover(options: RecoverOptions = {}): Promise<RecoverResult> {
  const target = resolveTarget(options);
  if (target.cloud === "local") {
    const { installBundledPlugins, startLocalCloud } = await import("./local-cloud.ts");
    await installBundledPlugins(target.home);
    await startLocalCloud({ ...options, home: target.home });
  }
  return recoverTarget(target, options);
}

/** The same as a part of another operation: quick, and silent, when there is nothing to do. Answers whether there was. */
export async function recoverIfNeeded(
  target: Target,
  deployment: Deployment | undefined,
  options: OperationOptions,
): Promise<boolean> {
  const orphan = orphanedEngine(target) !== undefined;
  if (!orphan && stackLocks(target).length === 0 && (deployment?.pending_operations ?? []).length === 0) return false;
  await recoverTarget(target, options);
  return true;
}

async function recoverTarget(target: Target, options: RecoverOptions): Promise<RecoverResult> {
  const since = readOperation(target)?.startedAt;
  const orphan = orphanedEngine(target);
  // It may not have taken its lock yet: with it at work, the absence of locks and of pending operations says nothing.
  if (orphan !== undefined && !options.dryRun) await stopOrphan(orphan, options);
  const locks = await clearLocks(target, options);
  const deployment = await stateOf(target);
  const pending = deployment?.pending_operations ?? [];
  const result: RecoverResult = {
    stack: target.stack,
    needed: orphan !== undefined || locks.length > 0 || pending.length > 0,
    locks: locks.map(({ pid, hostname: host, since: from }) => ({ pid, host, since: from })),
    ...{ adopted: [], dropped: [], removed: [], refreshed: null },
  };
  if (!deployment || pending.length === 0) {
    if (!options.dryRun) endOperation(target);
    return result;
  }
  const updates = pending.map(({ type, resource }) => `${type} ${noun(resource.type)}`).join(", ");
  options.onEvent?.({ kind: "phase", text: `recovering stack ${target.stack}: the last update died while ${updates}` });
  const began = target.cloud === "local" ? undefined : (locks[0]?.since ?? since);
  const plan = planRecovery(deployment, await cloudObjects(target), target.stack, began);
  result.adopted = plan.adopt.map(({ urn, type, name, id }) => ({ urn, type, name, id }));
  result.dropped = plan.drop;
  result.removed = plan.remove;
  if (!options.dryRun) result.refreshed = await carryOut(target, deployment, plan, options);
  return result;
}

/** Removes locks that nobody holds. */
async function clearLocks(target: Target, options: RecoverOptions): Promise<StackLock[]> {
  const locks = stackLocks(target);
  refuseLiveLocks(
    target,
    locks.filter(({ state }) => !(options.breakLock && state === "foreign")),
  );
  if (options.dryRun) return locks;
  if (options.breakLock && !target.backend.startsWith("file://")) {
    const { stack } = await openStack(target, "recover", options);
    await stack.cancel();
  }
  for (const lock of locks) {
    removeLock(lock);
    const text = `removed the lock of ${lock.state === "foreign" ? `a process on ${lock.hostname}` : `process ${lock.pid}, which is gone`}`;
    options.onEvent?.({ kind: "note", level: "info", text: `${text} (since ${lock.since})` });
  }
  return locks;
}

async function stateOf(target: Target): Promise<Deployment | undefined> {
  if (target.backend.startsWith("file://")) return readCheckpoint(target);
  const { stack } = await openStack(target, "export", {});
  return (await stack.exportStack()).deployment as Deployment;
}

async function cloudObjects(target: Target): Promise<CloudObjects> {
  const cloud = await openCloud(target);
  const [droplets, volumes, vpcs, firewalls, sshKeys, reservedIps] = await Promise.all([
    cloud.droplets(),
    cloud.volumes(),
    cloud.vpcs(),
    cloud.firewalls(),
    cloud.sshKeys(),
    cloud.reservedIps(),
  ]);
  return { droplets, volumes, vpcs, firewalls, sshKeys, reservedIps };
}

/** `digitalocean:index/droplet:Droplet` is a "droplet". */
function noun(type: string): string {
  return (type.split(":").at(-1) ?? type).toLowerCase();
}

async function carryOut(
  target: Target,
  deployment: Deployment,
  plan: RecoveryPlan,
  options: OperationOptions,
): Promise<Changes | null> {
  const cloud = await openCloud(target);
  // Before the state is written: a second death must not lose sight of them.
  for (const { id, name } of plan.remove) {
    await cloud.deleteDroplet(id).catch((error: { status?: number }) => {
      if (error.status !== 404) throw error;
    });
    options.onEvent?.({
      kind: "note",
      level: "info",
      text: `removed droplet ${name} (${id}), which had been made twice`,
    });
  }
  const open = await openStack(target, "recover", options);
  await open.stack.importStack({ version: 3, deployment: recoveredDeployment(deployment, plan) });
  for (const { name, id, type } of plan.adopt) {
    options.onEvent?.({ kind: "note", level: "info", text: `adopted ${noun(type)} ${name} (${id})` });
  }
  endOperation(target);
  return plan.refresh ? (await runEngine(open, "refresh")).changes : null;
}
