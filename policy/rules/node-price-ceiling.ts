import { z } from "zod";
import { dearestSize } from "../../domain/cost/worst-case.ts";
import { MACHINE_TYPES, machinesOf } from "../machines.ts";
import { resourceRule } from "../rule.ts";

const settings = z.object({
  maxHourlyUsd: z
    .number()
    .positive()
    .optional()
    .describe("US dollars an hour that one machine may cost. Unset, any may be made"),
});

export const rule = resourceRule({
  id: "node-price-ceiling",
  title: "no single machine costs more an hour than the ceiling",
  reason:
    "A budget of a month says nothing of an hour: one size of eight GPUs costs $20 to $30 an hour (Droplet Pricing page), powered on or off. A ceiling on each machine is judged before it is made, in an update too.",
  fix: "choose a smaller size, or raise maxHourlyUsd",
  severity: "high",
  settings,
  types: MACHINE_TYPES,
  judge(resource, { maxHourlyUsd }, context) {
    const machines = machinesOf(resource);
    if (maxHourlyUsd === undefined || !machines) return [];
    const prices = context.prices();
    const { path, size } = machines;
    const price = size === undefined ? dearestSize(prices) : prices.sizes.get(size);
    if (price && price.priceHourly <= maxHourlyUsd) return [];
    const limit = `the ceiling is $${maxHourlyUsd}`;
    if (!price) return [`${path} is ${size}, whose price is not known; ${limit}`];
    const cost = `$${price.priceHourly} an hour`;
    if (size !== undefined) return [`${path} is ${size} at ${cost}; ${limit}`];
    return [`${path} is not known before the update and may be ${price.slug} at ${cost}; ${limit}`];
  },
});
