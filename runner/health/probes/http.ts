import { z } from "zod";
import type { HealthMetrics } from "../../../domain/health/result.ts";
import { HEALTH_METRICS } from "../../../domain/health/result.ts";
import { endpointOf } from "../../../domain/health/target.ts";
import type { Probe } from "../probe.ts";
import { get, json } from "./get.ts";

/** What services tell of themselves in JSON: the fields of a Health Check Result that are theirs to know. */
const told = z.object({
  status: z.string().optional(),
  checks: z.record(z.string(), z.unknown()).optional(),
  metrics: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The status is the expected one, and the text is in the answer. `checks` (true or false) and `metrics` of an answer in JSON are taken over; a
 * service that calls itself `degraded` or `unhealthy` is degraded.
 */
export const http: Probe = async (target, { deadline }) => {
  const { name, address, status = 200, contains } = target;
  const answer = await get(address, deadline);
  const own = told.safeParse(json(answer.body)).data ?? {};
  const right = answer.status === status;
  const well = !["degraded", "unhealthy"].includes(own.status?.toLowerCase() ?? "");
  const reasons = [
    ...(right ? [] : [`status ${answer.status}`]),
    ...(well ? [] : [`it says that it is ${own.status}`]),
  ];
  return [
    {
      service: name,
      endpoint: endpointOf(address),
      required: {
        [`http_${status}`]: right,
        ...(contains === undefined ? {} : { text_found: answer.body.includes(contains) }),
      },
      desired: { ...(well ? {} : { reports_ok: false }), ...flags(own.checks) },
      metrics: numbers(own.metrics),
      reason: reasons.join("; ") || undefined,
    },
  ];
};

function flags(checks: Record<string, unknown> = {}): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(checks).filter((pair): pair is [string, boolean] => typeof pair[1] === "boolean"),
  );
}

function numbers(metrics: Record<string, unknown> = {}): Partial<HealthMetrics> {
  const known = HEALTH_METRICS.flatMap((name) => {
    const value = metrics[name];
    return typeof value === "number" && value >= 0 ? [[name, value]] : [];
  });
  return Object.fromEntries(known);
}
