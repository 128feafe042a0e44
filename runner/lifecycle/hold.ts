import { parseDuration } from "../../domain/duration.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import { cloudClock } from "../clock.ts";
import { openCloud } from "../cloud.ts";
import { stackConfig } from "../prepare.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";
import { nodeMarkers, placeMarker, removeMarkers } from "./markers.ts";

export interface HoldOptions extends TargetOptions {
  /** Name of the node. @default the one that the config names */
  node?: string;
  /** From now: `30m`, `8h`, `2d`; 30 days at most. */
  for: string;
  /** What for: the watcher's records and notices name it. */
  why: string;
  /** Changes nothing. */
  dryRun?: boolean;
}

export interface HoldResult {
  stack: string;
  node: string;
  /** ISO 8601, of the cloud's clock. */
  until: string;
  why: string;
}

export interface ReleaseResult {
  stack: string;
  node: string;
  /** False where no hold stood. */
  released: boolean;
}

const LONGEST_HOLD_MS = 30 * 86_400_000;

/**
 * Keeps the watcher from stopping the node, or from expiring it where it is stopped, for so long; takes the place of an earlier hold. It is a
 * marker in the account, so that every watcher knows it.
 */
export async function holdNode(options: HoldOptions): Promise<HoldResult> {
  const milliseconds = parseDuration(options.for);
  if (milliseconds === undefined)
    throw usage(`--for ${JSON.stringify(options.for)} is no duration`, "use minutes, hours or days: 30m, 8h, 2d");
  if (milliseconds > LONGEST_HOLD_MS) throw usage(`--for ${options.for} is too long`, "hold for 30d at most");
  const why = options.why.trim();
  if (!/[A-Za-z0-9]/.test(why)) throw usage("a hold needs a reason", 'say what for: --why "benchmark until Friday"');
  const { cloud, owner, clock } = await open(options);
  const until = new Date((await clock.now()) + milliseconds);
  if (!options.dryRun) await placeMarker(cloud, owner, { kind: "hold", until, why });
  return { stack: owner.stack, node: owner.node, until: until.toISOString(), why };
}

/** Ends a hold before its time. */
export async function releaseNode(
  options: TargetOptions & { node?: string; dryRun?: boolean },
): Promise<ReleaseResult> {
  const { cloud, owner } = await open(options);
  const { hold } = await nodeMarkers(cloud, owner);
  if (!options.dryRun) await removeMarkers(cloud, owner, "hold");
  return { stack: owner.stack, node: owner.node, released: hold !== undefined };
}

/** The engine is not needed. */
async function open(options: TargetOptions & { node?: string }) {
  const target = resolveTarget(options);
  const config = stackConfig(target);
  if (options.node !== undefined && options.node !== config.nodeName)
    throw new UserError("NotFound", {
      reason: `stack ${target.stack} has no node ${options.node}`,
      suggestion: `it has ${config.nodeName}`,
    });
  const owner: NodeOwner = { project: config.project, stack: target.stack, node: config.nodeName };
  return { owner, cloud: await openCloud(target), clock: cloudClock(target) };
}

function usage(reason: string, suggestion: string): UserError {
  return new UserError("UsageError", { reason, suggestion }, { exitCode: 2 });
}
