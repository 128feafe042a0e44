import { z } from "zod";
import { HOURS_PER_MONTH, usd } from "../../domain/units.ts";
import { machinesOf } from "../machines.ts";
import { type RuleContext, stackRule } from "../rule.ts";

const settings = z.object({
  allSizes: z.boolean().default(false).describe("Whether droplets without a GPU may not be powered off either"),
});

export const rule = stackRule({
  id: "gpu-powered-off",
  title: "no GPU droplet is powered off",
  reason:
    'DigitalOcean bills a droplet until it is destroyed: "You are still billed for GPU Droplets that are powered off" (Droplet Pricing page). One that is off does no work and costs all the same. What is judged is the status in the state, so it is as fresh as the last refresh.',
  fix: "power it on if it is needed; else take it out of the program, after a snapshot of what is to be kept (windlass node stop does that)",
  severity: "high",
  settings,
  judgeStack(resources, { allSizes }, context) {
    return resources.flatMap((resource) => {
      const machine = /^digitalocean:index\/droplet:/.test(resource.type) ? machinesOf(resource) : undefined;
      if (!machine || resource.outputs?.status !== "off") return [];
      const isGpu = machine.size === undefined || machine.size.startsWith("gpu-");
      if (!isGpu && !allSizes) return [];
      return [{ resource, message: `it is powered off${costOf(machine.size, context)}` }];
    });
  },
});

function costOf(size: string | undefined, context: RuleContext): string {
  const price = size === undefined ? undefined : context.prices().sizes.get(size);
  if (!price) return " and billed all the same";
  return ` and costs $${price.priceHourly} an hour all the same, $${usd(price.priceHourly * HOURS_PER_MONTH)} a month`;
}
