import { accruedUsd, type Rate } from "./cost/accrual.ts";
import { decideLifecycle, EXPIRY_LEAD_MS, type LifecycleFacts } from "./lifecycle-decision.ts";

/** Something that is billed, from its beginning until its end. Times are milliseconds since 1970. */
export interface Billed {
  name: string;
  rate: Rate;
  from: number;
  /** Absent while nothing ends it. */
  until?: number;
}

/** A calendar month (UTC): what invoices are of. Times are milliseconds since 1970; `end` is the first moment of the next. */
export interface Month {
  /** `2026-11`. */
  name: string;
  start: number;
  end: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The month that a moment is in. */
export function monthOf(time: number): Month {
  const date = new Date(time);
  const [year, number] = [date.getUTCFullYear(), date.getUTCMonth()];
  const start = Date.UTC(year, number);
  return { name: new Date(start).toISOString().slice(0, 7), start, end: Date.UTC(year, number + 1) };
}

/** What a thing costs in one month up to a moment, in US dollars, not rounded. A minimum falls into the month of its beginning. */
export function accruedInMonth({ rate, from, until }: Billed, month: Month, at: number): number {
  const end = Math.min(until ?? at, at, month.end);
  if (from >= month.end || from > at) return 0;
  if (from >= month.start) return accruedUsd(rate, from, Math.max(from, end));
  const { leastSeconds: _, leastUsd: __, ...later } = rate;
  return accruedUsd(later, month.start, end);
}

/** The same of all together. */
export function sumInMonth(things: readonly Billed[], month: Month, at: number): number {
  return things.reduce((sum, thing) => sum + accruedInMonth(thing, month, at), 0);
}

/** An end that a timer will bring. */
export interface PlannedEnd {
  /** `stop` ends the droplet, `expire` the volume of a stopped node. */
  act: "stop" | "expire";
  /** Milliseconds since 1970. */
  at: number;
  why: string;
}

/** What is known of a node's life; without `idleSince` its load is not known, or it works. */
export type NodeLife = Omit<LifecycleFacts, "idle"> & { idleSince?: number };

/** More turns than announcements, holds and ends of one node can take. */
const MOST_TURNS = 100;

/**
 * What a watcher would end until then if nothing but time passed: the node stays as idle or as busy as it is, nobody holds or resumes it. Asks the
 * watcher's own rule at each moment at which its answer may change.
 */
export function plannedEnds(life: NodeLife, until: number): PlannedEnd[] {
  const ends: PlannedEnd[] = [];
  let { markers, droplet } = life;
  let now = life.now;
  for (let turn = 0; turn < MOST_TURNS && now < until; turn++) {
    const { act, topic, dueAt, reason } = decideLifecycle({
      ...{ markers, timers: life.timers, now },
      ...(droplet ? { droplet } : {}),
      ...idleAt(life, now),
    });
    if (act === "notice") markers = { ...markers, notices: [...markers.notices, { action: topic, at: new Date(now) }] };
    else if (act === "withdraw")
      markers = { ...markers, notices: markers.notices.filter(({ action }) => action !== topic) };
    else if (act === "stop" || act === "expire") {
      ends.push({ act, at: now, why: topic === "lifetime" ? "it will have lived for maxLifetimeHours" : reason });
      if (act === "expire") break;
      droplet = undefined;
      const stopped = { operation: "planned", strategy: "snapshot" as const, image: "", size: "", at: new Date(now) };
      markers = { notices: [], stopped, ...(markers.hold ? { hold: markers.hold } : {}) };
    } else {
      const next = Math.min(...turningPoints({ ...life, markers, droplet }, dueAt).filter((time) => time > now));
      if (!Number.isFinite(next)) break;
      now = next;
    }
  }
  return ends;
}

function idleAt({ idleSince, timers }: NodeLife, now: number): Pick<LifecycleFacts, "idle"> {
  const { autoShutdownHours: hours } = timers;
  if (idleSince === undefined || hours === "off" || now < idleSince + hours * HOUR) return {};
  return { idle: { idle: true, reason: `it will have been idle for ${hours} h, if it stays so` } };
}

/** Moments at which the watcher may decide otherwise. */
function turningPoints({ markers, droplet, timers, idleSince }: NodeLife, dueAt: number | undefined): number[] {
  const { autoShutdownHours, maxLifetimeHours, expireStoppedDays, noticeMinutes } = timers;
  const lead = noticeMinutes * 60_000;
  const points = [dueAt, markers.hold?.until.getTime()];
  if (idleSince !== undefined && autoShutdownHours !== "off") points.push(idleSince + autoShutdownHours * HOUR);
  if (droplet && maxLifetimeHours !== "off") {
    const end = droplet.createdAt + maxLifetimeHours * HOUR;
    points.push(end - lead, end);
  }
  if (markers.stopped && expireStoppedDays !== "off") {
    const end = markers.stopped.at.getTime() + expireStoppedDays * DAY;
    points.push(end - Math.max(EXPIRY_LEAD_MS, lead), end);
  }
  return points.filter((time) => time !== undefined);
}

/** How planned ends change a stack's bill. */
export interface Consequences {
  /** Whether a stop, or an expiry, ends this thing. */
  endedBy(thing: Billed): PlannedEnd["act"] | undefined;
  /** What is billed from then on: a snapshot, an address that nothing has. */
  beginsWith(act: PlannedEnd["act"]): Omit<Billed, "from">[];
}

/** The things of a stack as they will be when the timers have done their work. */
export function withEnds(things: readonly Billed[], ends: readonly PlannedEnd[], effect: Consequences): Billed[] {
  const after = things.map((thing) => {
    const end = ends.find(({ act }) => act === effect.endedBy(thing));
    return end && thing.until === undefined ? { ...thing, until: end.at } : thing;
  });
  return [...after, ...ends.flatMap(({ act, at }) => effect.beginsWith(act).map((one) => ({ ...one, from: at })))];
}

/** What an account is charged for beside its known things, as its invoice of the month shows it. */
export interface OtherCharge {
  hourlyUsd: number;
}

/** An account's balance at the end of the month, if everything stays as it is; US dollars, not rounded. */
export function accountForecast(account: {
  monthToDateUsd: number;
  /** When the balance was made up, milliseconds since 1970. */
  generatedAt: number;
  month: Month;
  /** What runs now. */
  things: readonly Billed[];
  others: readonly OtherCharge[];
}): number {
  const { month, things, others } = account;
  // A balance of before the month says nothing of it.
  const fresh = account.generatedAt >= month.start;
  const from = Math.min(fresh ? account.generatedAt : month.start, month.end);
  const toCome = things.reduce((sum, thing) => {
    const before = thing.from < from ? accruedInMonth(thing, month, from) : 0;
    return sum + accruedInMonth(thing, month, month.end) - before;
  }, 0);
  const hours = (month.end - from) / HOUR;
  const other = others.reduce((sum, { hourlyUsd }) => sum + hourlyUsd * hours, 0);
  return (fresh ? account.monthToDateUsd : 0) + toCome + other;
}
