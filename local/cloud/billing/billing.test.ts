import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CPU, GPU, START, testCloud } from "../test-cloud.ts";
import { amountUntil, hourlyPrice, monthlyAmounts } from "./prices.ts";

const HOUR = 3_600_000;
const start = Date.parse(START);

describe("the price of a stretch of time", () => {
  const gpu = { kind: "droplet", hourly: 4.41, capHours: null, since: start, until: null } as const;
  const cpu = { kind: "droplet", hourly: 0.00893, capHours: 672, since: start, until: null } as const;

  test("is by the second, at least 60 of them and at least a cent", () => {
    expect(amountUntil(gpu, start + HOUR)).toBeCloseTo(4.41, 9);
    expect(amountUntil(gpu, start + 90_000)).toBeCloseTo((4.41 * 90) / 3600, 9);
    expect(amountUntil({ ...gpu, until: start + 1000 }, start + HOUR)).toBeCloseTo((4.41 * 60) / 3600, 9);
    expect(amountUntil({ ...cpu, until: start + 1000 }, start + HOUR)).toBe(0.01);
    expect(amountUntil(gpu, start - 1)).toBe(0);
  });

  test("is capped at 672 hours of a calendar month for CPU droplets, and only for them", () => {
    const april = Date.parse("2026-04-01T00:00:00Z");
    expect(amountUntil(cpu, april)).toBeCloseTo(0.00893 * 672, 9);
    expect(monthlyAmounts(cpu, april + HOUR)).toEqual([
      { month: "2026-03", amount: 0.00893 * 672 },
      { month: "2026-04", amount: 0.00893 },
    ]);
    expect(amountUntil(gpu, april)).toBeCloseTo(4.41 * 744, 9);
  });

  test("adds up: for any stretches, whatever the moment it is asked at (random)", () => {
    const meter = fc.record({
      kind: fc.constantFrom("droplet", "volume", "snapshot", "reserved_ip" as const),
      hourly: fc.double({ min: 0.0001, max: 40, noNaN: true }),
      capHours: fc.constantFrom(null, 672),
      since: fc.integer({ min: 0, max: 800 * 24 * 3600 }).map((s) => start + s * 1000),
      seconds: fc.integer({ min: 0, max: 200 * 24 * 3600 }),
    });
    fc.assert(
      fc.property(meter, ({ seconds, ...rest }) => {
        const until = rest.since + seconds * 1000;
        const ended = { ...rest, until } as Parameters<typeof amountUntil>[0];
        const amount = amountUntil(ended, until);
        // Closed form: hours of each calendar month, capped, with the minimum of the kind.
        const billed = rest.kind === "droplet" ? Math.max(60, seconds) : seconds;
        const minimum = rest.kind === "droplet" || rest.kind === "snapshot" ? 0.01 : 0;
        expect(amount).toBeCloseTo(Math.max(minimum, rest.hourly * cappedHours(rest.since, billed, rest.capHours)), 6);
        // Once ended, it never changes again; and it never falls on the way there.
        expect(amountUntil(ended, until + 1e10)).toBe(amount);
        expect(amountUntil({ ...ended, until: null }, rest.since + (seconds * 1000) / 2)).toBeLessThanOrEqual(
          amount + 1e-9,
        );
      }),
    );
  });
});

/** By walking through the hours' ends one calendar month after the other. */
function cappedHours(since: number, seconds: number, cap: number | null): number {
  const hours = new Map<string, number>();
  for (let left = seconds, at = since; left > 0; ) {
    const key = new Date(at).toISOString().slice(0, 7);
    const [year, month] = key.split("-").map(Number) as [number, number];
    const span = Math.min(left, (Date.UTC(year, month, 1) - at) / 1000);
    hours.set(key, (hours.get(key) ?? 0) + span / 3600);
    left -= span;
    at += span * 1000;
  }
  return [...hours.values()].reduce((sum, h) => sum + Math.min(h, cap ?? h), 0);
}

describe("the bill", () => {
  test("has every resource with what it has cost; off droplets cost on, destroyed ones no more", async () => {
    const { api, cloud, control } = await testCloud();
    const { droplet } = await api.ok("POST", "/droplets", { ...GPU, tags: ["windlass"] });
    await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 730 });
    await cloud.advance(3600);
    await api.ok("POST", `/droplets/${droplet.id}/actions`, { type: "power_off" });
    await cloud.advance(3600);
    const lines = async () =>
      (await control.ok("GET", "/bill")).resources.map((r: { kind: string; amount: number }) => [r.kind, r.amount]);
    expect(await lines()).toEqual([
      ["droplet", 8.82],
      ["volume", 0.2],
    ]);
    await api("DELETE", `/droplets/${droplet.id}`);
    await cloud.advance(3600);
    const bill = await control.ok("GET", "/bill");
    expect(bill).toMatchObject({ currency: "USD", now: "2026-03-01T03:00:00.000Z", total: 9.12 });
    expect(bill.resources[0]).toEqual({
      kind: "droplet",
      id: String(droplet.id),
      name: "gpu-1",
      region: "tor1",
      tags: ["windlass"],
      size: "gpu-h100x1-80gb",
      hourly: 4.41,
      since: "2026-03-01T00:00:00.000Z",
      until: "2026-03-01T02:00:00.000Z",
      amount: 8.82,
    });
    expect((await control.ok("GET", "/bill?at=2026-03-01T00:30:00Z")).total).toBe(2.255);
    expect(cloud.bill().total).toBe(9.12);
  });

  test("after a resize the old price ends where the new one begins", async () => {
    const { api, cloud, control } = await testCloud();
    const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
    await cloud.advance(10 * 3600);
    await api.ok("POST", `/droplets/${id}/actions`, { type: "power_off" });
    await api.ok("POST", `/droplets/${id}/actions`, { type: "resize", size: "s-2vcpu-4gb" });
    await cloud.advance(10 * 3600);
    const { resources } = await control.ok("GET", "/bill");
    expect(resources.map((r: { size: string; amount: number }) => [r.size, r.amount])).toEqual([
      ["s-1vcpu-1gb", 0.0893],
      ["s-2vcpu-4gb", 0.3571],
    ]);
  });

  test("a reserved address costs only while nothing has it; a snapshot costs by what is in it", async () => {
    const { api, cloud, control } = await testCloud();
    const { id } = (await api.ok("POST", "/droplets", CPU)).droplet;
    const { ip } = (await api.ok("POST", "/reserved_ips", { droplet_id: id })).reserved_ip;
    await cloud.advance(730 * 3600);
    await api.ok("POST", `/reserved_ips/${ip}/actions`, { type: "unassign" });
    await api.ok("POST", `/droplets/${id}/actions`, { type: "snapshot", name: "s" });
    await cloud.advance(730 * 3600);
    const { resources } = await control.ok("GET", "/bill");
    const of = (kind: string) =>
      resources
        .filter((r: { kind: string }) => r.kind === kind)
        .reduce((sum: number, r: { amount: number }) => sum + r.amount, 0);
    expect(of("reserved_ip")).toBeCloseTo(5, 6);
    expect(of("snapshot")).toBeCloseTo(2.5 * 0.06, 6);
    expect(resources.at(-1).hourly).toBe(hourlyPrice.snapshot(2.5));
  });
});

test("balance, invoices and insights say the same as the bill", async () => {
  const { api, cloud } = await testCloud();
  await api.ok("POST", "/droplets", GPU);
  await cloud.advance(10 * 3600);
  expect(await api.ok("GET", "/customers/my/balance")).toEqual({
    month_to_date_balance: "44.10",
    account_balance: "0.00",
    month_to_date_usage: "44.10",
    generated_at: "2026-03-01T10:00:00Z",
  });
  await cloud.advance(31 * 24 * 3600);
  const { invoices, invoice_preview } = await api.ok("GET", "/customers/my/invoices");
  expect(invoices).toMatchObject([{ invoice_period: "2026-03", amount: "3281.04" }]);
  expect(invoice_preview).toMatchObject({ invoice_period: "2026-04", amount: "44.10" });
  const { invoice_items } = await api.ok("GET", `/customers/my/invoices/${invoices[0].invoice_uuid}`);
  expect(invoice_items).toMatchObject([
    { product: "Droplets", amount: "3281.04", duration: "744", description: "gpu-1 (gpu-h100x1-80gb)" },
  ]);
  expect(await api.ok("GET", `/customers/my/invoices/${invoices[0].invoice_uuid}/summary`)).toMatchObject({
    amount: "3281.04",
    product_charges: { items: [{ name: "Droplets", count: "1" }] },
  });
  expect((await api.ok("GET", "/customers/my/billing_history")).billing_history).toMatchObject([
    { type: "Invoice" },
    { type: "Payment" },
  ]);
  const insights = await api.ok("GET", "/billing/do:team:x/insights/2026-03-01/2026-03-31?per_page=10&page=2");
  expect(insights).toMatchObject({ total_items: 31, total_pages: 4, current_page: 2 });
  expect(insights.data_points[0]).toMatchObject({ start_date: "2026-03-11", total_amount: "105.84", region: "tor1" });
});
