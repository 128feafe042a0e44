import { amount, list, NotPriced, part, text, type Values } from "./inputs.ts";
import type { PriceList } from "./price-list.ts";
import type { FixedPart, UsagePart } from "./resource-price.ts";
import { type Rule, row } from "./rules.ts";

/** Seconds that an App Platform instance is billed for in a month at most: 28 days. */
const MONTH_SECONDS = 28 * 86_400;

/** App Platform: services and workers by their instances, jobs and functions by what they run, static sites by the account's allowance. */
export const app: Rule = ({ inputs }, prices) => {
  const spec = part(inputs, "spec") ?? {};
  const fixed: FixedPart[] = [];
  const usage: UsagePart[] = [];
  for (const component of [...list(spec, "services"), ...list(spec, "workers")]) {
    const { instances, extra } = running(component, prices);
    fixed.push(instances);
    usage.push(...extra);
  }
  for (const job of list(spec, "jobs")) usage.push(jobRun(job, prices));
  for (const database of list(spec, "databases")) {
    if (database.production === true) continue;
    throw new NotPriced(
      `development database ${nameOf(database)} has no known price (a production one is its own resource)`,
    );
  }
  if (list(spec, "functions").length > 0) usage.push(notListed("function_gib_seconds", "functions", "GiB-second"));
  if (list(spec, "staticSites").length > 0)
    usage.push(notListed("static_sites", "static sites beyond the account's free ones", "site and month"));
  const what = fixed.map((one) => one.what).join(", ") || "app";
  return { what, fixed, usage };
};

function running(component: Values, prices: PriceList): { instances: FixedPart; extra: UsagePart[] } {
  const slug = text(component, "instanceSizeSlug");
  const price = row(prices, "app-instances", slug, "instance size");
  const scaling = part(component, "autoscaling");
  const least = scaling ? amount(scaling, "minInstanceCount") : amount(component, "instanceCount", 1);
  const most = scaling ? amount(scaling, "maxInstanceCount") : least;
  const name = nameOf(component);
  const instances = { what: `${name}: ${slug} x ${least}`, monthly: price.usd * least, asOf: price.asOf };
  if (most <= least) return { instances, extra: [] };
  const { usd: unitUsd, per, asOf } = price;
  return {
    instances,
    extra: [
      {
        key: `extra_instances_${name}`,
        what: `instances of ${name} beyond ${least}, on average`,
        unitUsd,
        per,
        most: most - least,
        asOf,
      },
    ],
  };
}

function jobRun(job: Values, prices: PriceList): UsagePart {
  const price = row(prices, "app-instances", text(job, "instanceSizeSlug"), "instance size");
  const name = nameOf(job);
  return {
    key: `seconds_${name}`,
    what: `job ${name}`,
    unitUsd: price.usd / MONTH_SECONDS,
    per: "second of a run",
    asOf: price.asOf,
  };
}

function notListed(key: string, what: string, per: string): UsagePart {
  return { key, what, unitUsd: null, per };
}

function nameOf(component: Values): string {
  return typeof component.name === "string" ? component.name : "?";
}
