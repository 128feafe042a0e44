import { describe, expect, test } from "vitest";
import { priceAll } from "./estimate.ts";
import { resource, TEST_PRICES } from "./testing.ts";
import { worstPrices } from "./worst-case.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const GPU_MONTH = 3.39 * 730;

const worst = (word: string, inputs: Record<string, unknown>) => {
  const [found] = worstPrices([resource(word, inputs)], TEST_PRICES);
  if (!found) throw new Error("nothing was priced");
  return { ...found, monthly: found.line?.monthly };
};

describe("a value that is not known", () => {
  test.each([
    ["a size", "droplet", { size: UNKNOWN }, GPU_MONTH, "size"],
    ["backups", "droplet", { size: "s-1vcpu-1gb", backups: UNKNOWN }, 6 + 1.2, "backups"],
    [
      "a backup plan",
      "droplet",
      { size: "s-1vcpu-1gb", backups: true, backupPolicy: { plan: UNKNOWN } },
      6 + 1.8,
      "backupPolicy.plan",
    ],
    [
      "a backup policy",
      "droplet",
      { size: "s-1vcpu-1gb", backups: true, backupPolicy: UNKNOWN },
      6 + 1.8,
      "backupPolicy",
    ],
    ["a volume's size", "volume", { size: UNKNOWN }, 1638.4, "size"],
    ["a pool's size", "kubernetesNodePool", { size: UNKNOWN, nodeCount: 2 }, 2 * GPU_MONTH, "size"],
    [
      "a cluster's size",
      "kubernetesCluster",
      { nodePool: { size: UNKNOWN, nodeCount: 1 } },
      GPU_MONTH,
      "nodePool.size",
    ],
    [
      "a cluster's plane",
      "kubernetesCluster",
      { ha: UNKNOWN, nodePool: { size: "s-1vcpu-1gb", nodeCount: 1 } },
      46,
      "ha",
    ],
    ["a balancer's nodes", "loadBalancer", { sizeUnit: UNKNOWN }, 2400, "sizeUnit"],
    ["a balancer's size", "loadBalancer", { size: UNKNOWN }, 72, "size"],
    ["a registry's tier", "containerRegistry", { subscriptionTierSlug: UNKNOWN }, 5, "subscriptionTierSlug"],
    ["a database's size", "databaseCluster", { engine: "pg", size: UNKNOWN, nodeCount: 2 }, 30.3, "size"],
    [
      "an instance's size",
      "app",
      { spec: { services: [{ name: "web", instanceSizeSlug: UNKNOWN, instanceCount: 3 }] } },
      36,
      "spec.services[0].instanceSizeSlug",
    ],
    [
      "an autoscale pool's maximum",
      "dropletAutoscale",
      { dropletTemplate: { size: "s-1vcpu-1gb" }, config: { minInstances: 1, maxInstances: UNKNOWN } },
      6000,
      "config.maxInstances",
    ],
  ])("%s is the dearest that there is", (_what, word, inputs, monthly, path) => {
    const found = worst(word, inputs);
    expect(found.monthly).toBeCloseTo(monthly, 2);
    expect(found.assumed.map((one) => one.path)).toEqual([path]);
  });

  test("one without a limit has no price, with the reason", () => {
    const pool = { size: "s-1vcpu-1gb" };
    for (const [word, inputs, reason] of [
      ["kubernetesNodePool", { ...pool, nodeCount: UNKNOWN }, "nodeCount is not known before the update"],
      ["kubernetesNodePool", { ...pool, autoScale: true, maxNodes: UNKNOWN }, "maxNodes is not known"],
      ["kubernetesNodePool", { ...pool, autoScale: UNKNOWN, nodeCount: UNKNOWN }, "autoScale is not known"],
      ["kubernetesCluster", { nodePool: UNKNOWN }, "nodePool is not known"],
      ["databaseCluster", { engine: UNKNOWN, size: "db-s-1vcpu-1gb", nodeCount: 1 }, "engine is not known"],
      ["databaseCluster", { engine: "pg", size: "db-s-1vcpu-1gb", nodeCount: UNKNOWN }, "nodeCount is not known"],
      ["dropletAutoscale", { dropletTemplate: UNKNOWN, config: { minInstances: 1 } }, "dropletTemplate is not known"],
      ["app", { spec: { services: UNKNOWN } }, "services is not known"],
    ] as const) {
      expect(worst(word, inputs).price, JSON.stringify(inputs)).toMatchObject({
        kind: "unpriced",
        reason: expect.stringContaining(reason),
      });
    }
  });

  test("whether a pool follows the load is taken as what costs more", () => {
    const inputs = { size: "s-1vcpu-1gb", autoScale: UNKNOWN, nodeCount: 3, minNodes: 1 };
    expect(worst("kubernetesNodePool", { ...inputs, maxNodes: 5 }).monthly).toBe(30);
    expect(worst("kubernetesNodePool", { ...inputs, maxNodes: 2 }).monthly).toBe(18);
  });

  test("a replica's size is the dearest of its cluster's engine", () => {
    const urn = "urn:pulumi:test::test::digitalocean:index/databaseCluster:DatabaseCluster::main";
    const cluster = resource("databaseCluster", { engine: "pg", size: "db-s-1vcpu-1gb", nodeCount: 1 }, { urn });
    const inputs = { clusterId: UNKNOWN, size: UNKNOWN };
    const replica = resource("databaseReplica", inputs, { propertyDependencies: { clusterId: [urn] } });
    expect(worstPrices([cluster, replica], TEST_PRICES)[1]?.line?.monthly).toBe(15.15);
  });
});

test("what follows the load counts at its maximum, what has no limit not at all", () => {
  const scaling = { minInstanceCount: 1, maxInstanceCount: 4 };
  expect(worst("kubernetesNodePool", { size: "s-1vcpu-1gb", autoScale: true, minNodes: 1, maxNodes: 5 }).monthly).toBe(
    30,
  );
  expect(
    worst("app", { spec: { services: [{ instanceSizeSlug: "apps-s-1vcpu-1gb", autoscaling: scaling }] } }).monthly,
  ).toBe(48);
  expect(worst("spacesBucket", {}).monthly).toBe(5);
});

test("what is known costs what an estimate says, and the program's values stay as they are", () => {
  const inputs = { size: UNKNOWN, tags: ["a"] };
  const all = [resource("droplet", { size: "s-2vcpu-4gb" }), resource("volume", { size: 100 }, { name: "v" })];
  const prices = worstPrices(all, TEST_PRICES);
  expect(prices.map(({ line }) => line)).toEqual(priceAll(all, TEST_PRICES).map(({ line }) => line));
  expect(prices.map(({ assumed }) => assumed)).toEqual([[], []]);
  worst("droplet", inputs);
  expect(inputs.size).toBe(UNKNOWN);
});
