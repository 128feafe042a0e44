import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, findings } from "../testing/stack.ts";
import { rule } from "./monthly-budget.ts";

const small = (name: string) => declared("droplet", name, { size: "s-1vcpu-1gb" });
const found = (resources: Parameters<typeof findings>[1], settings: Record<string, unknown>) =>
  findings(rule, resources, settings);

test("without a budget nothing is judged, not even what has no price", () => {
  expect(found([small("web"), declared("nfs", "files", {})], {})).toEqual([]);
});

test("a stack may cost as much as its budget, and not a cent more", () => {
  const stack = [small("one"), small("two")];
  expect(found(stack, { maxMonthlyUsd: 12 })).toEqual([]);
  expect(found(stack, { maxMonthlyUsd: 11.99 })).toEqual([
    "stack: $12 a month, more than the budget of $11.99: one $6, two $6",
  ]);
});

test("what is dearest is named first, and not all of many", () => {
  const many = Array.from({ length: 7 }, (_, index) => small(`web-${index}`));
  const [line] = found([...many, declared("volume", "data", { size: 100 })], { maxMonthlyUsd: 1 });
  expect(line).toContain("$52 a month");
  expect(line).toContain(": data $10, web-0 $6");
  expect(line).toContain(", and 3 others");
});

describe("what is not known before the update", () => {
  test("counts as the dearest, which is said", () => {
    const stack = [declared("droplet", "web", { size: UNKNOWN })];
    expect(found(stack, { maxMonthlyUsd: 2474.7 })).toEqual([]);
    expect(found(stack, { maxMonthlyUsd: 2474 })).toEqual([
      "stack: $2474.7 a month, more than the budget of $2474: web $2474.7 (not known before the update, taken as the dearest: size as gpu-h100x1-80gb)",
    ]);
  });

  test("is a violation of its own where the setting says so, however large the budget is", () => {
    const stack = [declared("droplet", "web", { size: UNKNOWN }), small("two")];
    expect(found(stack, { maxMonthlyUsd: 1e6, unknown: "refuse" })).toEqual([
      "web: what it costs is not known: size not known before the update; the budget is $1000000 a month",
    ]);
  });

  test("is a violation where it has no maximum", () => {
    const stack = [declared("kubernetesNodePool", "nodes", { size: "s-1vcpu-1gb", nodeCount: UNKNOWN })];
    expect(found(stack, { maxMonthlyUsd: 1e6 })).toEqual([
      "nodes: its price is not known: nodeCount is not known before the update; the budget is $1000000 a month",
    ]);
  });
});

describe("what has no price", () => {
  test.each([
    [declared("nfs", "files", {}), "the price list has no network file storage"],
    [
      declared("droplet", "web", { size: "s-1vcpu-1gbb" }),
      "size s-1vcpu-1gbb is not in the price list (nearest: s-1vcpu-1gb)",
    ],
    [declared("somethingNew", "new", {}), "is not classified"],
    [
      declared("kubernetes:core/v1:Service", "front", { spec: { type: "LoadBalancer" } }),
      "on DOKS it makes a load balancer of its own",
    ],
  ])("is refused", (resource, reason) => {
    const lines = found([resource], { maxMonthlyUsd: 1e6 });
    expect(lines).toEqual([expect.stringContaining(reason)]);
  });

  test("of other providers is no part of the budget", () => {
    expect(found([declared("aws:ec2/instance:Instance", "other", {})], { maxMonthlyUsd: 1 })).toEqual([]);
  });
});

describe("an assumption", () => {
  const files = declared("nfs", "files", {});

  test("stands for a price that is not known", () => {
    expect(found([files], { maxMonthlyUsd: 50, assumedMonthlyUsd: { files: 50 } })).toEqual([]);
    expect(found([files], { maxMonthlyUsd: 50, assumedMonthlyUsd: { "f*": 50.01 } })).toEqual([
      "stack: $50.01 a month, more than the budget of $50: files $50.01",
    ]);
  });

  test("stands in for a value that is not known", () => {
    const stack = [declared("volume", "data", { size: UNKNOWN })];
    expect(found(stack, { maxMonthlyUsd: 20, unknown: "refuse", assumedMonthlyUsd: { data: 20 } })).toEqual([]);
  });

  test("of usage comes on top, and never lowers a price that is known", () => {
    const stack = [declared("spacesBucket", "assets", {})];
    expect(found(stack, { maxMonthlyUsd: 15, assumedMonthlyUsd: { assets: 10 } })).toEqual([]);
    expect(found(stack, { maxMonthlyUsd: 14, assumedMonthlyUsd: { assets: 10 } })).toHaveLength(1);
    expect(found([small("web")], { maxMonthlyUsd: 5, assumedMonthlyUsd: { web: 0 } })).toHaveLength(1);
  });

  test("by the exact name goes before a pattern, and nothing is added to what is free", () => {
    const assumedMonthlyUsd = { "*": 100, files: 1 };
    expect(found([files, declared("vpc", "net", {})], { maxMonthlyUsd: 1, assumedMonthlyUsd })).toEqual([]);
  });
});

test("pools count at their maximum", () => {
  const nodes = { size: "s-1vcpu-1gb", autoScale: true, minNodes: 1, maxNodes: 3 };
  expect(found([declared("kubernetesNodePool", "nodes", nodes)], { maxMonthlyUsd: 17 })).toEqual([
    "stack: $18 a month, more than the budget of $17: nodes $18",
  ]);
});

test("what depends on usage is told where the budget is used up, and refuses nothing by itself", () => {
  const stack = [declared("spacesBucket", "assets", {}), small("web")];
  expect(found(stack, { maxMonthlyUsd: 11 })).toEqual([]);
  expect(found(stack, { maxMonthlyUsd: 10 })[0]).toContain("; what depends on usage comes on top: assets");
});

test.each([
  [{ maxMonthlyUsd: "$100" }],
  [{ maxMonthlyUsd: 0 }],
  [{ maxMonthlyUsd: Number.NaN }],
  [{ unknown: "free" }],
])("%s is no setting", (settings) => expect(rule.settings.safeParse(settings).success).toBe(false));
