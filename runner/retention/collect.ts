import type { Volume } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { planRetention, type RetentionItem } from "../../domain/retention.ts";
import { isOwned } from "../../domain/tags.ts";
import { usd } from "../../domain/units.ts";
import { nodeLease, withLease } from "../lifecycle/lease.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";
import type { OperationOptions } from "../progress.ts";
import { archiveName, deleteArchivedVolume, detachments, ensureArchive, orGone } from "./archive.ts";
import { takeInventory } from "./inventory.ts";

export interface CollectOptions extends OperationOptions {
  /** Carries it out; without it nothing is changed. */
  fix?: boolean;
  /** Asked before anything is done, with what would be done. */
  confirm?: (planned: CollectResult) => Promise<boolean>;
  /** Takes the lease of somebody who is gone. */
  breakLease?: boolean;
}

export interface CollectResult {
  stack: string;
  /** Whether it was carried out. */
  fixed: boolean;
  /** Volumes to archive and delete, snapshots to delete. `archive` is the id of the snapshot that was taken. */
  items: (RetentionItem & { archive?: string })[];
  /** What stays, and why. */
  kept: RetentionItem[];
  /** US dollars. */
  monthlySavedUsd: number;
}

/**
 * Retention: volumes that hang on nothing are archived in a snapshot and deleted after a while, old snapshots are deleted; never what a state
 * or a stopped node needs, nor anything without the stack's tags. Idle nodes are the watcher's business. May be repeated after a kill.
 * Throws `RecoveryNeeded` where an update was killed, and `StackLocked` while somebody else works on the node.
 */
export async function collect(stack: NodeStack, options: CollectOptions = {}): Promise<CollectResult> {
  const planned = result(stack, await plan(stack), false);
  if (!options.fix || planned.items.length === 0) return planned;
  if (options.confirm && !(await options.confirm(planned))) return planned;
  return withLease(stack, { ...options, name: nodeLease(stack.owner) }, async (signal) => {
    // Looked at anew: whoever held the lease before may have changed it. Nothing goes that was not shown.
    const judged = await plan(stack);
    const shown = new Set(planned.items.map(({ kind, id }) => `${kind} ${id}`));
    const items = judged.items.filter(({ act, kind, id }) => act === "keep" || shown.has(`${kind} ${id}`));
    const done = result(stack, { ...judged, items }, true);
    for (const item of done.items) {
      signal.throwIfAborted();
      const archive = await carryOut(stack, item, judged);
      if (archive) item.archive = archive;
      const deed = archive ? `archived in snapshot ${archive} and deleted` : "deleted";
      options.onEvent?.({ kind: "note", level: "info", text: `${item.kind} ${item.name} (${item.id}) ${deed}` });
    }
    return done;
  });
}

interface Judged {
  items: RetentionItem[];
  volumes: Volume[];
  detachedAt: Map<string, number>;
}

async function plan(stack: NodeStack): Promise<Judged> {
  const { cloud, owner, config } = stack;
  const inventory = await takeInventory(stack);
  if (inventory.pending > 0) {
    throw new UserError("RecoveryNeeded", {
      reason: `an update of stack ${owner.stack} was killed, so it is not known what it had made`,
      suggestion: `run: windlass recover --stack ${owner.stack}`,
    });
  }
  const free = inventory.volumes.filter(
    ({ id, tags, droplet_ids }) => isOwned(tags, owner) && !droplet_ids?.length && !inventory.declared.has(id),
  );
  const detachedAt = await detachments(cloud, free);
  const items = planRetention({
    ...inventory,
    ...{ owner, node: owner.node, volumeName: config.volumeName, rules: config },
    now: await stack.clock.now(),
    detachedAt,
  });
  return { items, volumes: inventory.volumes, detachedAt };
}

async function carryOut(
  { cloud, owner }: NodeStack,
  item: RetentionItem,
  { volumes, detachedAt }: Judged,
): Promise<string | undefined> {
  if (item.kind === "snapshot") {
    await orGone(cloud.deleteSnapshot(item.id));
    return undefined;
  }
  const volume = volumes.find(({ id }) => id === item.id);
  const since = detachedAt.get(item.id);
  if (!volume || since === undefined) return undefined;
  // Named after the detachment, so that a second run finds the first one's.
  const archive = await ensureArchive(cloud, owner, volume, archiveName(volume.name, since.toString(36)), since);
  await deleteArchivedVolume(cloud, owner, volume, archive.id);
  return archive.id;
}

function result({ owner }: NodeStack, { items }: Judged, fixed: boolean): CollectResult {
  const acts = items.filter(({ act }) => act !== "keep");
  return {
    ...{ stack: owner.stack, fixed, items: acts, kept: items.filter(({ act }) => act === "keep") },
    monthlySavedUsd: usd(acts.reduce((sum, { monthlySavedUsd }) => sum + monthlySavedUsd, 0)),
  };
}
