import type { IdleVerdict } from "./idleness.ts";
import { type NodeMarkers, type NodePhase, nodePhase } from "./node-marker.ts";

/** The settings of a stack that end a node's life, in the units of its config; `off` never acts. */
export interface LifecycleTimers {
  /** Hours of idleness. */
  autoShutdownHours: number | "off";
  /** Days that a stopped node's volume is kept. */
  expireStoppedDays: number | "off";
  /** Hours that a droplet may live. */
  maxLifetimeHours: number | "off";
  /** Minutes between the announcement and the deed; 0 acts at once. */
  noticeMinutes: number;
}

/** What is known of a node. Times are milliseconds since 1970, of the cloud's clock. */
export interface LifecycleFacts {
  markers: NodeMarkers;
  /** The live droplet; undefined where there is none. */
  droplet?: { createdAt: number; status: string };
  /** Undefined where nothing could be judged: counts as active. */
  idle?: Pick<IdleVerdict, "idle" | "reason">;
  timers: LifecycleTimers;
  now: number;
}

/** What a decision is about; the first three are also the actions of notice markers. */
export type Topic =
  | "stop"
  | "lifetime"
  | "expire"
  | "powered-off"
  | "ssh-key"
  | "resume"
  | "unfinished-stop"
  | "budget";

/** What is to be done with a node now, and why. */
export interface Decision {
  /** `notice` announces, `withdraw` takes an announcement back, `warn` only tells. */
  act: "none" | "notice" | "withdraw" | "stop" | "expire" | "warn";
  topic: Topic;
  reason: string;
  /** When the announced deed will be done, milliseconds since 1970. */
  dueAt?: number;
  /** The facts that it rests on. */
  evidence: Record<string, unknown>;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A deletion is announced at least this long ahead. */
export const EXPIRY_LEAD_MS = DAY;
/** An ssh key older than this should be replaced. */
export const KEY_DAYS = 90;
/** A resume that takes longer is told of: capacity may be missing, or its process may be dead. */
const RESUME_WARNING_MS = 2 * HOUR;

/**
 * Decides for one node. A hold beats everything; a stop needs either an idle verdict or the end of the lifetime, and an announcement that
 * has stood for noticeMinutes; an expiry needs one that has stood for a day.
 */
export function decideLifecycle(facts: LifecycleFacts): Decision {
  const { markers, now } = facts;
  const phase = nodePhase(markers);
  const decide = decider({ phase, ...(markers.hold ? { hold: markers.hold.until.toISOString() } : {}) });
  if (markers.hold && markers.hold.until.getTime() > now) {
    const reason = `held until ${markers.hold.until.toISOString()}: ${markers.hold.why}`;
    const announced = markers.notices.find(({ action }) => isDeed(action));
    return announced ? decide("withdraw", announced.action as Topic, reason) : decide("none", "stop", reason);
  }
  if (phase === "stopped") return decideStopped(facts, decide);
  // One that is up again may be at work: it is judged like any other.
  const up = facts.droplet?.status === "active";
  if (phase === "stopping" && !up) return decide("stop", "stop", "a stop of this node was begun and is not finished");
  if ((phase === "running" || phase === "stopping") && facts.droplet)
    return decideRunning(facts, facts.droplet, decide);
  return decide("none", "stop", phase === "running" ? "there is no droplet" : `the node is ${phase}`);
}

type Decide = (
  act: Decision["act"],
  topic: Topic,
  reason: string,
  more?: { dueAt?: number } & Record<string, unknown>,
) => Decision;

function decider(base: { phase: NodePhase } & Record<string, unknown>): Decide {
  return (act, topic, reason, { dueAt, ...evidence } = {}) => ({
    ...{ act, topic, reason },
    ...(dueAt === undefined ? {} : { dueAt }),
    evidence: { ...base, ...evidence },
  });
}

function isDeed(action: string): boolean {
  return action === "stop" || action === "lifetime" || action === "expire";
}

function decideRunning(facts: LifecycleFacts, droplet: { createdAt: number }, decide: Decide): Decision {
  const lifetime = decideLifetime(facts, droplet, decide);
  if (lifetime && lifetime.act !== "none") return lifetime;
  const idle = decideIdle(facts, droplet, decide);
  // Who was told of one end need not be told of another that comes no sooner.
  const news = idle.dueAt !== undefined && idle.dueAt < (lifetime?.dueAt ?? Number.POSITIVE_INFINITY);
  return lifetime && (idle.act === "none" || idle.act === "notice") && !news ? lifetime : idle;
}

/** Undefined where the lifetime says nothing yet. */
function decideLifetime(facts: LifecycleFacts, { createdAt }: { createdAt: number }, decide: Decide) {
  const { maxLifetimeHours, noticeMinutes } = facts.timers;
  const told = notice(facts, "lifetime", createdAt);
  const end = maxLifetimeHours === "off" ? undefined : createdAt + maxLifetimeHours * HOUR;
  const lead = noticeMinutes * 60_000;
  if (end === undefined || facts.now < end - lead) {
    return told === undefined ? undefined : decide("withdraw", "lifetime", "its lifetime is not over any more");
  }
  const dueAt = lead === 0 ? end : Math.max(end, (told ?? facts.now) + lead);
  const reason = `it has lived for ${hours(facts.now - createdAt)} of at most ${maxLifetimeHours} hours`;
  const more = { createdAt: new Date(createdAt).toISOString(), maxLifetimeHours };
  if (lead > 0 && told === undefined) return decide("notice", "lifetime", reason, { dueAt, ...more });
  if (facts.now >= dueAt) return decide("stop", "lifetime", reason, more);
  return decide("none", "lifetime", `${reason}; announced`, { dueAt, ...more });
}

function decideIdle(facts: LifecycleFacts, { createdAt }: { createdAt: number }, decide: Decide): Decision {
  const { autoShutdownHours, noticeMinutes } = facts.timers;
  const told = notice(facts, "stop", createdAt);
  const off = autoShutdownHours === "off";
  if (off || !facts.idle?.idle) {
    const active = facts.idle?.reason ?? "nothing is known of its load, which counts as active";
    const reason = off ? "windlass:autoShutdownHours is off" : active;
    return decide(told === undefined ? "none" : "withdraw", "stop", reason);
  }
  const lead = noticeMinutes * 60_000;
  const { reason } = facts.idle;
  const more = { autoShutdownHours, noticeMinutes };
  if (lead === 0) return decide("stop", "stop", reason, more);
  if (told === undefined) return decide("notice", "stop", reason, { dueAt: facts.now + lead, ...more });
  const announced = { ...more, announcedAt: new Date(told).toISOString() };
  if (facts.now >= told + lead) return decide("stop", "stop", reason, announced);
  return decide("none", "stop", `${reason}; announced`, { dueAt: told + lead, ...announced });
}

function decideStopped(facts: LifecycleFacts, decide: Decide): Decision {
  const { expireStoppedDays, noticeMinutes } = facts.timers;
  const stoppedAt = facts.markers.stopped?.at.getTime() ?? facts.now;
  const told = notice(facts, "expire", stoppedAt);
  const end = expireStoppedDays === "off" ? undefined : stoppedAt + expireStoppedDays * DAY;
  const lead = Math.max(EXPIRY_LEAD_MS, noticeMinutes * 60_000);
  if (end === undefined || facts.now < end - lead) {
    const reason = end === undefined ? "windlass:expireStoppedDays is off" : `stopped; kept until ${iso(end)} at least`;
    return decide(told === undefined ? "none" : "withdraw", "expire", reason);
  }
  const reason = `it has been stopped since ${iso(stoppedAt)}, and is kept for ${expireStoppedDays} days`;
  const more = { stoppedAt: iso(stoppedAt), expireStoppedDays };
  const dueAt = Math.max(end, (told ?? facts.now) + lead);
  if (told === undefined) return decide("notice", "expire", reason, { dueAt, ...more });
  if (facts.now < dueAt) return decide("none", "expire", `${reason}; announced`, { dueAt, ...more });
  return decide("expire", "expire", reason, { ...more, announcedAt: iso(told) });
}

/** When people were told of it in this life of the node; what was said of an earlier one does not count. */
function notice({ markers, now }: LifecycleFacts, action: Topic, since: number): number | undefined {
  // Markers know whole seconds, and clocks differ: a life that begins in the future has begun now.
  const from = Math.floor(Math.min(since, now) / 1000) * 1000;
  const times = markers.notices.filter((one) => one.action === action).map(({ at }) => at.getTime());
  return times.filter((at) => at >= from).sort((a, b) => b - a)[0];
}

/** What people should hear of, whatever is decided: a droplet that is off and billed, a key past its age, a resume that does not end. */
export function lifecycleWarnings(facts: LifecycleFacts & { keyCreatedAt?: number }): Decision[] {
  const { markers, droplet, now, keyCreatedAt } = facts;
  const phase = nodePhase(markers);
  const warn = decider({ phase });
  const found: Decision[] = [];
  if (phase === "running" && droplet?.status === "off")
    found.push(
      warn(
        "warn",
        "powered-off",
        "the droplet is powered off and STILL BILLED like a running one: stop it with windlass node stop, which ends the bill and keeps the data",
      ),
    );
  if (phase === "stopping" && droplet?.status === "active")
    found.push(
      warn(
        "warn",
        "unfinished-stop",
        "a stop of this node was begun and is not finished, and its droplet is up: finish it with windlass node stop, or undo it with windlass node resume",
      ),
    );
  const begun = markers.resuming && Number.parseInt(markers.resuming.operation.slice(0, 9), 36);
  if (begun !== undefined && now - begun > RESUME_WARNING_MS)
    found.push(
      warn("warn", "resume", `a resume was begun at ${iso(begun)} and is not finished: run windlass node resume again`),
    );
  const age = keyCreatedAt === undefined ? 0 : now - keyCreatedAt;
  if (age > KEY_DAYS * DAY)
    found.push(
      warn("warn", "ssh-key", `the ssh key is ${Math.floor(age / DAY)} days old: replace keys after ${KEY_DAYS} days`),
    );
  return found;
}

function iso(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? new Date(milliseconds).toISOString() : "an unknown time";
}

function hours(milliseconds: number): string {
  return `${Math.round(milliseconds / HOUR)} hours`;
}
