import { breakEven, chooseStrategy, type Range } from "../break-even.ts";
import { decideLifecycle, type LifecycleFacts } from "../lifecycle-decision.ts";
import type { StopStrategy } from "../node-marker.ts";
import { HOURS_PER_MONTH } from "../units.ts";
import { IdleTracker } from "./idle-tracker.ts";
import { isWork, type NodeLoad, type Spell } from "./load.ts";
import type { Random } from "./random.ts";
import { inOutage, type Outages, Sampler } from "./sampler.ts";
import { type Running, WorkQueue } from "./work-queue.ts";

/** By what nodes are stopped. */
export interface StopRule {
  /** Hours of idleness before a stop, or `off`. */
  idleHours: number | "off";
  noticeMinutes: number;
  /** Minutes between two looks of the watcher. */
  passMinutes: number;
  idlePercent: number;
  /** US dollars per hour. */
  hourlyUsd: number;
  /** How a stop keeps the root disk; `none` destroys the droplet and keeps nothing. */
  strategy: StopStrategy | "auto" | "none";
}

/** What does not work when, in minutes since the month's beginning. */
export interface NodeFaults {
  /** The node takes no samples. */
  sampling: Outages;
  /** The watcher does not reach the node. */
  reach: Outages;
  /** The watcher does not run. */
  watcher: Outages;
}

/** What became of one node. */
export interface NodeMonth {
  billedMinutes: number;
  workMinutes: number;
  storageUsd: number;
  /** Minutes from the end of work to the decision to stop, of each stop. */
  delays: number[];
  /** Minutes that people or jobs waited for a resume, of each resume. */
  waits: number[];
  /** Stops of a node that was working. */
  falseStops: number;
  /** Stops of an idle node whose window held work that no sample had shown. */
  unseenWork: number;
}

/** Is told of each spell of billed time, and of work; minutes, the end not included. */
export interface Tally {
  billed(from: number, to: number): void;
  worked(from: number, to: number): void;
}

const MINUTE = 60_000;
/** How long after the minute the watcher looks. */
const WATCHER_MS = 5000;

/** Of 100 resumes, so many find no capacity at first, and wait for it for so many minutes on average. */
const NO_CAPACITY = { share: 0.04, meanMinutes: 90 };

/** Lives through one node's month, minute by minute; it is up when the month begins. */
export function liveMonth(
  load: NodeLoad,
  rule: StopRule,
  context: { minutes: number; faults: NodeFaults; random: Random; tally: Tally },
): NodeMonth {
  const { minutes, random, tally } = context;
  const result: NodeMonth = {
    ...{ billedMinutes: 0, workMinutes: 0, storageUsd: 0, falseStops: 0, unseenWork: 0 },
    ...{ delays: [], waits: [] },
  };
  const bill = (from: number, to: number): void => {
    const end = Math.min(to, minutes);
    if (end <= from) return;
    result.billedMinutes += end - from;
    tally.billed(from, end);
  };
  const queue = new WorkQueue(load.spells);
  const costs = stopCosts(load, rule);
  let up = 0;
  while (up < minutes) {
    const stop = liveUntilStop(load, rule, context, queue, up);
    for (const [from, to] of stop.worked) {
      result.workMinutes += to - from;
      tally.worked(from, to);
    }
    bill(up, stop.at);
    if (stop.at >= minutes) break;
    const idleMinutes = stop.at - stop.lastWork;
    if (stop.working) result.falseStops++;
    else result.delays.push(idleMinutes);
    if (!stop.working && rule.idleHours !== "off" && idleMinutes < rule.idleHours * 60 - 2) result.unseenWork++;
    const gone = stop.at + Math.round(random.between(costs.stop.least, costs.stop.most));
    bill(stop.at, gone);
    const wanted = queue.nextWork(stop.at);
    const asked = wanted + random.between(0, 3);
    const capacity = random.chance(NO_CAPACITY.share) ? random.exponential(NO_CAPACITY.meanMinutes) : 0;
    const created = Math.ceil(Math.max(gone, asked) + capacity);
    const ready = created + Math.round(random.between(costs.resume.least, costs.resume.most));
    result.storageUsd +=
      (costs.storageMonthlyUsd * Math.max(0, Math.min(ready, minutes) - gone)) / 60 / HOURS_PER_MONTH;
    if (wanted < minutes) result.waits.push(ready - wanted);
    bill(created, ready);
    up = ready;
  }
  return result;
}

interface Stop {
  /** The minute of the decision, or the month's end. */
  at: number;
  working: boolean;
  lastWork: number;
  worked: [from: number, to: number][];
}

/** Runs the node from a minute on until it is decided to stop it. */
function liveUntilStop(
  load: NodeLoad,
  rule: StopRule,
  { minutes, faults, random }: { minutes: number; faults: NodeFaults; random: Random },
  queue: WorkQueue,
  from: number,
): Stop {
  const worked: [number, number][] = [];
  const node = { current: undefined as Running | undefined, residentMiB: 0, lastWork: from };
  const sampler = new Sampler(random, load.gpus);
  const tracker = new IdleTracker({ stepMs: MINUTE, percent: rule.idlePercent });
  const watcher = watch(rule, faults, tracker, from);
  const blind = inOutage(faults.sampling);
  const moment = { activity: undefined as Spell["activity"] | undefined, managed: false, memoryMiB: 0, loading: false };
  const watched = rule.idleHours !== "off";
  const end = (at: number): void => {
    const { current } = node;
    if (current && isWork(current.spell.activity)) {
      worked.push([current.begun, at]);
      node.lastWork = at;
    }
  };
  for (let at = from; at < minutes; at++) {
    if (node.current && at >= node.current.end) {
      end(at);
      const { keepsMemory, memoryMiB } = node.current.spell;
      node.residentMiB = keepsMemory ? memoryMiB : 0;
      node.current = undefined;
    }
    node.current ??= queue.begin(at, node.residentMiB);
    if (!watched) continue;
    const { current } = node;
    const pass = at % rule.passMinutes === 0;
    if (!blind(at)) {
      moment.activity = current?.spell.activity;
      moment.managed = current?.spell.managed ?? false;
      moment.loading = current !== undefined && at < current.loadedAt;
      moment.memoryMiB = current ? filled(current, at, node.residentMiB) : node.residentMiB;
      const reading = sampler.read(at * MINUTE + random.next() * 3000, moment);
      if (reading) tracker.add(reading);
      // The watcher looks at the node itself, too.
      const now = pass ? sampler.read(at * MINUTE + WATCHER_MS, moment) : undefined;
      if (now) tracker.add(now);
    }
    if (pass && watcher(at)) {
      const working = current !== undefined && isWork(current.spell.activity);
      end(at);
      if (working) queue.putBack(current.spell, current.end - at);
      return { at, working, lastWork: node.lastWork, worked };
    }
  }
  end(minutes);
  return { at: minutes, working: false, lastWork: node.lastWork, worked };
}

/** The watcher's looks at one life of a node: true where it decides to stop it now. The decisions are those of `windlass watch`. */
function watch(
  rule: StopRule,
  faults: NodeFaults,
  tracker: IdleTracker,
  createdAt: number,
): (minute: number) => boolean {
  const away = inOutage(faults.watcher);
  const unreachable = inOutage(faults.reach);
  const windowMs = rule.idleHours === "off" ? Number.POSITIVE_INFINITY : rule.idleHours * 3_600_000;
  const facts: LifecycleFacts = {
    markers: { notices: [] },
    droplet: { createdAt: createdAt * MINUTE, status: "active" },
    timers: {
      ...{ autoShutdownHours: rule.idleHours, noticeMinutes: rule.noticeMinutes },
      ...{ expireStoppedDays: "off", maxLifetimeHours: "off" },
    },
    now: 0,
  };
  return (minute) => {
    if (away(minute)) return false;
    const now = minute * MINUTE + WATCHER_MS;
    const idle = !unreachable(minute) && tracker.idle(now, windowMs);
    // An active node of which nothing was announced is left alone, whatever the timers: no need to ask.
    if (!idle && facts.markers.notices.length === 0) return false;
    const { act } = decideLifecycle({ ...facts, now, idle: { idle, reason: "" } });
    if (act === "notice") facts.markers.notices.push({ action: "stop", at: new Date(now) });
    if (act === "withdraw") facts.markers.notices.length = 0;
    return act === "stop";
  };
}

/** GPU memory of a spell: it rises while the model is loaded. */
function filled({ spell, begun, loadedAt }: Running, at: number, residentMiB: number): number {
  if (at >= loadedAt) return Math.max(spell.memoryMiB, residentMiB);
  return residentMiB + ((spell.memoryMiB - residentMiB) * (at - begun)) / (loadedAt - begun);
}

/** What a stop and a resume of this node take, by the rates of the break-even. */
function stopCosts(load: NodeLoad, rule: StopRule): { stop: Range; resume: Range; storageMonthlyUsd: number } {
  const node = { usedRootGiB: load.usedRootGiB, hourlyUsd: rule.hourlyUsd };
  if (rule.strategy === "none") {
    const { resumeMinutes } = breakEven({ ...node, strategy: "golden" });
    return { stop: { least: 1, most: 3 }, resume: resumeMinutes, storageMonthlyUsd: 0 };
  }
  const strategy =
    rule.strategy === "auto" ? chooseStrategy({ ...node, snapshotOnStop: true, goldenPossible: true }) : rule.strategy;
  const { stopMinutes, resumeMinutes, storageMonthlyUsd } = breakEven({ ...node, strategy });
  return { stop: stopMinutes, resume: resumeMinutes, storageMonthlyUsd };
}
