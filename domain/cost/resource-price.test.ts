import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { priceResource } from "./resource-price.ts";
import { resource, TEST_PRICES } from "./testing.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const price = (...args: Parameters<typeof resource>) => priceResource(resource(...args), TEST_PRICES);
/** The month, or why there is none. */
const monthly = (...args: Parameters<typeof resource>) => {
  const found = price(...args);
  return found.kind === "priced" ? found.monthly : found.kind;
};
const reason = (...args: Parameters<typeof resource>) => (price(...args) as { reason: string }).reason;

describe("machines", () => {
  test("a CPU droplet's month is 672 hours, a GPU droplet's 730", () => {
    expect(monthly("droplet", { size: "s-1vcpu-1gb" })).toBe(6);
    expect(monthly("droplet", { size: "s-2vcpu-4gb" })).toBe(24);
    expect(monthly("droplet", { size: "gpu-h100x1-80gb" })).toBe(2474.7);
  });
  test("backups are a part of the droplet's price", () => {
    expect(monthly("droplet", { size: "s-1vcpu-1gb", backups: true })).toBe(7.2);
    expect(monthly("droplet", { size: "s-1vcpu-1gb", backups: true, backupPolicy: { plan: "daily" } })).toBe(7.8);
  });
  test("an unknown size is named with the nearest, never free", () => {
    expect(monthly("droplet", { size: "s-1vcpu-1GB-x" })).toBe("unpriced");
    expect(reason("droplet", { size: "s-1vcpu-1gbb" })).toMatch(/s-1vcpu-1gbb.*nearest: s-1vcpu-1gb/);
    expect(reason("droplet", { size: UNKNOWN })).toBe("size is not known before the update");
    expect(monthly("droplet", { size: "s-1vcpu-1gb", backups: UNKNOWN })).toBe("unpriced");
  });
  test("a pool that follows the load costs its least, and more by use", () => {
    const template = { size: "s-1vcpu-1gb" };
    const found = price("dropletAutoscale", {
      config: { minInstances: 2, maxInstances: 5 },
      dropletTemplate: template,
    });
    expect(found).toMatchObject({ kind: "priced", monthly: 12, usage: [{ key: "extra_nodes", unitUsd: 6 }] });
    expect(monthly("dropletAutoscale", { config: { targetNumberInstances: 3 }, dropletTemplate: template })).toBe(18);
  });
  test("DOKS: nodes, and 40 for high availability", () => {
    const nodePool = { size: "s-2vcpu-4gb", nodeCount: 3 };
    expect(monthly("kubernetesCluster", { nodePool })).toBe(71.99);
    expect(monthly("kubernetesCluster", { nodePool, ha: true })).toBe(111.99);
    expect(monthly("kubernetesNodePool", { ...nodePool, nodeCount: 1 })).toBe(24);
    expect(monthly("kubernetesNodePool", { ...nodePool, nodeCount: UNKNOWN })).toBe("unpriced");
  });
});

describe("what is beside machines", () => {
  test("volumes by the GiB, snapshots by what they hold", () => {
    expect(monthly("volume", { size: 500 })).toBe(50);
    expect(monthly("volume", { size: UNKNOWN })).toBe("unpriced");
    expect(monthly("volumeSnapshot", {}, { outputs: { size: 100 } })).toBe(6);
    expect(price("dropletSnapshot")).toMatchObject({ kind: "usage", usage: [{ key: "snapshot_gib", unitUsd: 0.06 }] });
  });
  test("load balancers by the node; the kinds without a price are not priced", () => {
    expect(monthly("loadBalancer")).toBe(12);
    expect(monthly("loadBalancer", { sizeUnit: 3 })).toBe(36);
    expect(monthly("loadBalancer", { size: "lb-large" })).toBe(72);
    expect(monthly("loadBalancer", { type: "GLOBAL" })).toBe("unpriced");
  });
  test("a reserved address costs only while nothing has it", () => {
    expect(monthly("reservedIp", { region: "nyc3" })).toBe(5);
    expect(monthly("reservedIp", { dropletId: 5 })).toBe("free");
    expect(monthly("reservedIp", { region: "nyc3" }, { assigned: true })).toBe("free");
  });
  test("databases by engine, size and nodes; without a price they stay without", () => {
    const cluster = { engine: "pg", size: "db-s-1vcpu-1gb", nodeCount: 2 };
    expect(monthly("databaseCluster", cluster)).toBe(30.3);
    expect(reason("databaseCluster", { ...cluster, engine: "mongodb" })).toContain("mongodb");
    expect(reason("databaseCluster", { ...cluster, size: "db-s-1vcpu-1g" })).toContain("nearest: db-s-1vcpu-1gb");
    expect(monthly("databaseCluster", { ...cluster, storageSizeMib: "61440" })).toBe("unpriced");
    expect(monthly("databaseReplica", { clusterId: "x" })).toBe("unpriced");
    const related = { clusterId: resource("databaseCluster", cluster) };
    expect(monthly("databaseReplica", { clusterId: "x" }, { related })).toBe(15.15);
  });
  test("apps by their instances; jobs by the second; what has no price keeps the whole from having one", () => {
    const service = { name: "web", instanceSizeSlug: "apps-s-1vcpu-1gb", instanceCount: 2 };
    expect(monthly("app", { spec: { services: [service], workers: [{ ...service, instanceCount: 1 }] } })).toBe(36);
    const job = price("app", { spec: { jobs: [service] } });
    expect(job).toMatchObject({ kind: "usage", usage: [{ key: "seconds_web", unitUsd: 12 / (28 * 86_400) }] });
    expect(reason("app", { spec: { services: [service], databases: [{ name: "dev" }] } })).toContain("dev");
    expect(reason("app", { spec: { services: [{ name: "web" }] } })).toContain("instanceSizeSlug");
  });
  test("a registry tier that costs nothing is free, the others are not", () => {
    expect(monthly("containerRegistry", { subscriptionTierSlug: "starter" })).toBe("free");
    expect(monthly("containerRegistry", { subscriptionTierSlug: "basic" })).toBe(5);
  });
  test("a bucket has a subscription, and storage and transfer by use", () => {
    const keys = (price("spacesBucket") as { usage: { key: string }[] }).usage.map(({ key }) => key);
    expect([monthly("spacesBucket"), keys]).toEqual([5, ["storage_gib", "outbound_gib"]]);
  });
  test("what is not DigitalOcean's is not priced; what nobody bills is free; components are what is in them", () => {
    const other = (type: string, inputs = {}, custom?: boolean) =>
      priceResource({ type, name: "x", inputs, custom }, TEST_PRICES).kind;
    expect(other("aws:ec2/instance:Instance")).toBe("unpriced");
    expect(other("my:own:Component", {}, false)).toBe("free");
    expect(other("command:remote:Command")).toBe("free");
    expect(other("kubernetes:core/v1:Service", { spec: { type: "LoadBalancer" } })).toBe("unpriced");
    expect(other("kubernetes:core/v1:Service", { spec: {} })).toBe("free");
    expect(other("digitalocean:index/brandNew:BrandNew")).toBe("unpriced");
  });
});

test("sizes and counts are whole: a part of a node is not priced, rather than at next to nothing", () => {
  expect(price("loadBalancer", { sizeUnit: 5e-324 })).toMatchObject({ kind: "unpriced" });
  expect(price("volume", { size: 0.004 })).toMatchObject({ reason: "size is 0.004, not an amount" });
});

describe("for any amounts", () => {
  const gib = fc.integer({ min: 1, max: 16384 });
  const count = fc.integer({ min: 1, max: 500 });
  const amount = (...args: Parameters<typeof resource>) => monthly(...args) as number;

  test("more never costs less, and a price is whole cents", () => {
    const cases = [
      (n: number) => amount("volume", { size: n }),
      (n: number) => amount("loadBalancer", { sizeUnit: n }),
      (n: number) => amount("kubernetesNodePool", { size: "s-2vcpu-4gb", nodeCount: n }),
      (n: number) => amount("databaseCluster", { engine: "pg", size: "db-s-1vcpu-1gb", nodeCount: n }),
      (n: number) => amount("volumeSnapshot", {}, { outputs: { size: n } }),
    ];
    for (const cost of cases) {
      fc.assert(fc.property(gib, count, (n, more) => cost(n) < cost(n + more)));
      fc.assert(fc.property(gib, (n) => Math.abs(cost(n) * 100 - Math.round(cost(n) * 100)) < 1e-6));
    }
  });
  test("a resource is the sum of its parts", () => {
    fc.assert(
      fc.property(count, fc.boolean(), (nodeCount, ha) => {
        const found = price("kubernetesCluster", { nodePool: { size: "s-2vcpu-4gb", nodeCount }, ha });
        if (found.kind !== "priced") throw new Error("not priced");
        const sum = found.fixed.reduce((all, part) => all + part.monthly, 0);
        expect(found.monthly).toBeCloseTo(sum, 2);
        expect(found.hourly).toBeCloseTo(0.03571 * nodeCount + (ha ? 40 / 730 : 0), 4);
      }),
    );
  });
  test("whatever a program says, it never throws and never turns into a price of 0", () => {
    const anything = fc.dictionary(
      fc.constantFrom(
        "size",
        "nodeCount",
        "sizeUnit",
        "engine",
        "spec",
        "nodePool",
        "backups",
        "config",
        "dropletTemplate",
      ),
      fc.anything(),
    );
    const words = [
      "droplet",
      "volume",
      "app",
      "databaseCluster",
      "kubernetesCluster",
      "loadBalancer",
      "dropletAutoscale",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...words), anything, (word, inputs) => {
        const found = price(word, inputs);
        return (
          found.kind !== "priced" ||
          found.monthly > 0 ||
          found.what.includes(" x 0") ||
          /^0 (GiB|nodes)$/.test(found.what)
        );
      }),
    );
  });
});
