import type { Redis } from "ioredis";
import { within } from "../../../clients/resilience/within.ts";
import { HEALTH_LIMITS } from "../../../domain/health/result.ts";
import { endpointOf, type HealthTarget } from "../../../domain/health/target.ts";
import type { Probe } from "../probe.ts";

/**
 * PING; how much of `maxmemory` is used, which is bad where nothing may be evicted (`noeviction`: writes fail then); how many entries wait in the
 * queue of the target.
 */
export const redis: Probe = async (target, { deadline }) => {
  const { name, address, most } = target;
  const { Redis } = await import("ioredis");
  const client = new Redis(address, {
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
  });
  let failure: Error | undefined;
  client.on("error", (error) => {
    failure ??= error;
  });
  try {
    await within(deadline, client.connect());
    const pong = (await within(deadline, client.ping())) === "PONG";
    const memory = await within(
      deadline,
      client.info("memory").catch(() => ""),
    );
    const { percent, full } = memoryOf(memory);
    const depth = await within(deadline, depthOf(client, target));
    return [
      {
        service: name,
        endpoint: endpointOf(address),
        required: { pong },
        desired: {
          ...(percent === null ? {} : { memory_ok: !full }),
          ...(depth === undefined || most === undefined ? {} : { queue_ok: depth <= most }),
        },
        metrics: { memory_percent: percent, ...(depth === undefined ? {} : { queue_depth: depth }) },
        reason:
          depth !== undefined && most !== undefined && depth > most
            ? `${depth} entries wait, more than ${most}`
            : undefined,
      },
    ];
  } catch (error) {
    throw failure ?? error;
  } finally {
    client.disconnect();
  }
};

/** Null where there is no limit, or INFO may not be asked. */
function memoryOf(info: string): { percent: number | null; full: boolean } {
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim();
  const most = Number(field("maxmemory") ?? 0);
  if (!(most > 0)) return { percent: null, full: false };
  const percent = Math.min(100, Math.round((1000 * Number(field("used_memory"))) / most) / 10);
  return { percent, full: field("maxmemory_policy") === "noeviction" && percent > HEALTH_LIMITS.memoryPercent };
}

async function depthOf(client: Redis, { queue, bullmq }: HealthTarget): Promise<number | undefined> {
  if (bullmq !== undefined) {
    const waiting = ["wait", "paused", "prioritized"].map((part) => lengthOf(client, `bull:${bullmq}:${part}`));
    return (await Promise.all(waiting)).reduce((sum, length) => sum + length, 0);
  }
  return queue === undefined ? undefined : lengthOf(client, queue);
}

async function lengthOf(client: Redis, key: string): Promise<number> {
  const type = await client.type(key);
  if (type === "list") return client.llen(key);
  if (type === "zset") return client.zcard(key);
  if (type === "stream") return client.xlen(key);
  if (type === "none") return 0;
  throw new Error(`${key} is a ${type}, not a list, a sorted set or a stream`);
}
