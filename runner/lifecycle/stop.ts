import type { Droplet } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { type NodeMarkers, nodePhase, operationId, stopSnapshotName } from "../../domain/node-marker.ts";
import type { OperationOptions } from "../progress.ts";
import { archiveRoot, drain } from "./drain.ts";
import { nodeLease, withLease } from "./lease.ts";
import { nodeMarkers, placeMarker, removeMarkers } from "./markers.ts";
import { powerOff, powerOn, settle, stateDroplet, taggedDroplets } from "./node-droplet.ts";
import type { NodeStack } from "./node-stack.ts";
import { stillBilled } from "./still-billed.ts";
import { planStop } from "./stop-plan.ts";
import type { StopNodeOptions, StopPlan, StopResult } from "./stop-result.ts";
import { ensureStopSnapshot, named } from "./stop-snapshot.ts";
import { present, waitFor } from "./waiting.ts";

export type { StillBilled } from "./still-billed.ts";
export type { StopNodeOptions, StopPlan, StopResult } from "./stop-result.ts";

/** Seconds after which a destroyed droplet answers 404 at the latest. */
const DESTROY_SECONDS = 600;

/**
 * Ends the bill of a node and keeps what is on it: drains it, powers it off, saves the root disk, verifies that, and only then destroys the
 * droplet. Run again after a kill, it goes on from wherever it was. Throws `NotFound`, `StackLocked`, `StopFailed`, `Cancelled`, and whatever
 * `up` throws.
 */
export async function stopNode(
  stack: NodeStack,
  options: StopNodeOptions & OperationOptions = {},
): Promise<StopResult> {
  const began = await stack.clock.now();
  const work = async (signal?: AbortSignal) => {
    const result = await stop(stack, { ...options, ...(signal ? { signal } : {}) });
    return { ...result, seconds: Math.round(((await stack.clock.now()) - began) / 1000) };
  };
  if (options.dryRun) return work(options.signal);
  const { breakLease, signal, onEvent } = options;
  const lease = { name: nodeLease(stack.owner), ...(breakLease ? { breakLease } : {}) };
  return withLease(stack, { ...lease, ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) }, work);
}

async function stop(stack: NodeStack, options: StopNodeOptions & OperationOptions): Promise<StopResult> {
  const markers = await nodeMarkers(stack.cloud, stack.owner);
  const phase = nodePhase(markers);
  if (phase === "resuming") throw beingResumed(stack);
  if (phase === "stopped" || phase === "expired") return stopped(stack, markers, options);
  const droplet = await existingDroplet(stack);
  const plan = await planStop(stack, droplet, options);
  if (options.dryRun) return { ...resultOf(stack, markers), outcome: "planned", plan };
  if (options.confirm && !(await options.confirm(plan)))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
  const operation = await beginOperation(stack, droplet, markers);
  const { strategy } = plan;
  await placeMarker(stack.cloud, stack.owner, { kind: "stopping", operation, strategy });
  const warnings = await saveAndPowerOff(stack, droplet, { ...plan, operation }, options);
  const image = await savedImage(stack, droplet.id, { ...plan, operation }, options);
  await placeMarker(stack.cloud, stack.owner, {
    ...{ kind: "stopped", operation, strategy, image, size: droplet.size_slug },
    at: new Date(await stack.clock.now()),
  });
  const now = await nodeMarkers(stack.cloud, stack.owner);
  const result = await destroy(stack, now, [droplet.id], options);
  return { ...result, warnings, plan };
}

/**
 * The stop that an earlier run began, or a new one. A droplet that is up has been at work since then (somebody powered it on): what that run
 * saved of it is old, and goes before anybody takes it for the newest.
 */
async function beginOperation(stack: NodeStack, droplet: Droplet, { stopping }: NodeMarkers): Promise<string> {
  if (stopping && droplet.status !== "active") return stopping.operation;
  const old = stopping ? await named(stack, stopSnapshotName(stack.owner.node, stopping.operation)) : [];
  for (const { id } of old) await present(stack.cloud.deleteSnapshot(id));
  return operationId(await stack.clock.now(), Math.random());
}

/** Drains while the node is up, then powers it off. A golden stop goes no further than a verified archive. */
async function saveAndPowerOff(
  stack: NodeStack,
  droplet: Droplet,
  plan: StopPlan & { operation: string },
  options: StopNodeOptions & OperationOptions,
): Promise<string[]> {
  const { operation, strategy } = plan;
  const archived = `archived-${operation}`;
  const markers = await nodeMarkers(stack.cloud, stack.owner);
  const needsArchive =
    strategy === "golden" && stack.ssh !== undefined && !markers.notices.some(({ action }) => action === archived);
  await settle(stack, droplet.id, options.signal);
  let { status } = await stack.cloud.droplet(droplet.id);
  if (status === "off" && needsArchive) {
    await powerOn(stack, droplet.id, options.signal);
    status = "active";
  }
  if (status !== "active") return [];
  const hook = options.hook ?? stack.config.stopHook;
  const found = await drain(
    stack,
    {
      ...{ operation, requireHook: options.requireHook ?? false },
      hookMinutes: options.hookMinutes ?? stack.config.stopHookMinutes,
      ...(hook === undefined ? {} : { hook }),
    },
    options,
  ).catch(async (error) => {
    if (error instanceof UserError && error.code === "StopFailed") await undo(stack);
    throw error;
  });
  plan.usedRootGiB ??= found.usedRootGiB;
  if (needsArchive) {
    await archiveRoot(stack, operation, options);
    const at = new Date(await stack.clock.now());
    await placeMarker(stack.cloud, stack.owner, { kind: "notice", action: archived, at });
  }
  for (const text of found.warnings) options.onEvent?.({ kind: "note", level: "warning", text });
  options.onEvent?.({ kind: "phase", text: `powering ${stack.owner.node} off` });
  await powerOff(stack, droplet.id, options.signal);
  return found.warnings;
}

/** The node stays as it was: no stop is under way any more. */
async function undo({ cloud, owner }: NodeStack): Promise<void> {
  await removeMarkers(cloud, owner, "stopping");
}

/** What the resume will start from; a snapshot's id once it is verified. */
async function savedImage(
  stack: NodeStack,
  dropletId: number,
  plan: StopPlan & { operation: string },
  options: OperationOptions,
): Promise<string> {
  if (plan.strategy === "golden") return stack.config.goldenImage ?? stack.config.image;
  return (await ensureStopSnapshot(stack, dropletId, plan, options)).id;
}

/** The update in which the droplet is gone, and the proof that it is. */
async function destroy(
  stack: NodeStack,
  markers: NodeMarkers,
  ids: readonly number[],
  options: StopNodeOptions & OperationOptions,
): Promise<StopResult> {
  const { owner } = stack;
  options.onEvent?.({ kind: "phase", text: `destroying the droplet of ${owner.node}; its volume stays` });
  await stack.converge(`stop ${owner.node}${options.why ? `: ${options.why}` : ""}`);
  const bounds = { seconds: DESTROY_SECONDS, ...(options.signal ? { signal: options.signal } : {}) };
  const gone = await waitFor(stack, bounds, async () => {
    const there = await Promise.all(ids.map((id) => present(stack.cloud.droplet(id))));
    const listed = await taggedDroplets(stack);
    return listed.length === 0 && there.every((droplet) => droplet === undefined) ? true : undefined;
  });
  if (!gone) {
    const left = (await taggedDroplets(stack)).map(({ id }) => id);
    throw new UserError("StopFailed", {
      ...{ node: owner.node, droplets: left },
      reason: `droplet ${left.join(", ") || ids.join(", ")} of ${owner.node} is STILL THERE AND BILLED; its root disk and volume are safe`,
      suggestion: "run windlass node stop again; if it stays, delete it in DigitalOcean's control panel",
    });
  }
  await removeMarkers(stack.cloud, owner, "stopping", "notice", "size");
  return { ...resultOf(stack, markers), destroyed: [...ids], stillBilled: await stillBilled(stack) };
}

/** A stop that came as far as its marker and no further is finished; else there is nothing to do. */
async function stopped(
  stack: NodeStack,
  markers: NodeMarkers,
  options: StopNodeOptions & OperationOptions,
): Promise<StopResult> {
  const left = await taggedDroplets(stack);
  const known = await stateDroplet(stack);
  const ids = [...new Set([...left.map(({ id }) => id), ...(known ? [known.id] : [])])];
  if (ids.length > 0 && !options.dryRun) return destroy(stack, markers, ids, options);
  if (!options.dryRun) await removeMarkers(stack.cloud, stack.owner, "stopping", "notice", "size");
  return { ...resultOf(stack, markers), outcome: "already", stillBilled: await stillBilled(stack) };
}

function resultOf({ owner }: NodeStack, { stopped, stopping }: NodeMarkers): StopResult {
  const marker = stopped ?? stopping;
  return {
    ...{ stack: owner.stack, node: owner.node, outcome: "stopped" },
    ...{ operation: marker?.operation ?? null, strategy: marker?.strategy ?? null, image: stopped?.image ?? null },
    ...{ destroyed: [], stillBilled: [], warnings: [], seconds: 0, plan: null },
  };
}

async function existingDroplet(stack: NodeStack): Promise<Droplet> {
  const { owner } = stack;
  const known = await stateDroplet(stack);
  if (known?.droplet) return known.droplet;
  if (known)
    throw new UserError("NotFound", {
      ...{ node: owner.node, droplet_id: known.id },
      reason: `droplet ${known.id} of ${owner.node} is gone from the cloud: it was deleted outside of Windlass, there is nothing to stop`,
      suggestion: `its volume is still there; make a new droplet with: windlass up --stack ${owner.stack}`,
    });
  throw new UserError("NotFound", {
    reason: `stack ${owner.stack} has no node`,
    suggestion: `run: windlass up --stack ${owner.stack}`,
  });
}

function beingResumed({ owner }: NodeStack): UserError {
  return new UserError("RecoveryNeeded", {
    node: owner.node,
    reason: `a resume of ${owner.node} has not ended`,
    suggestion: `finish it first: windlass node resume ${owner.node} --stack ${owner.stack}`,
  });
}
