import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet, gpu, nodePool, TIMERS, UNKNOWN_TEXT } from "./parts/machines.ts";

const settings = { maxHourlyUsd: 1 };

export const cases: PolicyCases = [
  {
    name: "a GPU droplet above the ceiling",
    settings,
    bad: [gpu({ size: "gpu-h100x1-80gb" })],
    good: [gpu({ size: "gpu-4000adax1-20gb" })],
    differs: "a size of $0.76 an hour",
  },
  {
    name: "a size that is not known before the update",
    settings,
    bad: [command, droplet({ size: UNKNOWN_TEXT, tags: TIMERS })],
    good: [command, droplet({ size: "s-1vcpu-1gb", tags: TIMERS })],
    differs: "the size is known",
  },
  {
    name: "a DOKS node above the ceiling",
    settings,
    bad: [nodePool({ size: "c-48" })],
    good: [nodePool({ size: "c-32" })],
    differs: "a size of $1 an hour in place of $1.5",
  },
  {
    name: "droplets of a pool above the ceiling",
    settings,
    bad: [autoscalePool({ targetNumberInstances: 1 }, { size: "m-24vcpu-192gb" })],
    good: [autoscalePool({ targetNumberInstances: 1 }, { size: "m-8vcpu-64gb" })],
    differs: "a size of $0.5 an hour in place of $1.5",
  },
  {
    name: "a size without a known price",
    settings,
    bad: [droplet({ size: "c-8-intel" })],
    good: [droplet({ size: "c-8" })],
    differs: "a size with a price",
  },
];
