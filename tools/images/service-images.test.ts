import { expect, test } from "vitest";
import { serviceStacks } from "../../catalog/services/names.ts";
import { load } from "../../catalog/services/testing/load.ts";
import { realServers } from "./service-images.ts";

test("the catalog's databases, caches and Prometheus are real", () => {
  const found = serviceStacks().map((name) => [name, Object.fromEntries(realServers(load(name).project))]);
  expect(Object.fromEntries(found)).toMatchObject({
    "agent-nas": { postgres: "postgres", redis: "redis" },
    "agent-tools": { postgres: "postgres", prometheus: "prometheus" },
    dspy: { redis: "redis" },
    trading: { prometheus: "prometheus", redis: "redis", timescaledb: "postgres" },
  });
});
