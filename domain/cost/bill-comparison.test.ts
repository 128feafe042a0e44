import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { monthOf } from "../forecast.ts";
import { accruedUsd, dropletRate } from "./accrual.ts";
import { type Charge, compareBill, type ExpectedThing } from "./bill-comparison.ts";

const HOUR = 3_600_000;
const month = monthOf(Date.parse("2026-11-10"));
const at = month.start + 300 * HOUR;
const rate = dropletRate("gpu-h100x1-80gb", 4);
const node: ExpectedThing = {
  ...{ id: "7", kind: "droplet", name: "gpu-1", what: "gpu-h100x1-80gb" },
  ...{ rate, from: month.start - 1000 * HOUR, monthlyUsd: 4 * 730 },
};
const charge = (changed: Partial<Charge> & { hours: number }): Charge => ({
  ...{ id: "7", product: "Droplets", description: "gpu-1 (gpu-h100x1-80gb)", from: month.start },
  until: (changed.from ?? month.start) + changed.hours * HOUR,
  usd: Math.round(changed.hours * 400) / 100,
  ...changed,
});
const compare = (things: ExpectedThing[], charges: Charge[]) => {
  const rows = compareBill(things, charges, { month, at, priceOf: () => rate });
  const [row] = rows;
  if (!row) throw new Error("no row");
  return { ...row, rows, codes: row.reasons.map(({ code }) => code) };
};

describe("a thing that is there", () => {
  it("is billed what was expected, for the part of the month that is over", () => {
    const row = compare([node], [charge({ hours: 300 })]);
    expect(row).toMatchObject({ monthlyUsd: 2920, expectedUsd: 1200, billedUsd: 1200, differenceUsd: 0 });
    expect(row.reasons).toMatchObject([
      { code: "partly lived", usd: 0, text: expect.stringContaining("300 of the month's 720 h") },
    ]);
  });

  it("says since when it is there where that is this month", () => {
    const row = compare([{ ...node, from: at - 10 * HOUR }], [charge({ from: at - 10 * HOUR, hours: 10 })]);
    expect(row).toMatchObject({ expectedUsd: 40, differenceUsd: 0 });
    expect(row.reasons[0]?.text).toContain("it was made on 2026-11-13 02:00Z");
  });

  it("shows another price, with both", () => {
    const row = compare([node], [charge({ hours: 300, usd: 1323 })]);
    expect(row).toMatchObject({ differenceUsd: 123, codes: ["partly lived", "price"] });
    expect(row.reasons[1]).toMatchObject({
      usd: 123,
      text: expect.stringContaining("charged $4.41 an hour, $4.00 by"),
    });
  });

  it("shows usage that no estimate has", () => {
    const row = compare([node], [charge({ hours: 300 }), charge({ hours: 300, product: "Bandwidth", usd: 17.5 })]);
    expect(row.reasons.find(({ code }) => code === "usage")).toMatchObject({ usd: 17.5 });
    expect(row.differenceUsd).toBe(17.5);
  });

  it("shows the time before a resize", () => {
    const before = charge({ hours: 100, usd: 157 });
    const row = compare([node], [before, charge({ from: before.until, hours: 200 })]);
    expect(row).toMatchObject({ differenceUsd: -243, codes: ["partly lived", "resized"] });
  });

  it("says that it is not billed yet", () => {
    expect(compare([node], [])).toMatchObject({ billedUsd: 0, codes: ["partly lived", "not billed yet"] });
  });

  it("calls cents rounding, and dollars that nothing explains so", () => {
    expect(compare([node], [charge({ hours: 300, usd: 1200.01 })]).codes).toContain("rounding");
    const short = compare([node], [charge({ hours: 200 })]);
    expect(short.reasons.at(-1)).toMatchObject({ code: "unexplained", usd: -400 });
    expect(compare([node], [charge({ hours: 299.75 })]).reasons.at(-1)).toMatchObject({ code: "unexplained", usd: -1 });
    const small = { ...node, rate: { hourlyUsd: 0.0014 }, from: at - 10 * HOUR };
    const cent = charge({ product: "Volumes", from: small.from, hours: 10, usd: 0.02 });
    expect(compare([small], [cent]).codes).toEqual(["partly lived", "rounding"]);
  });

  it("does not take the month's cap for another price", () => {
    const cpu = { ...node, rate: dropletRate("s-1vcpu-1gb", 0.01), monthlyUsd: 6.72 };
    const whole = compareBill([cpu], [charge({ hours: 720, usd: 6.72 })], {
      month,
      at: month.end,
      priceOf: () => rate,
    });
    expect(whole[0]).toMatchObject({ expectedUsd: 6.72, differenceUsd: 0, reasons: [] });
  });
});

describe("a thing that is not there any more", () => {
  it("is expected by the price of its size", () => {
    expect(compare([], [charge({ hours: 20 })])).toMatchObject({
      ...{ monthlyUsd: null, expectedUsd: 80, billedUsd: 80, codes: ["ended"] },
    });
  });

  it("is expected at nothing that is made up where its size is not known", () => {
    const [row] = compareBill([], [charge({ hours: 20 })], { month, at, priceOf: () => undefined });
    expect(row).toMatchObject({ expectedUsd: null, differenceUsd: null, billedUsd: 80 });
  });
});

it("the reasons add up to the difference, and nothing of the bill is lost", () => {
  const amount = fc.integer({ min: 0, max: 500_000 }).map((cents) => cents / 100);
  const charges = fc.array(
    fc.record({
      id: fc.constantFrom("7", "8", "9"),
      product: fc.constantFrom("Droplets", "Bandwidth", "Volumes"),
      hours: fc.integer({ min: 0, max: 300 }),
      usd: amount,
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(charges, (random) => {
      const all = random.map(charge);
      const rows = compareBill([node, { ...node, id: "8" }], all, { month, at, priceOf: () => rate });
      for (const { reasons, differenceUsd } of rows)
        expect(reasons.reduce((sum, reason) => sum + reason.usd, 0)).toBeCloseTo(differenceUsd ?? 0, 6);
      const billed = rows.reduce((sum, row) => sum + row.billedUsd, 0);
      expect(billed).toBeCloseTo(
        all.reduce((sum, one) => sum + one.usd, 0),
        6,
      );
      expect(accruedUsd(rate, month.start, at)).toBeCloseTo(rows[0]?.expectedUsd ?? 0, 6);
    }),
  );
});
