import type { Size } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { type AdviceReport, advise, type MeasuredUse, type SizeFacts } from "../../domain/rightsizing.ts";
import { usedRootGiB } from "../lifecycle/drain.ts";
import { openNodeStack } from "../lifecycle/open-node-stack.ts";
import { currentDeployment } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";
import { connectionPool } from "../watch/connection-pool.ts";
import { nodeLoad } from "../watch/node-load.ts";
import type { LoadSource } from "../watch/observe.ts";
import { gpuUse, machineUse } from "./measured-use.ts";

/** Advice for a stack's node, with what it rests on. */
export interface CostAdvice extends AdviceReport {
  stack: string;
  node: string;
  size: string;
  measured: MeasuredUse;
}

export interface AdviceOptions extends TargetOptions, OperationOptions {
  /** Days to look back, 1 to 30. @default 14 */
  days?: number;
  /** In place of asking the node. */
  load?: LoadSource;
}

const DAYS = 14;
const DAY = 86_400_000;
/** GiB in use on a root disk that nobody could look at. */
const ASSUMED_ROOT_GIB = 20;

/**
 * Reads what the node measured of itself and what DigitalOcean's agent did, and says what would cost less. Throws `NotFound` where no droplet is
 * up, and what `openNodeStack` throws. A node that does not answer is one of which nothing is known: that is in the notes.
 */
export async function costAdvice(options: AdviceOptions = {}): Promise<CostAdvice> {
  const { days = DAYS, load, ...rest } = options;
  checkDays(days);
  const target = resolveTarget(rest);
  const stack = await openNodeStack(rest);
  const { owner, config, cloud } = stack;
  const ids = new Set(((await currentDeployment(target))?.resources ?? []).map(({ id }) => id));
  const droplet = (await cloud.droplets({ name: owner.node })).find(({ id }) => ids.has(String(id)));
  if (!droplet) throw noDroplet(owner.node);
  const now = await stack.clock.now();
  // What was before this droplet was another one's.
  const from = Math.max(now - days * DAY, Date.parse(droplet.created_at));
  const stepMs = config.sampleSeconds * 1000;
  const pool = connectionPool();
  const ask = load ?? nodeLoad(rest, pool);
  try {
    const window = { now, windowMs: Math.max(stepMs, now - from), stepMs };
    const answer = await ask(stack, droplet, window).catch((error: Error) => ({ failure: error.message }));
    const readings = "samples" in answer ? answer.samples : [];
    const [machine, sizes, used] = await Promise.all([
      machineUse(cloud, droplet.id, { from, until: now }),
      cloud.sizes(),
      usedRootGiB(stack).catch(() => null),
    ]);
    const measured = { ...gpuUse(readings, { from, until: now, stepMs, percent: config.idleGpuPercent }), ...machine };
    const size = sizes.find(({ slug }) => slug === droplet.size_slug);
    if (!size) throw unknownSize(droplet.size_slug);
    const node = {
      ...{ size: sizeFacts(size), region: droplet.region.slug, noticeMinutes: config.noticeMinutes },
      autoShutdownHours: config.autoShutdownHours,
      strategy: config.stopStrategy === "golden" ? ("golden" as const) : ("snapshot" as const),
      usedRootGiB: used ?? ASSUMED_ROOT_GIB,
    };
    const { advice, notes } = advise(node, measured, sizes.filter(({ available }) => available).map(sizeFacts));
    const failure = "failure" in answer ? [`the node's readings could not be fetched: ${answer.failure}`] : [];
    return { stack: owner.stack, node: owner.node, size: size.slug, measured, advice, notes: [...failure, ...notes] };
  } finally {
    await pool.close();
  }
}

function checkDays(days: number): void {
  if (days >= 1 && days <= 30) return;
  const details = { reason: `--days ${days} is not a number from 1 to 30`, suggestion: "for example --days 14" };
  throw new UserError("UsageError", details, { exitCode: 2 });
}

function noDroplet(node: string): UserError {
  return new UserError("NotFound", {
    reason: `${node} is not up: there is nothing to measure`,
    suggestion: "bring it up with windlass up or windlass node resume, and ask again in three days",
  });
}

function unknownSize(slug: string): UserError {
  return new UserError("CommandFailed", {
    reason: `the account has no size ${slug} any more: its price is not known`,
    suggestion: "look at the sizes with: doctl compute size list",
  });
}

/** The API tells the video memory of all GPUs of a size together, as its slug does. */
function sizeFacts({ slug, price_hourly, vcpus, memory, disk, gpu_info: gpu, regions }: Size): SizeFacts {
  const shape = { slug, hourlyUsd: price_hourly, vcpus, memoryMiB: memory, diskGiB: disk, regions };
  if (!gpu) return shape;
  const total = Number(/x\d+-(\d+)gb/.exec(slug)?.[1] ?? gpu.vram.amount);
  return { ...shape, gpu: { model: gpu.model, count: gpu.count, vramGiB: total / gpu.count } };
}
