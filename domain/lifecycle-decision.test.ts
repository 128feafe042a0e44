import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Decision, decideLifecycle, type LifecycleFacts, lifecycleWarnings } from "./lifecycle-decision.ts";
import { nodePhase } from "./node-marker.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 1, 12);
const timers = { autoShutdownHours: 24, expireStoppedDays: 30, maxLifetimeHours: 720, noticeMinutes: 15 } as const;
const idle = { idle: true, reason: "all GPUs below 5 % for 24 h" };
const busy = { idle: false, reason: "gpu 0 at 97 %" };
const running: LifecycleFacts = {
  markers: { notices: [] },
  droplet: { createdAt: NOW - 10 * DAY, status: "active" },
  timers,
  now: NOW,
};
const told = (action: string, at: number) => ({ notices: [{ action, at: new Date(at) }] });
const hold = (until: number) => ({ hold: { until: new Date(until), why: "benchmark" } });
const stopped = (at: number) => ({
  stopped: { operation: "o", strategy: "snapshot" as const, image: "1", size: "s", at: new Date(at) },
});

describe("an idle node", () => {
  it("is announced first, waits, then is stopped", () => {
    const first = decideLifecycle({ ...running, idle });
    expect(first).toMatchObject({ act: "notice", topic: "stop", reason: idle.reason, dueAt: NOW + 15 * 60_000 });
    const early = decideLifecycle({ ...running, idle, markers: told("stop", NOW - 14 * 60_000) });
    expect(early).toMatchObject({ act: "none", dueAt: NOW + 60_000 });
    expect(decideLifecycle({ ...running, idle, markers: told("stop", NOW - 15 * 60_000) }).act).toBe("stop");
  });

  it("is stopped at once where no notice is wanted", () => {
    expect(decideLifecycle({ ...running, idle, timers: { ...timers, noticeMinutes: 0 } }).act).toBe("stop");
  });

  it("needs a new announcement after a resume", () => {
    const markers = told("stop", NOW - 11 * DAY);
    expect(decideLifecycle({ ...running, idle, markers }).act).toBe("notice");
  });

  it("keeps running where the timer is off, and a notice of before is taken back", () => {
    const off = { ...running, idle, timers: { ...timers, autoShutdownHours: "off" as const } };
    expect(decideLifecycle(off)).toMatchObject({ act: "none", reason: "windlass:autoShutdownHours is off" });
    expect(decideLifecycle({ ...off, markers: told("stop", NOW - HOUR) }).act).toBe("withdraw");
  });
});

describe("an active node", () => {
  it("has its notice withdrawn, with what makes it active", () => {
    const decision = decideLifecycle({ ...running, idle: busy, markers: told("stop", NOW - HOUR) });
    expect(decision).toMatchObject({ act: "withdraw", topic: "stop", reason: busy.reason });
  });

  it("is announced at the end of its lifetime and stopped although it works", () => {
    const old = { ...running, idle: busy, droplet: { createdAt: NOW - 720 * HOUR, status: "active" } };
    expect(decideLifecycle(old)).toMatchObject({ act: "notice", topic: "lifetime", dueAt: NOW + 15 * 60_000 });
    expect(decideLifecycle({ ...old, markers: told("lifetime", NOW - 60_000) }).act).toBe("none");
    expect(decideLifecycle({ ...old, markers: told("lifetime", NOW - HOUR) }).act).toBe("stop");
    expect(decideLifecycle({ ...old, markers: { ...told("lifetime", NOW - HOUR), ...hold(NOW + 1) } })).toMatchObject({
      act: "withdraw",
      reason: expect.stringContaining("benchmark"),
    });
  });

  it("is announced ahead of the end of its lifetime, not after it", () => {
    const soon = { ...running, idle: busy, droplet: { createdAt: NOW - 720 * HOUR + 10 * 60_000, status: "active" } };
    expect(decideLifecycle(soon)).toMatchObject({ act: "notice", topic: "lifetime" });
  });

  it("is not announced twice where it is idle as well", () => {
    const old = { ...running, idle, droplet: { createdAt: NOW - 720 * HOUR, status: "active" } };
    expect(decideLifecycle(old)).toMatchObject({ act: "notice", topic: "lifetime" });
    expect(decideLifecycle({ ...old, markers: told("lifetime", NOW - 60_000) })).toMatchObject({
      act: "none",
      topic: "lifetime",
      dueAt: NOW + 14 * 60_000,
    });
    expect(decideLifecycle({ ...old, markers: told("stop", NOW - HOUR) }).act).toBe("notice");
  });

  it("counts as active where nothing is known of it", () => {
    expect(decideLifecycle(running)).toMatchObject({
      act: "none",
      reason: expect.stringContaining("nothing is known"),
    });
  });
});

describe("a stopped node", () => {
  const at = (days: number, more = {}) =>
    decideLifecycle({ timers, now: NOW, markers: { notices: [], ...stopped(NOW - days * DAY), ...more } });

  it("is announced a day before its expiry, then expires", () => {
    expect(at(28.9).act).toBe("none");
    expect(at(29)).toMatchObject({ act: "notice", topic: "expire", dueAt: NOW + DAY });
    expect(at(30, told("expire", NOW - DAY)).act).toBe("expire");
  });

  it("keeps its volume for a whole day after a late announcement", () => {
    expect(at(90)).toMatchObject({ act: "notice", dueAt: NOW + DAY });
    expect(at(90, told("expire", NOW - DAY + 1000)).act).toBe("none");
    expect(at(90, told("expire", NOW - DAY)).act).toBe("expire");
  });

  it("does not expire while it is held, and is announced anew afterwards", () => {
    expect(at(90, { ...told("expire", NOW - 2 * DAY), ...hold(NOW + 1) }).act).toBe("withdraw");
    expect(at(90, hold(NOW)).act).toBe("notice");
  });
});

it("goes on with a stop that was begun, and leaves what is expired or resuming alone", () => {
  const stopping = { notices: [], stopping: { operation: "o", strategy: "golden" as const } };
  const off = { droplet: { createdAt: NOW - 10 * DAY, status: "off" } };
  expect(decideLifecycle({ ...running, ...off, markers: stopping }).act).toBe("stop");
  expect(decideLifecycle({ ...running, ...off, markers: { ...stopping, ...hold(NOW + 1) } }).act).toBe("none");
  // Somebody has powered it on since: only idleness stops it, and people are told.
  expect(decideLifecycle({ ...running, idle: busy, markers: stopping }).act).toBe("none");
  expect(lifecycleWarnings({ ...running, markers: stopping })).toMatchObject([{ topic: "unfinished-stop" }]);
  const resuming = { notices: [], resuming: { operation: "000000000abcd", image: "1", size: "s" } };
  expect(decideLifecycle({ ...running, idle, markers: resuming }).act).toBe("none");
  expect(lifecycleWarnings({ ...running, markers: resuming })).toMatchObject([{ act: "warn", topic: "resume" }]);
});

it("warns of a droplet that is off and billed, and of an old key", () => {
  const off = { ...running, droplet: { createdAt: NOW - DAY, status: "off" }, keyCreatedAt: NOW - 91 * DAY };
  expect(lifecycleWarnings(off).map(({ topic }) => topic)).toEqual(["powered-off", "ssh-key"]);
  expect(lifecycleWarnings(off)[0]?.reason).toContain("STILL BILLED");
  expect(lifecycleWarnings({ ...running, keyCreatedAt: NOW - 89 * DAY })).toEqual([]);
});

const time = fc.integer({ min: NOW - 60 * DAY, max: NOW + 2 * DAY });
const date = time.map((at) => new Date(at));
const timer = (max: number) => fc.oneof(fc.constant("off" as const), fc.double({ min: 0.1, max, noNaN: true }));
const facts: fc.Arbitrary<LifecycleFacts> = fc.record(
  {
    markers: fc.record(
      {
        stopping: fc.constant({ operation: "o", strategy: "golden" as const }),
        stopped: date.map((at) => stopped(at.getTime()).stopped),
        resuming: fc.constant({ operation: "000000000abcd", image: "1", size: "s" }),
        hold: fc.record({ until: date, why: fc.constant("why") }),
        notices: fc.array(fc.record({ action: fc.constantFrom("stop", "lifetime", "expire", "other"), at: date })),
      },
      { requiredKeys: ["notices"] },
    ),
    droplet: fc.record({ createdAt: time, status: fc.constantFrom("active", "off") }),
    idle: fc.constantFrom(idle, busy),
    timers: fc.record({
      autoShutdownHours: timer(100),
      expireStoppedDays: timer(60),
      maxLifetimeHours: timer(2000),
      noticeMinutes: fc.constantFrom(0, 15, 3000),
    }),
    now: fc.constant(NOW),
  },
  { requiredKeys: ["markers", "timers", "now"] },
);

describe("for whatever facts", () => {
  const destroys = ({ act }: Decision) => act === "stop" || act === "expire";

  it("a stop has an idle verdict, the end of the lifetime, or a stop that was begun", () => {
    fc.assert(
      fc.property(facts, (given) => {
        if (decideLifecycle(given).act !== "stop") return;
        const lifetime = given.timers.maxLifetimeHours;
        const over =
          lifetime !== "off" && given.droplet !== undefined && NOW >= given.droplet.createdAt + lifetime * HOUR;
        const idled = given.idle?.idle === true && given.timers.autoShutdownHours !== "off";
        expect((nodePhase(given.markers) === "stopping" && given.droplet?.status !== "active") || idled || over).toBe(
          true,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it("a hold always wins", () => {
    fc.assert(
      fc.property(facts, fc.integer({ min: 1, max: DAY }), (given, ahead) => {
        const held = { ...given, markers: { ...given.markers, ...hold(NOW + ahead) } };
        expect(["none", "withdraw"]).toContain(decideLifecycle(held).act);
      }),
      { numRuns: 1000 },
    );
  });

  it("nothing is destroyed that was not announced for as long as it must be", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const decision = decideLifecycle(given);
        if (!destroys(decision) || (nodePhase(given.markers) === "stopping" && given.droplet?.status !== "active"))
          return;
        const lead = given.timers.noticeMinutes * 60_000;
        const needed = decision.act === "expire" ? Math.max(DAY, lead) : lead;
        const announced = given.markers.notices.some(
          ({ action, at }) => action === decision.topic && at.getTime() + needed <= NOW,
        );
        expect(needed === 0 || announced).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("nothing is done twice: what was stopped is not stopped again, what was announced not announced again", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const decision = decideLifecycle(given);
        const { markers } = given;
        if (decision.act === "notice") {
          const notices = [...markers.notices, { action: decision.topic, at: new Date(NOW) }];
          expect(decideLifecycle({ ...given, markers: { ...markers, notices } }).act).not.toBe("notice");
        }
        if (decision.act === "withdraw") {
          const notices = markers.notices.filter(({ action }) => action !== decision.topic);
          expect(decideLifecycle({ ...given, markers: { ...markers, notices } })).not.toMatchObject({
            act: "withdraw",
            topic: decision.topic,
          });
        }
        if (decision.act === "stop") {
          const after = { notices: [], ...stopped(NOW) };
          expect(destroys(decideLifecycle({ ...given, markers: after }))).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
