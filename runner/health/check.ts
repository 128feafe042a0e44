import { UserError } from "../../domain/errors.ts";
import { type HealthResult, healthStatus, NO_METRICS } from "../../domain/health/result.ts";
import { endpointOf, type HealthTarget, namedBy } from "../../domain/health/target.ts";
import { redact } from "../../domain/redaction.ts";
import { formatDuration } from "../../domain/units.ts";
import type { TargetOptions } from "../target.ts";
import { nodesHealth } from "./nodes.ts";
import { REACHED, type Reading } from "./probe.ts";
import { PROBES } from "./probes/index.ts";

/** A result, and the target that it is of. */
export interface Checked {
  target: HealthTarget;
  result: HealthResult;
}

/** Targets that are looked at side by side. */
const AT_ONCE = 16;

/**
 * Looks at every target once, each within its time-out; a target that does not answer is unhealthy and keeps no other from being looked at. In the
 * order of the targets; one that stands for several things has a result for each. Throws only the reason of `signal`.
 */
export async function checkTargets(
  targets: readonly HealthTarget[],
  options: TargetOptions & { signal?: AbortSignal } = {},
): Promise<Checked[]> {
  const results: Checked[][] = targets.map(() => []);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < targets.length; index = next++) {
      const target = targets[index] as HealthTarget;
      const found = await resultsOf(target, options);
      options.signal?.throwIfAborted();
      results[index] = found.map((result) => ({ target, result }));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, worker));
  return results.flat();
}

async function resultsOf(
  target: HealthTarget,
  options: TargetOptions & { signal?: AbortSignal },
): Promise<HealthResult[]> {
  const { signal, ...where } = options;
  const started = performance.now();
  const at = new Date();
  const timeout = AbortSignal.timeout(target.timeoutMs);
  const deadline = AbortSignal.any([timeout, ...(signal ? [signal] : [])]);
  try {
    if (target.kind === "node") return await nodes(target, options);
    const probe = await PROBES[target.kind]();
    const readings = await probe(target, { deadline, options: where });
    const took = performance.now() - started;
    return readings.map((reading) => resultOf(reading, took, at));
  } catch (error) {
    const reading: Reading = {
      service: target.name,
      endpoint: endpointOf(target.address),
      required: { [REACHED[target.kind]]: false },
      reason: timeout.aborted ? `no answer within ${formatDuration(target.timeoutMs)}` : reasonOf(error, target),
    };
    return [resultOf(reading, performance.now() - started, at)];
  }
}

/** Nodes are looked at over ssh, with a time-out of their own. */
async function nodes(target: HealthTarget, options: TargetOptions & { signal?: AbortSignal }): Promise<HealthResult[]> {
  const node = namedBy(target);
  const asked = { ...options, timeoutMs: target.timeoutMs };
  if (node === "*") return await nodesHealth(asked).catch(noNode);
  return (await nodesHealth({ ...asked, node })).map((result) => ({ ...result, service: target.name }));
}

function resultOf(
  { service, endpoint, required, desired = {}, metrics, reason }: Reading,
  took: number,
  at: Date,
): HealthResult {
  const status = healthStatus({ required, desired });
  return {
    ...{ service, status, endpoint, response_time_ms: Math.round(took), checks: { ...required, ...desired } },
    metrics: { ...NO_METRICS, ...metrics },
    last_checked: at.toISOString(),
    ...(status !== "healthy" && reason ? { reason: redact(reason) } : {}),
  };
}

/** Without the target's own password, which a server or a library may repeat. */
function reasonOf(error: unknown, { address }: HealthTarget): string {
  const { message, cause, errors } = error as Error & { errors?: Error[] };
  const inner = errors?.[0] ?? (cause as (Error & { errors?: Error[] }) | undefined);
  const words =
    error instanceof UserError
      ? message
      : inner?.message || (inner as { errors?: Error[] })?.errors?.[0]?.message || message || String(error);
  const password = URL.canParse(address) ? decodeURIComponent(new URL(address).password) : "";
  return redact(words.split("\n")[0] ?? "", [address, password]);
}

/** A stack whose nodes are all stopped has none to look at. */
function noNode(error: unknown): HealthResult[] {
  if (error instanceof UserError && error.code === "NotFound") return [];
  throw error;
}
