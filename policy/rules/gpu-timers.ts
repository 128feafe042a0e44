import { z } from "zod";
import { IDLE_STOP_TAG, MAX_LIFETIME_TAG, timerOf } from "../../domain/timer-tags.ts";
import { MACHINE_TYPES, type Machines, machinesOf } from "../machines.ts";
import { resourceRule } from "../rule.ts";

const hours = (what: string) =>
  z.number().positive().optional().describe(`Hours that ${what} may be at most. Unset, any`);

const settings = z.object({
  allowOff: z
    .boolean()
    .default(false)
    .describe("Whether a timer may be written as off, which says that somebody decided so"),
  maxIdleHours: hours("the idle timer"),
  maxLifetimeHours: hours("the lifetime"),
});

const HOUR_MS = 3_600_000;

export const rule = resourceRule({
  id: "gpu-timers",
  title: "GPU machines say when they are stopped: an idle timer and a longest lifetime",
  reason:
    "A forgotten H100 costs about $100 a day, working or not, and powered off too (Droplet Pricing page). A tag on the machine itself tells people, watchers and sweeps when it has to go, whoever made it. GpuTrainingNode writes them from windlass:autoShutdownHours and windlass:maxLifetimeHours.",
  fix: "add tags such as windlass-idle-stop:24h and windlass-max-lifetime:30d (minutes, hours or days: 90m, 24h, 30d) and have something that keeps to them, such as windlass watch",
  severity: "high",
  settings,
  types: MACHINE_TYPES,
  judge(resource, { allowOff, maxIdleHours, maxLifetimeHours }) {
    const machines = machinesOf(resource);
    if (!machines || (machines.size !== undefined && !machines.size.startsWith("gpu-"))) return [];
    const problems = [
      timerProblem(machines, IDLE_STOP_TAG, allowOff, maxIdleHours),
      timerProblem(machines, MAX_LIFETIME_TAG, allowOff, maxLifetimeHours),
    ];
    const { path, size } = machines;
    const what =
      size === undefined ? `${path} is not known before the update and may be a GPU's` : `${path} is ${size}`;
    return problems.flatMap((problem) => (problem ? [`${what}; ${problem}`] : []));
  },
});

function timerProblem(
  { tags, tagsPath }: Machines,
  prefix: string,
  allowOff: boolean,
  most: number | undefined,
): string | undefined {
  const timer = timerOf(tags.known, prefix);
  if (!timer) {
    return `${tagsPath} has no ${prefix}<duration>${tags.unknown ? " as far as it is known before the update" : ""}`;
  }
  const written = `${prefix}${timer.text}`;
  if (timer.text === "off") return allowOff ? undefined : `${written} lets it run for ever`;
  if (timer.milliseconds === undefined) return `${written} is no duration`;
  if (most === undefined || timer.milliseconds <= most * HOUR_MS) return undefined;
  return `${written} is more than ${most} hours`;
}
