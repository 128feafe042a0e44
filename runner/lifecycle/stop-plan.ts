import type { Droplet } from "../../clients/digitalocean/index.ts";
import { breakEven, chooseStrategy } from "../../domain/break-even.ts";
import { UserError } from "../../domain/errors.ts";
import type { StopStrategy } from "../../domain/node-marker.ts";
import { usedRootGiB } from "./drain.ts";
import type { NodeStack } from "./node-stack.ts";
import type { StopNodeOptions, StopPlan } from "./stop-result.ts";

/** GiB in use on a root disk that nobody could look at: the GPU images themselves. */
const ASSUMED_ROOT_GIB = 20;

/** What the stop of this droplet would take; asks the node for what is on its disk. */
export async function planStop(stack: NodeStack, droplet: Droplet, options: StopNodeOptions): Promise<StopPlan> {
  const { owner, cloud } = stack;
  const used = droplet.status === "active" ? await usedRootGiB(stack) : null;
  const price = (await cloud.sizes()).find(({ slug }) => slug === droplet.size_slug)?.price_hourly;
  const strategy = chosen(stack, options, used ?? ASSUMED_ROOT_GIB, price ?? 0);
  const estimate = { strategy, usedRootGiB: used ?? ASSUMED_ROOT_GIB, hourlyUsd: price ?? 0 };
  return {
    ...{ stack: owner.stack, node: owner.node, dropletId: droplet.id, strategy },
    ...{ size: droplet.size_slug, region: droplet.region.slug },
    hourlyUsd: price ?? null,
    usedRootGiB: used,
    breakEven: price === undefined ? null : breakEven(estimate),
  };
}

/** A root disk that nobody can look into is never given up. */
function chosen(
  { config, ssh, owner }: NodeStack,
  options: StopNodeOptions,
  usedRoot: number,
  hourlyUsd: number,
): StopStrategy {
  const wanted = options.strategy ?? config.stopStrategy;
  const goldenPossible = ssh !== undefined || config.keepPaths.length === 0;
  if (wanted === "golden" && !goldenPossible)
    throw new UserError("UsageError", {
      reason: `${owner.node} is not set up over ssh (windlass:bootstrap is false), so that the folders to keep cannot be archived`,
      suggestion: "stop it with --strategy snapshot, or set windlass:keepPaths to [] to give the root disk up",
    });
  if (wanted !== "auto") return wanted;
  return chooseStrategy({
    ...{ usedRootGiB: usedRoot, hourlyUsd },
    snapshotOnStop: config.snapshotOnStop,
    // What is outside of keepPaths comes from the golden image: only who made one has said that this is enough.
    goldenPossible: ssh !== undefined && (config.goldenImage !== undefined || !config.snapshotOnStop),
  });
}
