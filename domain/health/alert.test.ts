import fc from "fast-check";
import { expect, test } from "vitest";
import { type AlertRule, type AlertState, CLAIM_MS, step } from "./alert.ts";
import { parseCondition } from "./condition.ts";

const MINUTE = 60_000;
const rule: AlertRule = {
  ...{ name: "down", targets: ["*"], condition: parseCondition("unhealthy"), severity: "critical" },
  ...{ forMs: 5 * MINUTE, repeatMs: 60 * MINUTE },
};

/** Looks once a minute, and tells whatever there is to tell at once. */
function told(looks: readonly (boolean | undefined)[]): string[] {
  let state: AlertState | undefined;
  const news: string[] = [];
  for (const [minute, held] of looks.entries()) {
    const now = minute * MINUTE;
    const next = step(rule, state, held, now);
    state = next.state;
    if (next.news) news.push(`${minute} ${next.news}`);
    if (next.news && state) {
      const { claimedUntil: _, ...rest } = state;
      state = { ...rest, toldAt: now };
    }
  }
  return news;
}
const times = (count: number, held: boolean | undefined) => Array.from({ length: count }, () => held);

test("what holds for less than the rule's time is not told, nor that it ended", () => {
  expect(told([...times(5, true), false, ...times(5, true), false])).toEqual([]);
});

test("what holds is told once, again after its time, and when it is over", () => {
  expect(told([...times(130, true), false, false])).toEqual([
    "5 firing",
    "65 still firing",
    "125 still firing",
    "130 resolved",
  ]);
});

test("what cannot be read neither starts, nor ends, nor fires an alert", () => {
  expect(told(times(100, undefined))).toEqual([]);
  expect(told([true, ...times(20, undefined), false])).toEqual([]);
  expect(told([true, ...times(20, undefined), true])).toEqual(["21 firing"]);
  expect(told([...times(6, true), ...times(3, undefined), false])).toEqual(["5 firing", "9 resolved"]);
});

test("while a process tells it no other does; one that died in it is replaced", () => {
  const pending: AlertState = { phase: "pending", since: 0 };
  const first = step(rule, pending, true, 5 * MINUTE);
  expect(first.news).toBe("firing");
  expect(step(rule, first.state, true, 5 * MINUTE + CLAIM_MS - 1).news).toBeUndefined();
  expect(step(rule, first.state, true, 5 * MINUTE + CLAIM_MS).news).toBe("firing");
});

test("against a model: fires only after an unbroken time, resolves only what fired, never twice in a row within the repeat time", () => {
  const look = fc.constantFrom(true, true, true, true, false, undefined);
  fc.assert(
    fc.property(fc.array(look, { maxLength: 300 }), (looks) => {
      const events = told(looks).map((line) => [Number(line.split(" ")[0]), line.replace(/^\d+ /, "")] as const);
      let open: number | undefined;
      for (const [minute, news] of events) {
        const before = looks.slice(0, minute);
        if (news === "resolved") {
          expect(open).toBeDefined();
          expect(looks[minute]).toBe(false);
          open = undefined;
          continue;
        }
        expect(looks[minute]).toBe(true);
        const began = looks.findIndex((held, index) => index > before.lastIndexOf(false) && held === true);
        expect(minute - began).toBeGreaterThanOrEqual(5);
        if (news === "firing") expect(open).toBeUndefined();
        else expect(minute - (open ?? minute)).toBeGreaterThanOrEqual(60);
        open = minute;
      }
    }),
  );
});
