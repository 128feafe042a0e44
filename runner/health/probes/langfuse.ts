import { baseOf, endpointOf } from "../../../domain/health/target.ts";
import type { Probe } from "../probe.ts";
import { get, json } from "./get.ts";

/**
 * The API is well (`/api/public/health`); with the public and the secret key as user and password also that they are right, and that a trace has
 * come within `fresh`.
 */
export const langfuse: Probe = async ({ name, address, freshMs }, { deadline }) => {
  const url = endpointOf(baseOf(address));
  const withKeys = baseOf(address);
  const health = await get(`${url}/api/public/health`, deadline);
  const status = (json(health.body) as { status?: unknown } | undefined)?.status;
  const required: Record<string, boolean> = { api_ok: health.status === 200 && status === "OK" };
  const desired: Record<string, boolean> = {};
  let reason = required.api_ok ? undefined : `status ${health.status}, ${JSON.stringify(status ?? null)}`;
  if (new URL(withKeys).username) {
    const from = freshMs === undefined ? "" : `&fromTimestamp=${new Date(Date.now() - freshMs).toISOString()}`;
    const traces = await get(`${withKeys}/api/public/traces?limit=1${from}`, deadline);
    required.keys_ok = traces.status === 200;
    if (traces.status !== 200) reason ??= `traces: status ${traces.status}`;
    else if (freshMs !== undefined) {
      const { data } = (json(traces.body) ?? {}) as { data?: unknown[] };
      desired.traces_fresh = (data?.length ?? 0) > 0;
      if (!desired.traces_fresh) reason ??= `no trace has come for ${Math.round(freshMs / 60_000)} min`;
    }
  }
  return [{ service: name, endpoint: endpointOf(address), required, desired, reason }];
};
