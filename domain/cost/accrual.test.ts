import fc from "fast-check";
import { expect, test } from "vitest";
import { accruedUsd, dropletRate } from "./accrual.ts";

const at = (text: string) => Date.parse(`${text}Z`);
const DAY = 86_400_000;

test("by the second, at least a minute and a cent", () => {
  const gpu = dropletRate("gpu-h100x1-80gb", 3.6);
  const start = at("2026-03-01T00:00");
  expect(accruedUsd(gpu, start, start + 1_800_000)).toBeCloseTo(1.8, 9);
  expect(accruedUsd(gpu, start, start + 1000)).toBeCloseTo(0.06, 9);
  expect(accruedUsd(dropletRate("s-1vcpu-1gb", 0.00893), start, start + 1000)).toBe(0.01);
  expect(accruedUsd(gpu, start, start - 1)).toBe(0);
});

test("a CPU droplet costs at most 672 hours of each calendar month, a GPU droplet every hour", () => {
  const [from, until] = [at("2026-03-01T00:00"), at("2026-05-01T00:00")];
  expect(accruedUsd(dropletRate("s-1vcpu-1gb", 0.01), from, until)).toBeCloseTo(13.44, 9);
  expect(accruedUsd(dropletRate("gpu-h100x1-80gb", 1), from, until)).toBe(61 * 24);
  expect(accruedUsd(dropletRate("s-1vcpu-1gb", 0.01), from, from + 28 * DAY)).toBeCloseTo(6.72, 9);
  expect(accruedUsd(dropletRate("s-1vcpu-1gb", 0.01), from, from + 29 * DAY)).toBeCloseTo(6.72, 9);
});

test("longer never costs less, and a GPU's time can be cut anywhere", () => {
  const time = fc.integer({ min: 120_000, max: 90 * DAY });
  fc.assert(
    fc.property(fc.constantFrom("gpu-a", "s-a"), time, time, (slug, first, second) => {
      const rate = dropletRate(slug, 2.5);
      const start = at("2026-01-15T10:00");
      const whole = accruedUsd(rate, start, start + first + second);
      expect(whole).toBeGreaterThanOrEqual(accruedUsd(rate, start, start + first));
      if (slug !== "gpu-a") return;
      const cut = accruedUsd(rate, start, start + first) + accruedUsd(rate, start + first, start + first + second);
      expect(cut).toBeCloseTo(whole, 6);
    }),
  );
});
