import type { PolicyCases } from "./case.ts";
import { autoscalePool, droplet, gpu, nodePool } from "./parts/machines.ts";

export const cases: PolicyCases = [
  {
    name: "a size that somebody made up",
    bad: [droplet({ size: "g-8vcpu-64gb-intel-h100x1" })],
    good: [droplet({ size: "g-8vcpu-32gb" })],
    differs: "a size that there is",
  },
  {
    name: "a misspelt size of a GPU",
    bad: [gpu({ size: "gpu-h100x1-80" })],
    good: [gpu({ size: "gpu-h100x1-80gb" })],
    differs: "its spelling",
  },
  {
    name: "DOKS nodes of a size that there is not",
    bad: [nodePool({ size: "s-2vcpu-6gb" })],
    good: [nodePool({ size: "s-2vcpu-4gb" })],
    differs: "a size that there is",
  },
  {
    name: "a pool of droplets of a size that there is not",
    bad: [autoscalePool({ targetNumberInstances: 1 }, { size: "small" })],
    good: [autoscalePool({ targetNumberInstances: 1 }, { size: "s-1vcpu-1gb" })],
    differs: "a size that there is",
  },
  {
    name: "a size beside the one that only this account has",
    settings: { more: ["c-512-private"] },
    bad: [droplet({ size: "c-512-privat" })],
    good: [droplet({ size: "c-512-private" })],
    differs: "the size of the setting",
  },
];
