import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import {
  autoscalePool,
  command,
  droplet,
  nodePool,
  TIMERS,
  UNKNOWN_NUMBER,
  UNKNOWN_TEXT,
  volume,
} from "./parts/machines.ts";

function database(more: object = {}): Declared[] {
  const args = { name: "case", engine: "pg", version: "17", size: "db-s-1vcpu-1gb", region: "tor1", nodeCount: 1 };
  const rules = [{ type: "tag", value: "web" }];
  return [
    { name: "database", type: "digitalocean:DatabaseCluster", args: { ...args, ...more } },
    { name: "sources", type: "digitalocean:DatabaseFirewall", args: { clusterId: { $ref: "database.id" }, rules } },
  ];
}

const bucket = (name: string): Declared => ({
  name,
  type: "digitalocean:SpacesBucket",
  args: { name: "case-of-a-budget", region: "nyc3" },
});

export const cases: PolicyCases = [
  {
    name: "a droplet that costs more than the budget",
    settings: { maxMonthlyUsd: 10 },
    bad: [droplet({ size: "s-2vcpu-4gb" })],
    good: [droplet({ size: "s-1vcpu-1gb" })],
    differs: "a size of $6 in place of $24",
  },
  {
    name: "droplets that cost more together",
    settings: { maxMonthlyUsd: 10 },
    bad: [droplet({}, "one"), droplet({}, "two")],
    good: [droplet({}, "one")],
    differs: "one droplet of $6, not two",
  },
  {
    name: "a size that is not known before the update",
    settings: { maxMonthlyUsd: 1000 },
    bad: [command, droplet({ size: UNKNOWN_TEXT, tags: TIMERS })],
    good: [command, droplet({ size: "s-1vcpu-1gb", tags: TIMERS })],
    differs: "the size is known",
  },
  {
    name: "a count that is not known before the update and has no maximum",
    settings: { maxMonthlyUsd: 1000 },
    bad: [command, nodePool({ nodeCount: UNKNOWN_NUMBER })],
    good: [command, nodePool({ nodeCount: 2 })],
    differs: "the count is known",
  },
  {
    name: "a maximum that is not known before the update",
    settings: { maxMonthlyUsd: 1000 },
    bad: [command, autoscalePool({ minInstances: 1, maxInstances: UNKNOWN_NUMBER, targetCpuUtilization: 0.5 })],
    good: [command, autoscalePool({ minInstances: 1, maxInstances: 2, targetCpuUtilization: 0.5 })],
    differs: "the maximum is known",
  },
  {
    name: "a volume whose size is not known before the update",
    settings: { maxMonthlyUsd: 1000 },
    bad: [command, volume({ size: UNKNOWN_NUMBER })],
    good: [command, volume({ size: 500 })],
    differs: "the size is known",
  },
  {
    name: "a pool that follows the load past the budget",
    settings: { maxMonthlyUsd: 50 },
    bad: [autoscalePool({ minInstances: 1, maxInstances: 10, targetCpuUtilization: 0.5 })],
    good: [autoscalePool({ minInstances: 1, maxInstances: 8, targetCpuUtilization: 0.5 })],
    differs: "a maximum of 8 droplets at $6",
  },
  {
    name: "something without a known price",
    settings: { maxMonthlyUsd: 1000 },
    bad: database({ storageSizeMib: "61440" }),
    good: database(),
    differs: "no storage beyond what the size comes with",
  },
  {
    name: "a value that is not known, where none may be",
    settings: { maxMonthlyUsd: 5000, unknown: "refuse" },
    bad: [command, volume({ size: UNKNOWN_NUMBER })],
    good: [command, volume({ size: 500 })],
    differs: "the size is known",
  },
  {
    name: "a bucket whose use is assumed to cost more than the budget",
    settings: { maxMonthlyUsd: 50, assumedMonthlyUsd: { assets: 60 } },
    bad: [bucket("assets")],
    good: [bucket("logs")],
    differs: "a name for which nothing is assumed",
  },
];
