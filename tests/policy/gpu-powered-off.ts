import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { foundDroplet } from "./parts/cloud.ts";
import { droplet, gpu } from "./parts/machines.ts";

/** The keys of a droplet cannot be read, so one that is imported has none in its state. */
const beside = ["no-password-login"];

/** A droplet that was there before the program. */
function imported(declared: Declared, on: boolean): Declared {
  const id = foundDroplet(declared.args.size as Parameters<typeof foundDroplet>[0], on);
  return { ...declared, options: { import: id, ignoreChanges: ["sshKeys"] } };
}

export const cases: PolicyCases = [
  {
    name: "a GPU droplet that is off",
    beside,
    bad: [imported(gpu(), false)],
    good: [imported(gpu(), true)],
    differs: "the one that is on",
  },
  {
    name: "a droplet with a GPU, both off",
    beside,
    bad: [imported(gpu({ size: "gpu-l40sx1-48gb" }), false)],
    good: [imported(droplet(), false)],
    differs: "a size without a GPU",
  },
  {
    name: "a droplet without a GPU that is off, where none may be",
    settings: { allSizes: true },
    beside,
    bad: [imported(droplet(), false)],
    good: [imported(droplet(), true)],
    differs: "the one that is on",
  },
];
