import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet, gpu, nodePool, TIMERS, UNKNOWN_TEXT } from "./parts/machines.ts";

const [idle = "", lifetime = ""] = TIMERS;

export const cases: PolicyCases = [
  {
    name: "a GPU droplet without tags",
    bad: [gpu({ tags: undefined })],
    good: [gpu()],
    differs: "tags with both timers",
  },
  {
    name: "a GPU droplet without a longest lifetime",
    bad: [gpu({ tags: [idle] })],
    good: [gpu({ tags: [idle, lifetime] })],
    differs: "a tag with the lifetime",
  },
  {
    name: "a timer that is off",
    bad: [gpu({ tags: ["windlass-idle-stop:off", lifetime] })],
    good: [gpu({ tags: ["windlass-idle-stop:6h", lifetime] })],
    differs: "a duration",
  },
  {
    name: "a timer that is no duration",
    bad: [gpu({ tags: [idle, "windlass-max-lifetime:month"] })],
    good: [gpu({ tags: [idle, "windlass-max-lifetime:30d"] })],
    differs: "a duration",
  },
  {
    name: "an idle timer longer than allowed",
    settings: { maxIdleHours: 24 },
    bad: [gpu({ tags: ["windlass-idle-stop:2d", lifetime] })],
    good: [gpu({ tags: ["windlass-idle-stop:24h", lifetime] })],
    differs: "24 hours in place of 48",
  },
  {
    name: "a size that is not known before the update",
    bad: [command, droplet({ size: UNKNOWN_TEXT })],
    good: [command, droplet({ size: UNKNOWN_TEXT, tags: TIMERS })],
    differs: "tags with both timers",
  },
  {
    name: "a tag that is not known before the update",
    bad: [command, gpu({ tags: [idle, UNKNOWN_TEXT] })],
    good: [command, gpu({ tags: [idle, lifetime] })],
    differs: "the tag is known",
  },
  {
    name: "DOKS nodes with GPUs and without timers",
    bad: [nodePool({ size: "gpu-l40sx1-48gb", tags: ["training"] })],
    good: [nodePool({ size: "gpu-l40sx1-48gb", tags: ["training", ...TIMERS] })],
    differs: "tags with both timers",
  },
  {
    name: "a pool of GPU droplets without timers",
    bad: [autoscalePool({ targetNumberInstances: 1 }, { size: "gpu-4000adax1-20gb" })],
    good: [autoscalePool({ targetNumberInstances: 1 }, { size: "gpu-4000adax1-20gb", tags: TIMERS })],
    differs: "tags with both timers",
  },
];
