import { expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./node-price-ceiling.ts";

const settings = { maxHourlyUsd: 0.02 };

test.each([
  ["droplet", { size: "s-2vcpu-4gb" }, "size is s-2vcpu-4gb at $0.03571 an hour; the ceiling is $0.02"],
  ["droplet", { size: UNKNOWN }, "size is not known before the update and may be gpu-h100x1-80gb at $3.39 an hour"],
  ["droplet", { size: "c-8-intel" }, "size is c-8-intel, whose price is not known"],
  ["kubernetesCluster", { nodePool: { size: "s-2vcpu-4gb" } }, "nodePool.size is s-2vcpu-4gb"],
  ["kubernetesCluster", { nodePool: UNKNOWN }, "nodePool.size is not known before the update"],
  ["kubernetesNodePool", { size: "S-2VCPU-4GB" }, "size is s-2vcpu-4gb at"],
  ["dropletAutoscale", { dropletTemplate: { size: "s-2vcpu-4gb" } }, "dropletTemplate.size is s-2vcpu-4gb"],
])("%s with %j is too dear", (word, inputs, message) => {
  expect(said(rule, declared(word, "x", inputs), settings)).toEqual([expect.stringContaining(message)]);
});

test("each machine counts by itself, however many there are, and a ceiling may be reached", () => {
  const pool = declared("kubernetesNodePool", "x", { size: "s-1vcpu-1gb", nodeCount: 100 });
  expect(said(rule, pool, { maxHourlyUsd: 0.00893 })).toEqual([]);
  expect(said(rule, pool, { maxHourlyUsd: 0.00892 })).toHaveLength(1);
});

test("without a ceiling nothing is judged", () => {
  expect(said(rule, declared("droplet", "x", { size: UNKNOWN }))).toEqual([]);
});
