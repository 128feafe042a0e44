import fc from "fast-check";
import { expect, it } from "vitest";
import type { Decision } from "./lifecycle-decision.ts";
import { noticeText, saving, savingText } from "./saving.ts";

const price = { hourlyUsd: 4.41, storageMonthlyUsd: 2.4 };

it("counts the measured idle hours only, and takes off what storing costs all day", () => {
  const result = saving(price, { coveredHours: 48, idleHours: 12 });
  expect(result).toMatchObject({ idleHoursPerDay: 6, measuredHours: 48 });
  expect(result.savedPerHourUsd).toBeCloseTo(4.41 - 2.4 / 730, 6);
  expect(result.perDayUsd).toBe(26.38);
  expect(savingText(result)).toBe(
    "Each stopped hour saves $4.41: the droplet's $4.41 less $0.0033 for what is stored. It was idle for 6 of 24 hours, as measured over the last 48 h; stopped in those hours, a day like these saves $26.38.",
  );
});

it("says nothing of days where nothing, or less than a day, was measured", () => {
  const nothing = saving(price, { coveredHours: 0, idleHours: 0 });
  expect(nothing).not.toHaveProperty("perDayUsd");
  expect(savingText(nothing)).toContain("not measured");
  expect(savingText(saving(price, { coveredHours: 2, idleHours: 2 }))).toContain("too short");
});

it("says so where stopping saves nothing", () => {
  const busy = saving({ hourlyUsd: 0.01, storageMonthlyUsd: 100 }, { coveredHours: 48, idleHours: 1 });
  expect(busy.perDayUsd).toBeLessThan(0);
  expect(savingText(busy)).toContain("would save nothing");
});

it("never promises more than the whole day's price", () => {
  const hours = fc.double({ min: 0, max: 1000, noNaN: true });
  fc.assert(
    fc.property(hours, hours, fc.double({ min: 0, max: 50, noNaN: true }), (coveredHours, idleHours, storage) => {
      const { perDayUsd = 0 } = saving({ ...price, storageMonthlyUsd: storage }, { coveredHours, idleHours });
      expect(perDayUsd).toBeLessThanOrEqual(24 * price.hourlyUsd + 0.005);
    }),
  );
});

const decision: Decision = {
  act: "notice",
  topic: "stop",
  reason: "idle",
  dueAt: Date.UTC(2026, 0, 2, 3),
  evidence: {},
};

it("says before what will be done, when and how to keep it, and after what is still billed", () => {
  const before = noticeText(decision, "gpu-1", "before", {
    saving: saving(price, { coveredHours: 48, idleHours: 12 }),
  });
  expect(before.title).toBe("gpu-1: it will be stopped at 2026-01-02T03:00Z");
  expect(before.text).toContain("windlass node hold gpu-1");
  expect(before.text).toContain("saves $26.38");
  const after = noticeText({ ...decision, act: "stop" }, "gpu-1", "after", {
    stillBilled: [{ name: "data", monthlyUsd: 10 }],
  });
  expect(after.title).toBe("gpu-1: it was stopped, and its bill has ended");
  expect(after.text).toContain("Still billed: data, $10.00 a month.");
  expect(noticeText({ ...decision, topic: "expire" }, "n", "before").title).toContain("archived and deleted at 2026");
  expect(noticeText({ ...decision, act: "withdraw" }, "n", "after").title).toBe("n: it will not be stopped");
});
