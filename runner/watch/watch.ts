import { setTimeout } from "node:timers/promises";
import { UserError } from "../../domain/errors.ts";
import { redact } from "../../domain/redaction.ts";
import { runDueBackups } from "../backup/schedule.ts";
import { publishBreakers } from "../breakers.ts";
import { budgetsOf } from "../budget.ts";
import { type CloudClock, cloudClock } from "../clock.ts";
import type { HealthLook } from "../health/look.ts";
import { healthMetrics } from "../health/metrics.ts";
import { openNodeStack } from "../lifecycle/open-node-stack.ts";
import { noticeChannels } from "../notices.ts";
import { stackConfig } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import { resolveTarget, type Target, type TargetOptions } from "../target.ts";
import { auditLog } from "./audit.ts";
import { type ConnectionPool, connectionPool } from "./connection-pool.ts";
import { healthOfStack } from "./health.ts";
import { nodeLoad } from "./node-load.ts";
import { type PassDeps, watchPass } from "./pass.ts";
import { nothingYet, type PassResult } from "./result.ts";

export interface WatchOptions extends TargetOptions, OperationOptions {
  /** Name of the node. @default the one that the config names */
  node?: string;
  /** One pass; else passes until `signal`. */
  once?: boolean;
  /** Looks and decides, and changes nothing. */
  dryRun?: boolean;
  /** Seconds of the cloud's clock between two passes. @default 60 */
  everySeconds?: number;
  /** Whether passes count what retention and sweep would remove. @default the first, then one each hour: they ask the cloud for much */
  housekeeping?: boolean;
  /** Written after each pass, in Prometheus's text format; its name ends in `.prom`. */
  metricsFile?: string;
  /** Called after each pass. */
  onPass?: (result: PassResult) => void;
  /** In place of the real ones. */
  deps?: Partial<PassDeps>;
}

/** Milliseconds of this machine's clock between two looks at retention and orphans: the API counts its limits by it. */
const HOUSEKEEPING_MS = 3_600_000;

/** Seconds between two passes. */
export const WATCH_SECONDS = 60;

/**
 * Watches a stack's node: passes until `signal` (what is under way is finished), or one with `once`. Config and state are read anew for each
 * pass. Answers with the last one. Throws where the first cannot begin (config, token, cloud); later ones that cannot are told of by `onPass`
 * with outcome `failed`.
 */
export async function watch(options: WatchOptions): Promise<PassResult> {
  let seen: HealthLook | undefined;
  const moreMetrics = () => healthMetrics(seen?.results ?? [], seen?.alerts ?? []);
  const shown = publishBreakers(resolveTarget(options).home, { metricsFile: options.metricsFile, moreMetrics });
  const onHealth = (look: HealthLook | undefined) => {
    seen = look;
  };
  const pool = connectionPool();
  const onPass = (result: PassResult) => {
    shown.update();
    options.onPass?.(result);
  };
  try {
    return await passes({ ...options, onPass, onHealth }, pool);
  } finally {
    await shown.end();
    await pool.close();
  }
}

/** Told what each pass saw of health. */
interface Listening extends WatchOptions {
  onHealth: (look: HealthLook | undefined) => void;
}

async function passes(options: Listening, pool: ConnectionPool): Promise<PassResult> {
  const clock = cloudClock(resolveTarget(options));
  let last: PassResult | undefined;
  let keptHouse = Number.NEGATIVE_INFINITY;
  for (;;) {
    const housekeeping = options.housekeeping ?? Date.now() - keptHouse > HOUSEKEEPING_MS;
    if (housekeeping) keptHouse = Date.now();
    last = await onePass({ ...options, housekeeping }, pool).catch((error) => {
      if (!last || options.once || options.killSignal?.aborted) throw error;
      return failedPass(error, last);
    });
    options.onPass?.(last);
    if (options.once || options.signal?.aborted) return last;
    await pause(clock, (options.everySeconds ?? WATCH_SECONDS) * 1000, options.signal);
    if (options.signal?.aborted) return last;
  }
}

/** The wish to end (`signal`) reaches neither the stack nor a stop under way: a half-stopped node is the worst of both. */
async function onePass(options: Listening, pool: ConnectionPool): Promise<PassResult> {
  const { signal: _, onPass: __, onHealth, deps, ...rest } = options;
  const operation = { ...rest, ...(options.killSignal ? { signal: options.killSignal } : {}) };
  const stack = await openNodeStack(operation);
  const target = resolveTarget(options);
  const real = await realDeps(target, operation, pool, deps);
  const health: PassDeps["health"] = async (look) => {
    const found = await healthOfStack(target, look);
    onHealth(found);
    return found;
  };
  return watchPass(stack, { ...real, health, ...deps }, rest);
}

async function realDeps(
  target: Target,
  operation: TargetOptions & OperationOptions,
  pool: ConnectionPool,
  given: Partial<PassDeps> = {},
): Promise<PassDeps> {
  const config = stackConfig(target);
  return {
    audit: given.audit ?? auditLog(target.home, { project: config.project, stack: target.stack }),
    channels: given.channels ?? (await noticeChannels(target, config)),
    load: given.load ?? nodeLoad(operation, pool),
    backups: runDueBackups,
    budgets: ({ cloud, clock, config }) => budgetsOf(target, config, { cloud, clock }),
  };
}

function failedPass(error: unknown, { stack, node, dryRun }: PassResult): PassResult {
  const reason = redact(error instanceof Error ? error.message : String(error));
  return {
    ...{ stack, node, at: new Date().toISOString(), outcome: "failed", dryRun },
    ...nothingYet(),
    errors: [{ part: "node", reason }],
  };
}

/** Where the cloud has no time to tell, by this machine's. */
async function pause(clock: CloudClock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  await clock.sleep(milliseconds, signal).catch(async (error) => {
    if (signal?.aborted) return;
    if (!(error instanceof UserError)) throw error;
    await setTimeout(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined);
  });
}
