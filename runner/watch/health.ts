import type { Alert } from "../../domain/health/alert.ts";
import type { HealthResult } from "../../domain/health/result.ts";
import { checkTargets } from "../health/check.ts";
import { type HealthLook, keepAndJudge } from "../health/look.ts";
import { healthSettings } from "../health/settings.ts";
import type { Channels, NotifyOptions } from "../notices.ts";
import type { Target, TargetOptions } from "../target.ts";
import type { Pass } from "./pass.ts";

/** What a pass saw of health. */
export interface HealthSeen {
  services: Record<HealthResult["status"], number>;
  alerts: Alert[];
}

/**
 * Looks at the targets of the health file, else at the stack's nodes, and tells by its rules. A stack that is not set up over ssh has no node to look
 * at. Undefined where there is nothing.
 */
export async function healthOfStack(
  { root, stack, cloud, home }: Target,
  { bootstrap, channels, notify }: { bootstrap: boolean; channels: Channels; notify?: NotifyOptions },
): Promise<HealthLook | undefined> {
  const settings = healthSettings({ root });
  const targets = settings.targets.filter(({ kind }) => bootstrap || kind !== "node");
  const where: TargetOptions = { root, stack, cloud, home };
  const checked = await checkTargets(targets, { ...where, ...(notify?.signal ? { signal: notify.signal } : {}) });
  if (checked.length === 0) return undefined;
  return keepAndJudge(checked, { home, settings, alerting: { channels, ...(notify ? { notify } : {}) } });
}

/** The part of a pass that looks at health; what was sent is told as the pass's own notices are. */
export async function watchHealthOf(pass: Pass): Promise<void> {
  const { stack, deps, operation, result } = pass;
  const { bootstrap } = stack.config;
  const { signal } = operation;
  const look = await deps.health?.({ bootstrap, channels: deps.channels, notify: { ...(signal ? { signal } : {}) } });
  if (!look) return;
  const count = (status: HealthResult["status"]) => look.results.filter((one) => one.status === status).length;
  const services = { healthy: count("healthy"), degraded: count("degraded"), unhealthy: count("unhealthy") };
  result.health = { services, alerts: look.alerts };
  result.notices.push(...look.notices);
  for (const title of new Set(look.notices.map((notice) => notice.title)))
    operation.onEvent?.({ kind: "note", level: "info", text: title });
  for (const error of look.errors) pass.fail("health", new Error(error));
}
