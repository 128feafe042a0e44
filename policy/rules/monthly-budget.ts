import { z } from "zod";
import { type WorstPrice, worstPrices } from "../../domain/cost/worst-case.ts";
import { matcher } from "../../domain/pattern.ts";
import { usd } from "../../domain/units.ts";
import { type Finding, type Subject, stackRule } from "../rule.ts";

const settings = z.object({
  maxMonthlyUsd: z
    .number()
    .positive()
    .optional()
    .describe("US dollars that the stack may cost in a month of 730 hours. Unset, nothing is judged"),
  unknown: z
    .enum(["dearest", "refuse"])
    .default("dearest")
    .describe("What a value is that is not known before the update: the dearest that it can be, or a violation"),
  assumedMonthlyUsd: z
    .record(z.string().min(1), z.number().nonnegative())
    .default({})
    .describe(
      "US dollars a month by name of a resource (* stands for any text): all of it where its price is not known, or not before the update; else on top, as for what depends on usage",
    ),
});
type Settings = z.output<typeof settings>;

/** Whose prices this has; others have bills of their own. */
const BILLED_HERE = /^(digitalocean|kubernetes):/;

export const rule = stackRule({
  id: "monthly-budget",
  title: "the stack costs no more in a month than its budget",
  reason:
    "What a plan costs is known before it is made, and nothing else stops it: DigitalOcean has alerts, no limits. It is priced as the dearest that it can become: pools that follow the load at their maximum, sizes and counts that are not known before the update as the most that they can be (limits of DigitalOcean's API), and whatever has no price is refused. A month has 730 hours.",
  fix: "take something out, choose smaller sizes or lower maxima, or raise the budget; say what a resource without a known price costs with assumedMonthlyUsd",
  severity: "high",
  settings,
  judgeStack(resources, given, context) {
    const limit = given.maxMonthlyUsd;
    if (limit === undefined) return [];
    const billed = resources.filter(({ type }) => BILLED_HERE.test(type));
    const all = worstPrices(billed, context.prices()).map((price) => ({ ...price, added: assumedFor(price, given) }));
    const refused = all.flatMap((price): Finding[] => {
      const why = refusal(price, given);
      return why ? [{ resource: price.resource as Subject, message: `${why}; the budget is $${limit} a month` }] : [];
    });
    const monthly = usd(all.reduce((sum, one) => sum + costOf(one), 0));
    return monthly <= limit ? refused : [...refused, { message: overspent(all, monthly, limit) }];
  },
});

type Judged = WorstPrice & { added?: number };

/** What the settings add to a resource; the first pattern that fits counts, an exact name before all. */
function assumedFor({ resource: { name }, price }: WorstPrice, { assumedMonthlyUsd }: Settings): number | undefined {
  if (price.kind === "free") return undefined;
  if (Object.hasOwn(assumedMonthlyUsd, name)) return assumedMonthlyUsd[name];
  return Object.entries(assumedMonthlyUsd).find(([pattern]) => matcher(pattern)(name))?.[1];
}

function costOf({ line, assumed, added }: Judged): number {
  if (added !== undefined && assumed.length > 0) return added;
  return (line?.monthly ?? 0) + (added ?? 0);
}

function refusal({ price, assumed, added }: Judged, { unknown }: Settings): string | undefined {
  if (added !== undefined) return undefined;
  if (price.kind === "unpriced") return `its price is not known: ${price.reason}`;
  if (unknown === "dearest" || assumed.length === 0) return undefined;
  return `what it costs is not known: ${assumed.map(({ path }) => path).join(", ")} not known before the update`;
}

/** How many of the dearest are named. */
const NAMED = 5;

function overspent(all: readonly Judged[], monthly: number, limit: number): string {
  const costs = all
    .map((one) => ({
      monthly: usd(costOf(one)),
      text: `${one.resource.name} $${usd(costOf(one))}${one.added === undefined ? assumptions(one.assumed) : ""}`,
    }))
    .filter((one) => one.monthly > 0)
    .sort((a, b) => b.monthly - a.monthly);
  const more = costs.length > NAMED ? `, and ${costs.length - NAMED} others` : "";
  const named = costs.slice(0, NAMED).map(({ text }) => text);
  return `$${monthly} a month, more than the budget of $${limit}: ${named.join(", ")}${more}${byUsage(all)}`;
}

function assumptions(assumed: WorstPrice["assumed"]): string {
  if (assumed.length === 0) return "";
  const taken = assumed.map(
    ({ path, value }) => `${path} as ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  return ` (not known before the update, taken as the dearest: ${taken.join(", ")})`;
}

/** What is not in the sum, as nobody knows how much of it will be used. */
function byUsage(all: readonly Judged[]): string {
  const open = all.filter(
    ({ line, added }) => added === undefined && line?.usage?.some(({ monthly }) => monthly === undefined),
  );
  return open.length > 0
    ? `; what depends on usage comes on top: ${open.map(({ resource }) => resource.name).join(", ")}`
    : "";
}
