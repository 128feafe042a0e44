import type { Volume } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { type NodeMarkers, nodePhase } from "../../domain/node-marker.ts";
import { nodeLease, withLease } from "../lifecycle/lease.ts";
import { nodeMarkers, placeMarker } from "../lifecycle/markers.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";
import type { OperationOptions } from "../progress.ts";
import { archiveName, deleteArchivedVolume, detachments, ensureArchive } from "./archive.ts";

export interface ExpireOptions extends OperationOptions {
  /** Takes the lease of somebody who is gone. */
  breakLease?: boolean;
}

export interface ExpireResult {
  stack: string;
  node: string;
  /** `already` where it had been expired before and its volume was gone. */
  outcome: "expired" | "already";
  /** Id of the volume's snapshot: all that is kept of the volume. */
  archive: string;
  /** The volume that was deleted; null where it was gone. */
  volume: { id: string; name: string; sizeGiB: number } | null;
}

/**
 * Ends what a stopped node goes on costing but for its snapshots: the volume is archived in a snapshot, declared absent, and deleted. `windlass
 * node resume` makes it again from the snapshot. Each step looks before it acts, so that after a kill a second call goes on. Throws
 * `PrecheckFailed` where the node is not stopped, or its volume is attached to something.
 */
export async function expireNode(stack: NodeStack, options: ExpireOptions = {}): Promise<ExpireResult> {
  return withLease(stack, { ...options, name: nodeLease(stack.owner) }, async (signal) => {
    const markers = await nodeMarkers(stack.cloud, stack.owner);
    refuseUnstopped(stack, markers);
    const volume = await nodeVolume(stack);
    const phase = (text: string) => {
      signal.throwIfAborted();
      options.onEvent?.({ kind: "phase", text });
    };
    phase(`archiving volume ${stack.config.volumeName} in a snapshot`);
    const archive = await ensureArchived(stack, markers, volume);
    phase("declaring the volume absent");
    // Before the marker: an `up` that comes in between must not find a volume that is protected and declared no more.
    await stack.releaseVolume();
    await ensureMarker(stack, markers, archive);
    await stack.converge(`expire node ${stack.owner.node}`);
    if (volume) {
      phase(`deleting volume ${volume.name}, which is in snapshot ${archive}`);
      await deleteArchivedVolume(stack.cloud, stack.owner, volume, archive);
    }
    return result(stack, markers, archive, volume);
  });
}

function result({ owner }: NodeStack, markers: NodeMarkers, archive: string, volume: Volume | undefined): ExpireResult {
  return {
    ...{ stack: owner.stack, node: owner.node, archive },
    outcome: markers.expired && !volume ? "already" : "expired",
    volume: volume ? { id: volume.id, name: volume.name, sizeGiB: volume.size_gigabytes } : null,
  };
}

function refuseUnstopped({ owner }: NodeStack, markers: NodeMarkers): void {
  const phase = nodePhase(markers);
  if (phase === "stopped" || phase === "expired") return;
  throw new UserError("PrecheckFailed", {
    reason: `node ${owner.node} is ${phase}: only a stopped node expires`,
    suggestion: `run: windlass node stop ${owner.node}`,
  });
}

/** By the name and region that the config declares, as the stack itself finds it. */
async function nodeVolume({ cloud, config }: NodeStack): Promise<Volume | undefined> {
  const [volume] = await cloud.volumes({ name: config.volumeName, region: config.gpuRegion });
  return volume;
}

/** The id of the snapshot that holds the volume. */
async function ensureArchived(stack: NodeStack, markers: NodeMarkers, volume: Volume | undefined): Promise<string> {
  const { cloud, owner } = stack;
  if (!volume) {
    if (markers.expired) return markers.expired.snapshot;
    throw new UserError("NotFound", {
      reason: `volume ${stack.config.volumeName} of node ${owner.node} is not there, so it cannot be archived`,
      suggestion: "if it was deleted by hand, resume the node from a snapshot of it: windlass node resume --help",
    });
  }
  const since = (await detachments(cloud, [volume])).get(volume.id) ?? markers.stopped?.at.getTime();
  const name = archiveName(volume.name, operationOf(markers));
  return (await ensureArchive(cloud, owner, volume, name, since)).id;
}

async function ensureMarker({ cloud, owner, clock }: NodeStack, markers: NodeMarkers, snapshot: string): Promise<void> {
  if (markers.expired?.snapshot === snapshot) return;
  const at = new Date(await clock.now());
  await placeMarker(cloud, owner, { kind: "expired", operation: operationOf(markers), snapshot, at });
}

/** The stop's: the archive is named after it, so that it is found again after a kill. */
function operationOf({ expired, stopped }: NodeMarkers): string {
  return (expired ?? stopped)?.operation ?? "";
}
