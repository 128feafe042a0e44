import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { estimate, transferAllowanceGiB } from "./estimate.ts";
import { resource, TEST_PRICES } from "./testing.ts";
import { usageFrom } from "./usage.ts";

const droplet = (name: string) => resource("droplet", { size: "s-1vcpu-1gb" }, { name });

describe("sums", () => {
  test("the difference to what is there, and how much of it is covered", () => {
    const after = [
      droplet("a"),
      droplet("b"),
      resource("vpc"),
      resource("dropletSnapshot"),
      resource("nfs", {}, { name: "share" }),
    ];
    const cost = estimate([droplet("a"), resource("volume", { size: 100 })], after, TEST_PRICES);
    expect(cost).toMatchObject({ monthly: 12, previousMonthly: 16, diffMonthly: -4, unpriced: ["share"] });
    expect(cost.coverage).toEqual({ resources: 5, priced: 2, free: 1, usage: 1, unpriced: 1 });
  });
  test("the total is the sum of the lines, to the cent", () => {
    const one = fc.oneof(
      fc.integer({ min: 1, max: 16384 }).map((size) => resource("volume", { size })),
      fc.integer({ min: 1, max: 50 }).map((sizeUnit) => resource("loadBalancer", { sizeUnit })),
      fc.constantFrom("s-1vcpu-1gb", "s-2vcpu-4gb", "gpu-h100x1-80gb").map((size) => resource("droplet", { size })),
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), fc.array(one, { maxLength: 30 }), (before, after) => {
        const cost = estimate(before, after, TEST_PRICES);
        const cents = cost.resources.reduce((sum, line) => sum + Math.round(line.monthly * 100), 0);
        expect(Math.round(cost.monthly * 100)).toBe(cents);
        expect(cost.diffMonthly).toBeCloseTo(cost.monthly - cost.previousMonthly, 2);
        expect(estimate(after, after, TEST_PRICES).diffMonthly).toBe(0);
      }),
    );
  });
  test("components are not counted, what is in them is", () => {
    const component = { type: "my:own:Web", name: "web", inputs: {}, custom: false };
    expect(estimate([], [component, droplet("a")], TEST_PRICES).coverage).toMatchObject({ resources: 1, priced: 1 });
  });
});

describe("what resources have to do with each other", () => {
  const urn = "urn:pulumi:dev::p::digitalocean:index/reservedIp:ReservedIp::ip";
  test("an address that an assignment of the plan takes is free", () => {
    const ip = resource("reservedIp", { region: "nyc3" }, { name: "ip", urn });
    const takes = resource("reservedIpAssignment", { ipAddress: "?" }, { propertyDependencies: { ipAddress: [urn] } });
    expect(estimate([], [ip], TEST_PRICES).monthly).toBe(5);
    expect(estimate([], [ip, takes], TEST_PRICES).monthly).toBe(0);
    const made = resource("reservedIpAssignment", { ipAddress: "203.0.113.7" });
    expect(estimate([], [{ ...ip, id: "203.0.113.7" }, made], TEST_PRICES).monthly).toBe(0);
  });
  test("the subscription of Spaces is paid once, its allowance shared", () => {
    const buckets = [resource("spacesBucket", {}, { name: "a" }), resource("spacesBucket", {}, { name: "b" })];
    expect(estimate([], buckets, TEST_PRICES).monthly).toBe(5);
    const usage = usageFrom({ types: {}, resources: { a: { storage_gib: 200 }, b: { storage_gib: 150 } } });
    expect(estimate([], buckets, TEST_PRICES, usage).monthly).toBe(7);
  });
  test("transfer of droplets adds up to an allowance", () => {
    expect(transferAllowanceGiB([droplet("a"), resource("droplet", { size: "s-2vcpu-4gb" })], TEST_PRICES)).toBe(5000);
  });
});

describe("usage", () => {
  test("a snapshot whose size was said has a price; names, patterns and types fit, exact ones first", () => {
    const snapshots = ["day-1", "day-2", "other"].map((name) => resource("volumeSnapshot", {}, { name }));
    const usage = usageFrom({
      types: { volumeSnapshot: { snapshot_gib: 1000 } },
      resources: { "day-*": { snapshot_gib: 100 }, "day-2": { snapshot_gib: 50 } },
    });
    expect(estimate([], snapshots, TEST_PRICES, usage).resources.map(({ monthly }) => monthly)).toEqual([6, 3, 60]);
    expect(usage.unused()).toEqual([]);
  });
  test("a key that fits nothing is told", () => {
    const usage = usageFrom({
      types: { nothing: { x: 1 } },
      resources: { "buckett*": { storage_gib: 5 }, bucket: { storage: 1 } },
    });
    estimate([], [resource("spacesBucket", {}, { name: "bucket" })], TEST_PRICES, usage);
    expect(usage.unused()).toEqual(["resources.buckett*.storage_gib", "resources.bucket.storage", "types.nothing.x"]);
  });
  test("without a unit price a quantity does not turn into 0 dollars", () => {
    const usage = usageFrom({ types: {}, resources: { agent: { tokens_million: 100 } } });
    const [line] = estimate([], [resource("gradientaiAgent", {}, { name: "agent" })], TEST_PRICES, usage).resources;
    expect(line?.usage?.[0]).toMatchObject({ quantity: 100, unitUsd: null });
    expect(line?.usage?.[0]?.monthly).toBeUndefined();
  });
});
