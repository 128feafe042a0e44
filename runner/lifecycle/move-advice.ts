import { volumeMonthlyUsd } from "../../domain/cost/node-price.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeStack } from "./node-stack.ts";

/**
 * MiB a second that a copy between two regions makes, roughly: two small droplets with 2 Gbit/s at the most and rsync between them (assumed, not
 * measured at DigitalOcean).
 */
const COPY_MIB_PER_SECOND = 100;

/** US dollars per hour of the two droplets that the copy needs (s-2vcpu-4gb, 2026). */
const COPY_DROPLETS_HOURLY_USD = 0.072;

/** The error where no size could be had: what is possible elsewhere, and what that takes. */
export async function noCapacity(stack: NodeStack, wanted: readonly string[]): Promise<UserError> {
  const { config, owner, cloud } = stack;
  const sizes = await cloud.sizes();
  const [first] = wanted;
  const elsewhere = sizes.filter(({ slug, available }) => available && wanted.includes(slug));
  const others = [...new Set(elsewhere.flatMap(({ regions }) => regions))].filter((r) => r !== config.gpuRegion);
  const here = sizes.filter(
    ({ slug, available, regions, gpu_info }) =>
      gpu_info && available && regions.includes(config.gpuRegion) && !wanted.includes(slug),
  );
  const [volume] = await cloud.volumes({ name: config.volumeName, region: config.gpuRegion });
  const gib = volume?.size_gigabytes ?? config.volumeSizeGiB;
  const move = moveOf(gib);
  const only =
    others.length > 0
      ? `only ${others.join(", ")} ${others.length === 1 ? "has" : "have"} ${first} now, and volume ${config.volumeName} ties the node to ${config.gpuRegion}`
      : `no region has ${first} now`;
  const hints = [
    ...(here.length > 0
      ? [
          `give --fallback-size ${here
            .map(({ slug }) => slug)
            .slice(0, 3)
            .join(" ")}`,
        ]
      : []),
    "try again later: capacity comes back within minutes to hours",
    ...(others.length > 0
      ? [
          `or move the node: volumes and their snapshots cannot change region, so ${gib} GiB are copied by data, at most about ${move.minutes} min and $${move.onceUsd.toFixed(2)}, and $${move.monthlyUsd.toFixed(2)} per month for the new volume as long as both exist (set windlass:gpuRegion to ${others[0]}, a new windlass:volumeName, run windlass up, copy with windlass node get and put)`,
        ]
      : []),
  ];
  return new UserError("ProvisionFailed", {
    ...{ resource: "droplet", node: owner.node, region: config.gpuRegion, sizes: [...wanted] },
    ...{ regions: others, move: { gib, ...move } },
    reason: `Insufficient capacity in region ${config.gpuRegion} for ${wanted.join(", ")}: ${only}; ${owner.node} stays stopped, nothing was lost`,
    suggestion: hints.join("; "),
  });
}

/** What copying that many GiB to another region takes at most: a volume's used part is not known from outside. */
export function moveOf(gib: number): { minutes: number; onceUsd: number; monthlyUsd: number } {
  const minutes = Math.ceil((gib * 1024) / COPY_MIB_PER_SECOND / 60) + 10;
  const onceUsd = Math.ceil((minutes / 60) * COPY_DROPLETS_HOURLY_USD * 100) / 100;
  return { minutes, onceUsd, monthlyUsd: volumeMonthlyUsd(gib) };
}
