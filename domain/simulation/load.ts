import { Random } from "./random.ts";

/** What a node does in a spell of time. The last two are no work: nobody would miss them. */
export type Activity = "training" | "preparing" | "session" | "serving" | "trickle" | "hung" | "forgotten";

/** A spell of one activity, as people want it; times in minutes since Monday, 00:00. */
export interface Spell {
  start: number;
  minutes: number;
  activity: Activity;
  /** Ends at its time however late it began, as office hours do; else it takes its minutes. */
  byTheClock: boolean;
  /** Counted as a job: the sampler sees that it runs, whatever the GPU does. */
  managed: boolean;
  /** GPU memory that it needs, in MiB. */
  memoryMiB: number;
  /** Minutes to fill that memory; the GPU stands still while it is done. */
  loadMinutes: number;
  /** Whether the memory stays in use afterwards. */
  keepsMemory: boolean;
}

/** What a node's month looks like before anybody stops it. */
export interface NodeLoad {
  pattern: PatternName;
  /** In order of their start; they may overlap, then the later one waits. */
  spells: Spell[];
  gpus: number;
  usedRootGiB: number;
}

/** The patterns of load, and the share of nodes that has each. */
export const PATTERNS = {
  "training in bursts": { share: 0.28, make: bursts },
  "office hours": { share: 0.24, make: officeHours },
  "forgotten notebook": { share: 0.15, make: forgottenNotebook },
  "serving, quiet at night": { share: 0.12, make: serving },
  "serving, few requests": { share: 0.05, make: fewRequests },
  "crashed and hung jobs": { share: 0.08, make: crashes },
  "long training": { share: 0.08, make: longTraining },
} as const satisfies Record<string, { share: number; make: (random: Random, minutes: number) => Spell[] }>;

export type PatternName = keyof typeof PATTERNS;

const HOUR = 60;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** Whether people or jobs need the node for it. */
export function isWork(activity: Activity): boolean {
  return activity !== "hung" && activity !== "forgotten";
}

/** The load of node `index` of a fleet with that seed. It does not depend on what is decided about the node. */
export function nodeLoad(seed: number, index: number, nodes: number, minutes: number): NodeLoad {
  const random = new Random(seed, index);
  const pattern = patternOf((index + 0.5) / nodes);
  const spells = PATTERNS[pattern].make(random, minutes).filter(({ start }) => start < minutes);
  spells.sort((a, b) => a.start - b.start);
  return {
    pattern,
    spells,
    gpus: random.chance(0.1) ? 2 : 1,
    usedRootGiB: Math.min(400, random.lognormal(45, 0.6)),
  };
}

/** Shares are exact, not drawn: node 1 to 280 of 1,000 have the first pattern, and so on. */
function patternOf(position: number): PatternName {
  const names = Object.keys(PATTERNS) as PatternName[];
  const all = names.reduce((sum, name) => sum + PATTERNS[name].share, 0);
  let upTo = 0;
  for (const name of names) {
    upTo += PATTERNS[name].share / all;
    if (position < upTo) return name;
  }
  return names.at(-1) as PatternName;
}

const SPELL = { byTheClock: false, managed: false, memoryMiB: 0, loadMinutes: 0, keepsMemory: false };

function job(random: Random, start: number, minutes: number, managed: boolean): Spell {
  const loadMinutes = Math.round(random.between(1, 8));
  return { ...SPELL, activity: "training", start, minutes, managed, memoryMiB: 60_000, loadMinutes };
}

/** Whoever starts what nobody registered is logged in for that; answers when the session ends. */
function startedByHand(spells: Spell[], random: Random, at: number): number {
  const session = { ...SPELL, activity: "session", start: at, minutes: random.between(8, 40) } as const;
  spells.push(session);
  return at + session.minutes;
}

/** Sweeps of jobs, then nothing for hours or days; those that nobody registered begin with work on the CPU alone. */
function bursts(random: Random, minutes: number): Spell[] {
  const spells: Spell[] = [];
  const managed = random.chance(0.8);
  let at = random.between(0, 2 * DAY);
  while (at < minutes) {
    if (!managed) at = startedByHand(spells, random, at);
    for (let left = random.whole(1, 6); left > 0; left--) {
      if (!managed && random.chance(0.4)) {
        const takes = Math.min(5 * HOUR, random.lognormal(25, 1));
        spells.push({ ...SPELL, activity: "preparing", start: at, minutes: takes });
        at += takes;
      }
      const takes = Math.min(30 * HOUR, random.lognormal(3 * HOUR, 0.9));
      spells.push(job(random, at, takes, managed));
      at += takes + random.between(0, 25);
    }
    at += 2 * HOUR + random.exponential(40 * HOUR);
  }
  return spells;
}

/** Somebody is logged in from morning to evening on weekdays; some evenings end with a run overnight. */
function officeHours(random: Random, minutes: number): Spell[] {
  const spells: Spell[] = [];
  const managed = random.chance(0.7);
  for (let day = 0; day < minutes; day += DAY) {
    if (day % WEEK >= 5 * DAY || random.chance(0.08)) continue;
    const from = day + random.between(8, 10.5) * HOUR;
    const to = day + random.between(16, 19) * HOUR;
    const lunch = random.between(12, 13.5) * HOUR + day;
    const office = { ...SPELL, activity: "session", byTheClock: true, memoryMiB: 30_000, loadMinutes: 3 } as const;
    spells.push({ ...office, start: from, minutes: lunch - from, keepsMemory: true });
    spells.push({ ...office, start: lunch + HOUR, minutes: to - lunch - HOUR, keepsMemory: random.chance(0.5) });
    if (random.chance(0.25)) spells.push(job(random, to + 5, random.between(3, 12) * HOUR, managed));
  }
  return spells;
}

/** A few hours of work, then a kernel that holds the memory for days; sometimes a session stays open until night. */
function forgottenNotebook(random: Random, minutes: number): Spell[] {
  const spells: Spell[] = [];
  let at = random.between(8, 18) * HOUR + random.whole(0, 4) * DAY;
  while (at < minutes) {
    const visit = random.between(1, 5) * HOUR;
    const open = random.chance(0.3) ? random.between(2, 14) * HOUR : 0;
    const away = random.between(1, 9) * DAY;
    const held = { ...SPELL, memoryMiB: 40_000, keepsMemory: true };
    spells.push({ ...held, activity: "session", start: at, minutes: visit + open, loadMinutes: 4 });
    spells.push({ ...held, activity: "forgotten", byTheClock: true, start: at + visit + open, minutes: away });
    at += visit + open + away;
  }
  return spells;
}

/** A model that is used from early to late; most nights nobody asks it anything. */
function serving(random: Random, minutes: number): Spell[] {
  const spells: Spell[] = [];
  const service = { ...SPELL, byTheClock: true, memoryMiB: 70_000, keepsMemory: true } as const;
  const loadMinutes = Math.round(random.between(5, 16));
  for (let day = 0; day < minutes; day += DAY) {
    const free = day % WEEK >= 5 * DAY;
    const from = day + (free ? random.between(8, 11) : random.between(5.5, 8)) * HOUR;
    const to = day + (free ? random.between(19, 22) : random.between(21, 23.9)) * HOUR;
    if (random.chance(0.4))
      spells.push({ ...service, activity: "trickle", start: day, minutes: from - day, loadMinutes });
    spells.push({ ...service, activity: "serving", start: from, minutes: to - from, loadMinutes });
  }
  return spells;
}

/** A request now and then, day and night; a few times a month nobody needs it for a day or two. */
function fewRequests(random: Random, minutes: number): Spell[] {
  const spells: Spell[] = [];
  const service = { ...SPELL, activity: "trickle", byTheClock: true, memoryMiB: 70_000, keepsMemory: true } as const;
  for (let at = 0; at < minutes; ) {
    const takes = DAY + random.exponential(8 * DAY);
    spells.push({ ...service, start: at, minutes: takes, loadMinutes: Math.round(random.between(5, 16)) });
    at += takes + random.between(10, 70) * HOUR;
  }
  return spells;
}

/** Jobs that die or hang on the way, and are seen to on the next morning of a weekday. */
function crashes(random: Random, minutes: number): Spell[] {
  const spells: Spell[] = [];
  let at = random.between(9, 17) * HOUR + random.whole(0, 2) * DAY;
  while (at < minutes) {
    const planned = random.between(10, 60) * HOUR;
    const ends = at + planned * (random.chance(0.7) ? random.between(0.05, 0.95) : 1);
    spells.push(job(random, at, ends - at, true));
    const seen = morningAfter(Math.max(ends, at + planned), random);
    if (ends < at + planned && random.chance(0.3))
      spells.push({
        ...SPELL,
        activity: "hung",
        byTheClock: true,
        start: ends,
        minutes: seen - ends,
        managed: true,
        memoryMiB: 60_000,
      });
    at = seen + random.between(0, 3) * DAY * (random.chance(0.4) ? 1 : 0);
  }
  return spells;
}

/** One training for most of the month, with evaluations and preparations in between that leave the GPU alone. */
function longTraining(random: Random, minutes: number): Spell[] {
  const spells: Spell[] = [];
  const managed = random.chance(0.6);
  const until = minutes * random.between(0.6, 1);
  let at = random.between(0, 5) * DAY;
  if (!managed) at = startedByHand(spells, random, at);
  while (at < until) {
    const takes = random.between(6, 30) * HOUR;
    spells.push(job(random, at, takes, managed));
    const preparing = Math.min(3 * HOUR, random.lognormal(30, 0.8));
    spells.push({ ...SPELL, activity: "preparing", start: at + takes, minutes: preparing, managed });
    at += takes + preparing;
  }
  return spells;
}

/** Between 8 and 11 on the next day that is a weekday. */
function morningAfter(minute: number, random: Random): number {
  let day = Math.floor(minute / DAY) * DAY + DAY;
  while (day % WEEK >= 5 * DAY) day += DAY;
  return day + random.between(8, 11) * HOUR;
}
