import { expect, test } from "vitest";
import { TAG_PATTERN } from "./tags.ts";
import { IDLE_STOP_TAG, MAX_LIFETIME_TAG, timerOf, timerTags } from "./timer-tags.ts";

test.each([
  [24, 720, "24h", "720h"],
  [0.1, 1.5, "6m", "90m"],
  ["off", 0.001, "off", "1m"],
] as const)(
  "timers of %s and %s hours are tags that say %s and %s",
  (autoShutdownHours, maxLifetimeHours, idle, life) => {
    const tags = timerTags({ autoShutdownHours, maxLifetimeHours });
    expect(tags).toEqual([`windlass-idle-stop:${idle}`, `windlass-max-lifetime:${life}`]);
    for (const tag of tags) expect(tag).toMatch(TAG_PATTERN);
  },
);

test("a timer is read out of tags, whatever their letter case", () => {
  const tags = ["windlass", "Windlass-Idle-Stop:90m", "windlass-max-lifetime:soon"];
  expect(timerOf(tags, IDLE_STOP_TAG)).toEqual({ text: "90m", milliseconds: 5_400_000 });
  expect(timerOf(tags, MAX_LIFETIME_TAG)).toEqual({ text: "soon" });
  expect(timerOf(["windlass-max-lifetime:off"], MAX_LIFETIME_TAG)).toEqual({ text: "off" });
  expect(timerOf(["windlass"], IDLE_STOP_TAG)).toBeUndefined();
});
