import { parseDuration } from "./duration.ts";

/** The tag that says after how long without work a machine is stopped, the duration after it: `windlass-idle-stop:24h`. */
export const IDLE_STOP_TAG = "windlass-idle-stop:";

/** The tag that says how long a machine may live, whatever it does: `windlass-max-lifetime:30d`. */
export const MAX_LIFETIME_TAG = "windlass-max-lifetime:";

/** The tag that says how long a snapshot is kept: `windlass-keep:30d`. */
export const KEEP_TAG = "windlass-keep:";

/** The tags of a machine's timers. Tags have no dots, so part of an hour is written in minutes. */
export function timerTags(timers: { autoShutdownHours: number | "off"; maxLifetimeHours: number | "off" }): string[] {
  return [IDLE_STOP_TAG + written(timers.autoShutdownHours), MAX_LIFETIME_TAG + written(timers.maxLifetimeHours)];
}

function written(hours: number | "off"): string {
  if (hours === "off" || Number.isInteger(hours)) return hours === "off" ? hours : `${hours}h`;
  return `${Math.max(1, Math.round(hours * 60))}m`;
}

/** What a list of tags says of a timer: its text, `off` or a duration, with the milliseconds of the duration; undefined where no tag is there. */
export function timerOf(tags: readonly string[], prefix: string): { text: string; milliseconds?: number } | undefined {
  const tag = tags.find((one) => one.toLowerCase().startsWith(prefix));
  if (tag === undefined) return undefined;
  const text = tag.slice(prefix.length);
  const milliseconds = parseDuration(text);
  return milliseconds === undefined ? { text } : { text, milliseconds };
}
