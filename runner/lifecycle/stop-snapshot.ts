import type { Snapshot } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { stopSnapshotName } from "../../domain/node-marker.ts";
import { ownershipTags } from "../../domain/tags.ts";
import type { OperationOptions } from "../progress.ts";
import { SNAPSHOT_SECONDS } from "./node-droplet.ts";
import type { NodeStack } from "./node-stack.ts";
import { ask, present, waitFor } from "./waiting.ts";

/** Seconds that a finished snapshot may take to be listed. */
const LISTING_SECONDS = 300;

/** A snapshot is compressed, but not to a twentieth of what is in use. */
const LEAST_SHARE = 0.05;

/** Times that a snapshot is asked for where no answer comes. */
const ASKS = 5;

/**
 * The snapshot of a stop: found by its name where an earlier run took or began it, else taken; verified and tagged. Throws `StopFailed` where it
 * fails, hangs or is not what it should be: the droplet stays then, off and billed.
 */
export async function ensureStopSnapshot(
  stack: NodeStack,
  dropletId: number,
  { operation, usedRootGiB }: { operation: string; usedRootGiB: number | null },
  { onEvent, signal }: OperationOptions,
): Promise<Snapshot> {
  const name = stopSnapshotName(stack.owner.node, operation);
  const bounds = (seconds: number) => ({ seconds, ...(signal ? { signal } : {}) });
  const listed = async () => (await named(stack, name))[0];
  for (let asks = 0; ; asks++) {
    const ended = await waitFor(stack, bounds(SNAPSHOT_SECONDS), async () => {
      const actions = (await stack.cloud.dropletActions(dropletId)).filter(({ type }) => type === "snapshot");
      return actions.some(({ status }) => status === "in-progress") ? undefined : actions;
    });
    if (!ended)
      throw failed(stack, dropletId, `snapshot ${name} has not completed within ${SNAPSHOT_SECONDS / 3600} h`);
    const found = await listed();
    if (found) return tagged(stack, await verified(stack, dropletId, found, usedRootGiB));
    if (asks >= ASKS) throw failed(stack, dropletId, `snapshot ${name} cannot be begun`);
    onEvent?.({ kind: "phase", text: `taking snapshot ${name} of the root disk` });
    const action = await ask(stack.cloud.dropletAction(dropletId, { type: "snapshot", name }));
    if (!action) {
      await stack.clock.sleep(10_000, signal);
      continue;
    }
    const last = await waitFor(stack, bounds(SNAPSHOT_SECONDS), async () => {
      const now = await stack.cloud.action(action.id);
      return now.status === "in-progress" ? undefined : now;
    });
    if (!last) throw failed(stack, dropletId, `snapshot ${name} has not completed within ${SNAPSHOT_SECONDS / 3600} h`);
    if (last.status === "errored") throw failed(stack, dropletId, `snapshot ${name} failed at DigitalOcean`);
    if (!(await waitFor(stack, bounds(LISTING_SECONDS), listed)))
      throw failed(stack, dropletId, `snapshot ${name} was taken, but it is not listed`);
  }
}

/** Snapshots of a stop, whichever run took them; the newest first. */
export async function named({ cloud }: Pick<NodeStack, "cloud">, name: string): Promise<Snapshot[]> {
  const found = (await cloud.snapshots("droplet")).filter((snapshot) => snapshot.name === name);
  return found.sort((a, b) => Number(b.id) - Number(a.id));
}

async function verified(
  stack: NodeStack,
  dropletId: number,
  { id, name }: Snapshot,
  usedRootGiB: number | null,
): Promise<Snapshot> {
  const snapshot = await present(stack.cloud.snapshot(id));
  if (!snapshot) throw failed(stack, dropletId, `snapshot ${name} is gone again`);
  const { size_gigabytes: size, regions } = snapshot;
  const least = LEAST_SHARE * (usedRootGiB ?? 0);
  if (!(size > 0 && size >= least)) {
    const used = usedRootGiB === null ? "" : `, the root disk has ${usedRootGiB.toFixed(1)} GiB in use`;
    throw failed(stack, dropletId, `snapshot ${name} (${id}) has only ${size} GiB${used}`);
  }
  if (!regions.includes(stack.config.gpuRegion))
    throw failed(stack, dropletId, `snapshot ${name} (${id}) is not in ${stack.config.gpuRegion}`);
  return snapshot;
}

/** Tagged as the node's, so that it is found, priced and kept without the state. */
async function tagged({ cloud, owner }: NodeStack, snapshot: Snapshot): Promise<Snapshot> {
  const missing = ownershipTags(owner).filter((tag) => !snapshot.tags?.includes(tag));
  for (const tag of missing) {
    await cloud.createTag(tag);
    await cloud.tagResource(tag, { resource_id: snapshot.id, resource_type: "image" });
  }
  return snapshot;
}

function failed({ owner }: NodeStack, dropletId: number, reason: string): UserError {
  return new UserError("StopFailed", {
    ...{ node: owner.node, droplet_id: dropletId },
    reason: `${reason}; ${owner.node} is off and STILL BILLED, nothing of it is lost`,
    suggestion: "windlass node resume powers it on again; windlass node stop tries the stop again",
  });
}
