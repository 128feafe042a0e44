import { z } from "zod";
import { TYPES } from "../../domain/cost/types.ts";
import { type Region, regionsOf } from "../regions.ts";
import { resourceRule } from "../rule.ts";

const settings = z.object({
  regions: z
    .array(z.string().regex(/^[a-z]{3}\d$/, "a region slug such as tor1"))
    .optional()
    .describe("Regions in which resources may be. App Platform's tor goes with tor1. Unset, all may be used"),
});

export const rule = resourceRule({
  id: "allowed-regions",
  title: "resources are only in listed regions",
  reason:
    "Data may have to stay in a country, and a volume, a VPC or a database never leaves its region: one that was made in the wrong place is moved by hand. Where a program names no region, DigitalOcean chooses one.",
  fix: "set region to one of the list, or add the region to the list",
  severity: "medium",
  settings,
  types: Object.keys(TYPES),
  judge(resource, { regions }) {
    if (regions === undefined) return [];
    return regionsOf(resource).flatMap((found) => {
      const problem = problemOf(found, regions);
      return problem ? [`${problem}; allowed: ${regions.join(", ")}`] : [];
    });
  },
});

function problemOf({ path, slug }: Region, regions: readonly string[]): string | undefined {
  if (slug === undefined) return `${path} is not known before the update`;
  if (slug === "") return `${path} is not set, so DigitalOcean chooses one`;
  const isGroup = /^[a-z]{3}$/.test(slug);
  const isAllowed = isGroup ? regions.some((one) => one.startsWith(slug)) : regions.includes(slug);
  return isAllowed ? undefined : `${path} is ${slug}`;
}
