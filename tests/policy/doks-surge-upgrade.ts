import type { PolicyCases } from "./case.ts";
import { cluster, command } from "./parts/machines.ts";

export const cases: PolicyCases = [
  {
    name: "surge upgrades off",
    bad: [cluster({ surgeUpgrade: false })],
    good: [cluster({ surgeUpgrade: true })],
    differs: "they are on",
  },
  {
    name: "surge upgrades off with automatic ones on",
    bad: [cluster({ autoUpgrade: true, surgeUpgrade: false })],
    good: [cluster({ autoUpgrade: true })],
    differs: "the provider's default, which is on",
  },
  {
    name: "a switch that is not known before the update",
    bad: [command, cluster({ surgeUpgrade: { $ref: "command.stdout" } })],
    good: [command, cluster({ surgeUpgrade: true })],
    differs: "the switch is known",
  },
];
