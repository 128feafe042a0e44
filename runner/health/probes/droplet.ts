import { within } from "../../../clients/resilience/within.ts";
import { UserError } from "../../../domain/errors.ts";
import { HEALTH_LIMITS } from "../../../domain/health/result.ts";
import { namedBy } from "../../../domain/health/target.ts";
import { openCloud } from "../../cloud.ts";
import { busyPercent } from "../../pricing/measured-use.ts";
import { resolveTarget } from "../../target.ts";
import type { Probe } from "../probe.ts";

/** Seconds of readings of DigitalOcean's agent that are asked for: one comes a minute, and a load needs two. */
const READINGS_SECONDS = 300;

/** The droplet of that name is active, by DigitalOcean's API; CPU and memory as DigitalOcean's agent tells them, where it runs. */
export const droplet: Probe = async ({ name, address }, { deadline, options }) => {
  const cloud = await openCloud(resolveTarget(options), { signal: deadline });
  const wanted = namedBy({ address });
  const found = (await within(deadline, cloud.droplets({ name: wanted })))[0];
  if (!found) throw new UserError("NotFound", { reason: `there is no droplet ${wanted}` });
  const end = Math.floor(Date.now() / 1000);
  const range = { start: end - READINGS_SECONDS, end };
  const series = (metric: "cpu" | "memory_total" | "memory_available") =>
    cloud.dropletMetric(found.id, metric, range).catch(() => []);
  const [modes, total, available] = await within(
    deadline,
    Promise.all([series("cpu"), series("memory_total"), series("memory_available")]),
  );
  const cpu = busyPercent(modes).at(-1);
  const [all, free] = [total, available].map((list) => Number(list[0]?.values.at(-1)?.[1]));
  const memory = all && free !== undefined && all > 0 ? (100 * (all - free)) / all : undefined;
  const active = found.status === "active";
  return [
    {
      service: name,
      endpoint: `droplet:${wanted}`,
      required: { active },
      desired: {
        ...(cpu === undefined ? {} : { cpu_ok: cpu <= HEALTH_LIMITS.cpuPercent }),
        ...(memory === undefined || Number.isNaN(memory) ? {} : { memory_ok: memory <= HEALTH_LIMITS.memoryPercent }),
      },
      metrics: { cpu_percent: rounded(cpu), memory_percent: rounded(memory) },
      reason: active ? undefined : `it is ${found.status}`,
    },
  ];
};

function rounded(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Math.round(value * 10) / 10;
}
