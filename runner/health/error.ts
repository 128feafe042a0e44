import { UserError } from "../../domain/errors.ts";
import type { HealthResult } from "../../domain/health/result.ts";

/** The error that an unhealthy result is. */
export function healthError(result: HealthResult): UserError {
  const failed = Object.entries(result.checks).flatMap(([name, ok]) => (ok ? [] : [name]));
  const why = result.reason ? ` (${result.reason})` : "";
  return new UserError("HealthCheckFailed", {
    service: result.service,
    endpoint: result.endpoint,
    failed,
    reason: `${result.service} is ${result.status}: ${failed.join(", ")}${why}`,
    suggestion: suggestionOf(result, failed[0] ?? ""),
  });
}

/** What to do, by the first check that fails. */
const SUGGESTIONS: Record<string, string> = {
  ssh_reachable: "check windlass:sshAllowedAddresses and the droplet's state: windlass status",
  gpu_available: "run nvidia-smi on the node: windlass node exec -- nvidia-smi; a reboot often brings a lost GPU back",
  volume_mounted: "run windlass up: it mounts the volume again",
  training_ok: "see the log: windlass node exec -- tail -50 LOG; then run windlass up: it starts the job again",
  disk_ok: "remove old checkpoints, or raise windlass:volumeSizeGiB and run windlass up",
};

function suggestionOf({ service, endpoint }: HealthResult, failed: string): string {
  const known = SUGGESTIONS[failed];
  if (known) return known;
  const [, project, one] = /^services:([^/]+)(?:\/(.+))?$/.exec(endpoint) ?? [];
  if (project) return `see what it wrote: windlass services logs ${[project, one].filter(Boolean).join(" ")}`;
  return endpoint.startsWith("ssh://")
    ? `look at it with: windlass node ssh ${service}`
    : `check that ${endpoint} answers from here`;
}
