import type { Volume } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { operationId } from "../../domain/node-marker.ts";
import { planSweep, type SweepItem } from "../../domain/sweep.ts";
import { usd } from "../../domain/units.ts";
import { nodeLease, withLease } from "../lifecycle/lease.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";
import type { OperationOptions } from "../progress.ts";
import { archiveName, deleteArchivedVolume, detachments, ensureArchive, orGone } from "./archive.ts";
import { type Inventory, takeInventory } from "./inventory.ts";

export interface SweepOptions extends OperationOptions {
  /** Deletes the orphans; without it nothing is changed. */
  fix?: boolean;
  /** Deletes them though the state is empty here: right after `windlass down`, wrong where the state is kept on another machine. */
  emptyState?: boolean;
  /** Asked before the deletion, with what was found. */
  confirm?: (report: SweepReport) => Promise<boolean>;
  /** Takes the lease of somebody who is gone. */
  breakLease?: boolean;
}

export interface SweepReport {
  stack: string;
  /** Everything that is billed for this stack, and for others of its project. */
  items: SweepItem[];
  orphans: SweepItem[];
  /** US dollars a day of the orphans, of known price. */
  orphansDailyUsd: number;
  /** Orphans that were deleted; `archive` is the snapshot that was taken of a volume before. */
  deleted: { kind: SweepItem["kind"]; id: string; name: string; archive?: string }[];
}

/** Milliseconds of the cloud's time that a destroyed droplet's volumes may take to come free. */
const DETACH_MS = 120_000;

/**
 * Looks for what is billed and neither declared, nor under way, nor needed by a stopped node. With `fix` it is deleted: droplets first, then
 * volumes, each after a verified snapshot of it, then snapshots. Throws `RecoveryNeeded` where an update was killed (what it made is no orphan)
 * and `StackLocked` while somebody works on the node.
 */
export async function sweep(stack: NodeStack, options: SweepOptions = {}): Promise<SweepReport> {
  const { report, inventory } = await look(stack);
  if (!options.fix || report.orphans.length === 0) return report;
  refuseUncertain(stack, inventory, options);
  if (options.confirm && !(await options.confirm(report))) return report;
  return withLease(stack, { ...options, name: nodeLease(stack.owner) }, async (signal) => {
    // Looked at anew: whoever held the lease before may have changed it. Nothing goes that was not shown.
    const now = await look(stack);
    refuseUncertain(stack, now.inventory, options);
    const shown = new Set(report.orphans.map(({ kind, id }) => `${kind} ${id}`));
    const orphans = now.report.orphans.filter(({ kind, id }) => shown.has(`${kind} ${id}`));
    for (const orphan of orphans) {
      signal.throwIfAborted();
      const archive = await remove(stack, orphan, now.inventory);
      const { kind, id, name } = orphan;
      now.report.deleted.push({ kind, id, name, ...(archive ? { archive } : {}) });
      options.onEvent?.({ kind: "note", level: "info", text: `deleted ${kind} ${name} (${id})` });
    }
    return now.report;
  });
}

async function look(stack: NodeStack): Promise<{ report: SweepReport; inventory: Inventory }> {
  const { owner, config, cloud } = stack;
  const inventory = await takeInventory(stack);
  const prices = new Map((await cloud.sizes()).map(({ slug, price_hourly }) => [slug, price_hourly]));
  const items = planSweep({ ...inventory, owner, node: owner.node, volumeName: config.volumeName, prices });
  const orphans = items.filter(({ standing }) => standing === "orphan");
  const orphansDailyUsd = usd(orphans.reduce((sum, { dailyUsd }) => sum + (dailyUsd ?? 0), 0));
  return { report: { stack: owner.stack, items, orphans, orphansDailyUsd, deleted: [] }, inventory };
}

function refuseUncertain({ owner }: NodeStack, { pending, declared }: Inventory, options: SweepOptions): void {
  if (pending > 0) {
    throw new UserError("RecoveryNeeded", {
      reason: `an update of stack ${owner.stack} was killed, so it is not known what it had made`,
      suggestion: `run: windlass recover --stack ${owner.stack}`,
    });
  }
  if (declared.size > 0 || options.emptyState) return;
  throw new UserError("PrecheckFailed", {
    reason: `stack ${owner.stack} has an empty state here, so everything of it looks like an orphan`,
    suggestion: "if its state is kept elsewhere, sweep there; if the stack is down, give --empty-state",
  });
}

/** Answers with the archive's id where there is one. */
async function remove(stack: NodeStack, { kind, id }: SweepItem, inventory: Inventory): Promise<string | undefined> {
  const { cloud } = stack;
  if (kind === "droplet") await orGone(cloud.deleteDroplet(Number(id)));
  else if (kind === "snapshot") await orGone(cloud.deleteSnapshot(id));
  else if (kind === "volume")
    return removeVolume(
      stack,
      inventory.volumes.find((volume) => volume.id === id),
    );
  return undefined;
}

/** A volume goes only after a verified snapshot of it. */
async function removeVolume(stack: NodeStack, listed: Volume | undefined): Promise<string | undefined> {
  const volume = listed && (await whenDetached(stack, listed.id));
  if (!volume) return undefined;
  const { cloud, owner, clock } = stack;
  const since = (await detachments(cloud, [volume])).get(volume.id);
  const now = await clock.now();
  // Where it is not known since when it lies there, an older snapshot is not relied on.
  const operation = since?.toString(36) ?? operationId(now, Math.random());
  const archive = await ensureArchive(cloud, owner, volume, archiveName(volume.name, operation), since);
  await deleteArchivedVolume(cloud, owner, volume, archive.id);
  return archive.id;
}

/** The volume once it hangs on nothing; one that stays attached is refused by the archive. */
async function whenDetached({ cloud, clock }: NodeStack, id: string): Promise<Volume | undefined> {
  const deadline = (await clock.now()) + DETACH_MS;
  for (;;) {
    const volume = await orGone(cloud.volume(id));
    if (!volume?.droplet_ids?.length || (await clock.now()) >= deadline) return volume;
    await clock.sleep(2000);
  }
}
