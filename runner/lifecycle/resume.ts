import { UserError } from "../../domain/errors.ts";
import { type NodeMarkers, nodePhase, operationId, stopSnapshotName } from "../../domain/node-marker.ts";
import type { OperationOptions } from "../progress.ts";
import { nodeLease, withLease } from "./lease.ts";
import { nodeMarkers, placeMarker, removeMarkers } from "./markers.ts";
import { powerOn, stateDroplet } from "./node-droplet.ts";
import { startTraining, unpackRoot } from "./node-scripts.ts";
import type { NodeStack } from "./node-stack.ts";
import { raise } from "./raise.ts";
import type { ResumeNodeOptions, ResumePlan, ResumeResult } from "./resume-result.ts";
import { restoreVolume, resumeImage, volumeArchive } from "./resume-source.ts";
import { named } from "./stop-snapshot.ts";
import { present } from "./waiting.ts";

export type { ResumeNodeOptions, ResumePlan, ResumeResult } from "./resume-result.ts";

/** Milliseconds for unpacking folders of any size. */
const UNPACK_MS = 4 * 3600 * 1000;

/**
 * Brings a stopped node back: droplet from what the stop kept, volume attached and mounted, health proven; only then the markers go. Undoes a
 * stop that has not ended. Run again after a kill, it goes on from wherever it was. Throws `NotFound`, `StackLocked`, `ResumeFailed`,
 * `ProvisionFailed` where no size can be had, `BudgetExceeded` and `PolicyViolation` where a policy refuses it (everything is stopped as it was), `HealthCheckFailed`, `Cancelled`, and whatever `up` throws.
 */
export async function resumeNode(
  stack: NodeStack,
  options: ResumeNodeOptions & OperationOptions = {},
): Promise<ResumeResult> {
  const began = await stack.clock.now();
  const work = async (signal?: AbortSignal) => {
    const result = await resume(stack, { ...options, ...(signal ? { signal } : {}) });
    return { ...result, seconds: Math.round(((await stack.clock.now()) - began) / 1000) };
  };
  if (options.dryRun) return work(options.signal);
  const { breakLease, signal, onEvent } = options;
  const lease = { name: nodeLease(stack.owner), ...(breakLease ? { breakLease } : {}) };
  return withLease(stack, { ...lease, ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) }, work);
}

async function resume(stack: NodeStack, options: ResumeNodeOptions & OperationOptions): Promise<ResumeResult> {
  const markers = await nodeMarkers(stack.cloud, stack.owner);
  const phase = nodePhase(markers);
  if (phase === "running") return running(stack, options);
  if (phase === "stopping") return cancelStop(stack, markers, options);
  if (markers.resuming && options.image === undefined && (await stateDroplet(stack))?.droplet) {
    // A resume that was killed may have left the bootstrap half done.
    const judged = options.recovering !== true;
    if (!options.dryRun) await stack.converge(`resume ${stack.owner.node}`, { judged });
    return options.dryRun ? { ...nothing(stack), outcome: "planned" } : finish(stack, markers, options);
  }
  const archive = await volumeArchive(stack, markers);
  const image = markers.resuming && !markers.stopped ? markers.resuming.image : undefined;
  const plan: ResumePlan = {
    ...{ stack: stack.owner.stack, node: stack.owner.node, region: stack.config.gpuRegion },
    image: await resumeImage(stack, markers, options.image ?? image),
    ...(await possibleSizes(stack, markers, options)),
    volumeFrom: markers.expired?.snapshot ?? null,
    stoppedAt: markers.stopped?.at.toISOString() ?? null,
  };
  if (options.dryRun) return { ...nothing(stack), outcome: "planned", plan };
  if (options.confirm && !(await options.confirm(plan)))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
  if (markers.expired) {
    await restoreVolume(stack, archive, options);
    await removeMarkers(stack.cloud, stack.owner, "expired");
  }
  const operation = markers.resuming?.operation ?? operationId(await stack.clock.now(), Math.random());
  await raise(stack, { operation, image: plan.image, sizes: plan.sizes, wait: options.wait ?? true }, options);
  const result = await finish(stack, await nodeMarkers(stack.cloud, stack.owner), options);
  return { ...result, plan };
}

/** The droplet is declared: what is missing on it, the proof that it is well, and the end of the markers. */
async function finish(
  stack: NodeStack,
  markers: NodeMarkers,
  options: ResumeNodeOptions & OperationOptions,
): Promise<ResumeResult> {
  const { cloud, owner, config } = stack;
  const { droplet } = (await stateDroplet(stack)) ?? {};
  if (!droplet)
    throw new UserError("ResumeFailed", { reason: `the droplet of ${owner.node} is gone`, suggestion: "run it again" });
  if (droplet.status === "off") await powerOn(stack, droplet.id, options.signal);
  if (markers.stopped?.strategy === "golden") await restoreRoot(stack, markers.stopped.operation, options);
  options.onEvent?.({ kind: "phase", text: `proving that ${owner.node} is well` });
  await stack.proveHealth();
  const training = options.run === true && (await runTraining(stack, options));
  const size = droplet.size_slug;
  if (size === config.gpuSize) await removeMarkers(cloud, owner, "size");
  else await placeMarker(cloud, owner, { kind: "size", declared: config.gpuSize, actual: size });
  // While `resuming` stands the droplet is declared whatever else does.
  await removeMarkers(cloud, owner, "stopped", "expired", "stopping", "notice");
  await removeMarkers(cloud, owner, "resuming");
  return {
    ...nothing(stack),
    ...{ outcome: "resumed", dropletId: droplet.id, size, image: markers.resuming?.image ?? null, training },
    ipAddress: droplet.networks?.v4.find(({ type }) => type === "public")?.ip_address ?? null,
  };
}

async function running(stack: NodeStack, options: ResumeNodeOptions & OperationOptions): Promise<ResumeResult> {
  const { owner } = stack;
  const known = await stateDroplet(stack);
  if (!known?.droplet)
    throw new UserError("NotFound", {
      node: owner.node,
      reason: known
        ? `droplet ${known.id} of ${owner.node} is gone from the cloud and was not stopped by Windlass`
        : `stack ${owner.stack} has no node that was stopped`,
      suggestion: `run: windlass up --stack ${owner.stack}`,
    });
  const off = known.droplet.status === "off";
  if (off && !options.dryRun) {
    options.onEvent?.({ kind: "phase", text: `${owner.node} is only powered off: powering it on` });
    await powerOn(stack, known.id, options.signal);
    await stack.proveHealth();
  }
  const training = options.run === true && !options.dryRun && (await runTraining(stack, options));
  return { ...nothing(stack), outcome: off ? "resumed" : "already", ...described(known), training };
}

/** A stop that has not come to its end: nothing is destroyed yet, so that the droplet only needs its power. */
async function cancelStop(
  stack: NodeStack,
  markers: NodeMarkers,
  options: ResumeNodeOptions & OperationOptions,
): Promise<ResumeResult> {
  const { cloud, owner } = stack;
  const known = await stateDroplet(stack);
  const { operation = "" } = markers.stopping ?? {};
  if (!known?.droplet)
    throw new UserError("ResumeFailed", {
      node: owner.node,
      reason: `the droplet of ${owner.node} was deleted outside of Windlass while it was being stopped`,
      suggestion: `its volume is kept; take a snapshot's id from the control panel (${stopSnapshotName(owner.node, operation)}), set windlass:image to it, and run: windlass up --stack ${owner.stack}`,
    });
  if (options.dryRun) return { ...nothing(stack), outcome: "planned", ...described(known) };
  options.onEvent?.({ kind: "phase", text: `undoing the stop of ${owner.node}` });
  await powerOn(stack, known.id, options.signal);
  await stack.proveHealth();
  for (const { id } of await named(stack, stopSnapshotName(owner.node, operation)))
    await present(cloud.deleteSnapshot(id));
  await removeMarkers(cloud, owner, "stopping", "notice");
  const training = options.run === true && (await runTraining(stack, options));
  return { ...nothing(stack), outcome: "cancelled", ...described(known), training };
}

/** The config's size first, then the others; those whose disk is too small for the snapshot are left out. */
async function possibleSizes(stack: NodeStack, markers: NodeMarkers, options: ResumeNodeOptions & OperationOptions) {
  const { config, cloud } = stack;
  const all = await cloud.sizes();
  const size = (slug: string | undefined) => all.find((candidate) => candidate.slug === slug);
  const wanted = [...new Set([config.gpuSize, ...(options.fallbackSizes ?? config.fallbackSizes)])];
  const unknown = wanted.filter((slug) => !size(slug));
  if (unknown.length > 0)
    throw new UserError("UsageError", {
      reason: `size ${unknown.join(", ")} does not exist`,
      suggestion: `GPU sizes are ${all.flatMap(({ slug, gpu_info }) => (gpu_info ? [slug] : [])).join(", ")}`,
    });
  const least = markers.stopped?.strategy === "snapshot" ? (size(markers.stopped.size)?.disk ?? 0) : 0;
  const sizes = wanted.filter((slug) => (size(slug)?.disk ?? 0) >= least);
  for (const slug of wanted.filter((candidate) => !sizes.includes(candidate))) {
    const text = `${slug} is left out: its disk of ${size(slug)?.disk} GB is smaller than the ${least} GB that the snapshot needs`;
    options.onEvent?.({ kind: "note", level: "warning", text });
  }
  return { sizes: sizes.length > 0 ? sizes : [config.gpuSize], hourlyUsd: size(wanted[0])?.price_hourly ?? null };
}

/** Puts back what a golden stop kept of the root disk. */
async function restoreRoot(stack: NodeStack, operation: string, { onEvent, signal }: OperationOptions): Promise<void> {
  if (!stack.ssh) return;
  onEvent?.({ kind: "phase", text: `putting ${stack.config.keepPaths.join(", ")} back from the volume` });
  const script = unpackRoot(stack.config.mountPoint, operation);
  const bounds = { timeoutMs: UNPACK_MS, ...(signal ? { signal } : {}) };
  const { code, stderr } = await stack.ssh((ssh) => ssh.exec(script, bounds));
  if (code === 0) return;
  throw new UserError("ResumeFailed", {
    node: stack.owner.node,
    reason:
      code === 3
        ? `the archive of ${stack.owner.node}'s folders on the volume is damaged (its checksum does not fit)`
        : `the folders could not be put back: ${stderr.trim().split("\n").at(-1) ?? `code ${code}`}`,
    suggestion: "the node is up: look at it with windlass node ssh, then run the resume again",
  });
}

async function runTraining(stack: NodeStack, { onEvent, signal }: OperationOptions): Promise<boolean> {
  if (!stack.ssh) return false;
  onEvent?.({ kind: "phase", text: "starting the training job again" });
  const bounds = { timeoutMs: 180_000, ...(signal ? { signal } : {}) };
  const { code, stdout, stderr } = await stack.ssh((ssh) => ssh.exec(startTraining(stack.config.mountPoint), bounds));
  if (code === 0) return !stdout.startsWith("no training job");
  throw new UserError("ResumeFailed", {
    node: stack.owner.node,
    reason: `the training job did not start: ${stderr.trim().split("\n").at(-1) ?? `code ${code}`}`,
    suggestion: `${stack.owner.node} is up: mend the job and run windlass node resume --run again`,
  });
}

function described({ id, droplet }: NonNullable<Awaited<ReturnType<typeof stateDroplet>>>) {
  return {
    ...{ dropletId: id, size: droplet?.size_slug ?? null },
    ipAddress: droplet?.networks?.v4.find(({ type }) => type === "public")?.ip_address ?? null,
  };
}

function nothing({ owner }: NodeStack): ResumeResult {
  return {
    ...{ stack: owner.stack, node: owner.node, outcome: "already", dropletId: null, size: null, image: null },
    ...{ ipAddress: null, training: false, warnings: [], seconds: 0, plan: null },
  };
}
