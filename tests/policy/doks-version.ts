import type { PolicyCases } from "./case.ts";
import { cluster, command } from "./parts/machines.ts";

const versions = { "1.40": "2999-12-31" };

export const cases: PolicyCases = [
  {
    name: "a version that has ended",
    bad: [cluster({ version: "1.33.9-do.6" })],
    good: [cluster({ version: "latest" })],
    differs: "the newest version",
  },
  {
    name: "a version from before the list",
    bad: [cluster({ version: "1.21.14-do.7" })],
    good: [cluster({ version: "1.99.0-do.0" })],
    differs: "a version from after the list",
  },
  {
    name: "a version that is none of DigitalOcean's",
    bad: [cluster({ version: "stable" })],
    good: [cluster({ version: "latest" })],
    differs: "one that is",
  },
  {
    name: "a version that is not known before the update",
    bad: [command, cluster({ version: { $ref: "command.stdout" } })],
    good: [command, cluster({ version: "latest" })],
    differs: "the version is known",
  },
  {
    name: "a version that the settings do not list",
    settings: { versions },
    bad: [cluster({ version: "1.39.4-do.2" })],
    good: [cluster({ version: "1.40.0-do.0" })],
    differs: "the listed version",
  },
];
