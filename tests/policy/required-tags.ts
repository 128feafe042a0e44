import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet, nodePool, UNKNOWN_TEXT, volume } from "./parts/machines.ts";

const settings = { tags: ["owner:*", "env:test"] };
const tags = ["Owner:ada", "env:test"];

export const cases: PolicyCases = [
  {
    name: "a droplet without tags",
    settings,
    bad: [droplet()],
    good: [droplet({ tags })],
    differs: "the tags",
  },
  {
    name: "a volume with one of two",
    settings,
    bad: [volume({ tags: ["owner:ada"] })],
    good: [volume({ tags })],
    differs: "the second tag",
  },
  {
    name: "DOKS nodes with another value",
    settings,
    bad: [nodePool({ tags: ["owner:ada", "env:prod"] })],
    good: [nodePool({ tags: ["owner:ada", "env:test"] })],
    differs: "the value of a tag",
  },
  {
    name: "a pool of droplets without tags",
    settings,
    bad: [autoscalePool({ targetNumberInstances: 1 })],
    good: [autoscalePool({ targetNumberInstances: 1 }, { tags })],
    differs: "the tags of its droplets",
  },
  {
    name: "a tag that is not known before the update",
    settings,
    bad: [command, droplet({ tags: ["env:test", UNKNOWN_TEXT] })],
    good: [command, droplet({ tags: ["env:test", UNKNOWN_TEXT, "owner:ada"] })],
    differs: "a further tag that is known",
  },
];
