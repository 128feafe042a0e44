import { z } from "zod";
import { isUnknown, type Values } from "../../domain/cost/inputs.ts";
import { parseDuration } from "../../domain/duration.ts";
import { KEEP_TAG, timerOf } from "../../domain/timer-tags.ts";
import { tagList } from "../machines.ts";
import { type Subject, stackRule } from "../rule.ts";

const DAY_MS = 86_400_000;

/** Days that DigitalOcean keeps a backup, by plan (Backups Details: weekly ones for four weeks; droplet_backup_policy.retention_period_days: 7 of daily ones). */
const BACKUP_DAYS = { weekly: 28, daily: 7 };

const settings = z.object({
  maxDays: z.number().positive().default(365).describe("Days that a snapshot may be kept at most"),
  minBackupDays: z
    .number()
    .nonnegative()
    .default(0)
    .describe(
      "Days for which a droplet with backups must be able to go back; weekly backups are kept for 28, daily ones for 7",
    ),
});
type Settings = z.output<typeof settings>;

export const rule = stackRule({
  id: "snapshot-retention",
  title: "snapshots say for how long they are kept, and are not older",
  reason:
    "A snapshot in a program stays, and costs $0.06 per GiB and month, until somebody takes its line out: nothing ends it (Snapshots Pricing page). One that says how long it is for can be judged. A volume's snapshot says it with a tag, windlass-keep:30d; a droplet's takes no tags and says it at the end of its name, nightly-keep-30d. Backups of droplets end by themselves, by their plan.",
  fix: "say it with a tag such as windlass-keep:30d, or with -keep-30d at the end of a droplet snapshot's name; take out a snapshot whose time is over",
  severity: "medium",
  settings,
  judgeStack(resources, given, { now }) {
    return resources.flatMap((resource) => {
      const message = problemOf(resource, given, now);
      return message ? [{ resource, message }] : [];
    });
  },
});

function problemOf(resource: Subject, given: Settings, now: number): string | undefined {
  const { type, inputs, outputs } = resource;
  if (/^digitalocean:index\/droplet:/.test(type)) return backupProblem(inputs, given.minBackupDays);
  if (/^digitalocean:index\/volumeSnapshot:/.test(type)) {
    const { known, unknown } = tagList(inputs.tags);
    const keep = timerOf(known, KEEP_TAG);
    return keepProblem(keep && { ...keep, text: KEEP_TAG + keep.text }, "tags", unknown, given, ageOf(outputs, now));
  }
  if (!/^digitalocean:index\/dropletSnapshot:/.test(type)) return undefined;
  const { name } = inputs;
  const text = typeof name === "string" && !isUnknown(name) ? /(?:^|-)keep-(\w+)$/.exec(name)?.[1] : undefined;
  const keep = text === undefined ? undefined : { text: `-keep-${text}`, milliseconds: parseDuration(text) };
  return keepProblem(keep, "name", isUnknown(name), given, ageOf(outputs, now));
}

function keepProblem(
  keep: { text: string; milliseconds?: number } | undefined,
  path: string,
  unknown: boolean,
  { maxDays }: Settings,
  age: number | undefined,
): string | undefined {
  if (!keep)
    return `${path} does not say for how long it is kept${unknown ? ", as far as it is known before the update" : ""}`;
  if (keep.milliseconds === undefined) return `${path}: ${keep.text} is no duration`;
  if (keep.milliseconds > maxDays * DAY_MS) return `${path}: ${keep.text} is more than ${maxDays} days`;
  if (age === undefined || age <= keep.milliseconds) return undefined;
  return `${path}: ${keep.text} is over, it is ${(age / DAY_MS).toFixed(1)} days old`;
}

function ageOf(outputs: Values | undefined, now: number): number | undefined {
  const made = typeof outputs?.createdAt === "string" ? Date.parse(outputs.createdAt) : Number.NaN;
  return Number.isNaN(made) ? undefined : now - made;
}

function backupProblem({ backups, backupPolicy }: Values, least: number): string | undefined {
  if (backups !== true && !isUnknown(backups)) return undefined;
  const plan = isUnknown(backupPolicy) ? backupPolicy : ((backupPolicy as Values | undefined)?.plan ?? "weekly");
  const days = BACKUP_DAYS[plan as keyof typeof BACKUP_DAYS] ?? Math.min(...Object.values(BACKUP_DAYS));
  if (days >= least) return undefined;
  const what = isUnknown(plan)
    ? "backupPolicy.plan is not known before the update, and may be daily"
    : `${plan} backups`;
  return `${what}: kept for ${days} days, less than ${least}`;
}
