import { z } from "zod";
import { UNPRICED_SIZES } from "../../catalog/digitalocean/size-names.ts";
import { nearestFew } from "../../domain/spelling.ts";
import { MACHINE_TYPES, machinesOf } from "../machines.ts";
import { resourceRule } from "../rule.ts";

const settings = z.object({
  more: z
    .array(z.string().min(1))
    .default([])
    .describe("Slugs of further sizes, such as ones that only your account has"),
});

export const rule = resourceRule({
  id: "known-size",
  title: "machine sizes exist",
  reason:
    "The provider takes any text for a size, so a wrong one is found out by the API in the middle of an update (422), when half of the stack is made. Names of sizes are often made up: g-8vcpu-64gb-intel-h100x1 is none. A size that is not known before the update is judged in the update: the API refuses a wrong one, and it costs nothing.",
  fix: "use a size of `doctl compute size list`; one that is new is allowed by the setting more",
  severity: "medium",
  settings,
  types: MACHINE_TYPES,
  judge(resource, { more }, context) {
    const { path, size } = machinesOf(resource) ?? {};
    const { sizes } = context.prices();
    if (size === undefined || sizes.has(size) || UNPRICED_SIZES.includes(size) || more.includes(size)) return [];
    const near = nearestFew(size, [...sizes.keys(), ...UNPRICED_SIZES, ...more], 3);
    return [
      `${path} is ${size}, which DigitalOcean does not have${near.length > 0 ? `; near: ${near.join(", ")}` : ""}`,
    ];
  },
});
