import type { PolicyCases } from "./case.ts";
import { droplet, volume } from "./parts/machines.ts";

export const cases: PolicyCases = [
  {
    name: "a volume without options",
    bad: [volume({}, {})],
    good: [volume({}, { protect: true })],
    differs: "the option protect",
  },
  {
    name: "a volume whose protection is off",
    bad: [volume({}, { protect: false })],
    good: [volume({}, { protect: true })],
    differs: "the option protect is true",
  },
  {
    name: "a volume that is only retained",
    bad: [volume({}, { retainOnDelete: true })],
    good: [volume({}, { retainOnDelete: true, protect: true })],
    differs: "the option protect",
  },
  {
    name: "the second of two volumes",
    bad: [volume(), { ...volume({ name: "other" }, {}), name: "other" }],
    good: [volume(), { ...volume({ name: "other" }), name: "other" }],
    differs: "the option protect of the second",
  },
  {
    name: "a volume of a protected droplet",
    bad: [{ ...droplet(), options: { protect: true } }, volume({}, {})],
    good: [{ ...droplet(), options: { protect: true } }, volume()],
    differs: "the option protect of the volume",
  },
];
