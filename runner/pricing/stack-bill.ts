import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import type { Charge } from "../../domain/cost/bill-comparison.ts";
import type { SizePrice } from "../../domain/cost/node-price.ts";
import { type Month, monthOf } from "../../domain/forecast.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import type { StackConfig } from "../../stacks/config.ts";
import { type Deployment, liveResources, type ResourceState } from "../checkpoint.ts";
import { type CloudClock, cloudClock } from "../clock.ts";
import { openCloud } from "../cloud.ts";
import { currentDeployment, stackConfig } from "../prepare.ts";
import { knownPrices } from "../price-list.ts";
import type { Target } from "../target.ts";
import {
  type AccountInventory,
  accountInventory,
  accountThings,
  type BilledThing,
  stackThings,
} from "./billed-things.ts";
import { type MonthCharges, monthCharges, pricesSince } from "./invoice.ts";
import { ownership } from "./ownership.ts";

/** What a caller has at hand already. */
export interface StackBillOptions {
  cloud?: DigitalOcean;
  clock?: CloudClock;
  config?: StackConfig;
  deployment?: Deployment;
  signal?: AbortSignal;
  /** `2026-11`. @default the running month */
  month?: string;
}

/** Everything that is known of what a stack and its account are charged for in a month. */
export interface StackBill {
  target: Target;
  config: StackConfig;
  cloud: DigitalOcean;
  owner: NodeOwner;
  /** By the cloud's clock, milliseconds since 1970. */
  now: number;
  month: Month;
  sizes: SizePrice[];
  inventory: AccountInventory;
  states: ResourceState[];
  /** Undefined where the token may not read the bill, or there is none of that month. */
  charges: MonthCharges | undefined;
  /** What the stack is charged for now. */
  things: BilledThing[];
  /** What the account is charged for now. */
  account: BilledThing[];
  gaps: string[];
  isOurs: (charge: Charge) => boolean;
}

/**
 * Looks at the stack's state and at the account; no engine is started for a file backend. Throws `ConfigInvalid`, `PrecheckFailed` without a
 * token, `LocalCloudFailed` where the local cloud does not run, `ApiError` where the cloud cannot be asked.
 */
export async function stackBill(target: Target, options: StackBillOptions = {}): Promise<StackBill> {
  const config = options.config ?? stackConfig(target);
  const cloud = options.cloud ?? (await openCloud(target, options.signal ? { signal: options.signal } : {}));
  const clock = options.clock ?? cloudClock(target);
  const [deployment, sizes, inventory] = await Promise.all([
    options.deployment ?? currentDeployment(target),
    knownPrices(target),
    accountInventory(cloud),
  ]);
  const now = await clock.now();
  const month = monthOf(options.month === undefined ? now : Date.parse(`${options.month}-01T00:00:00Z`));
  const charges = await monthCharges(cloud, month.name, now);
  const owner = { project: config.project, stack: target.stack, node: config.nodeName };
  const since = pricesSince(charges);
  const account = accountThings(inventory, { sizes, since });
  const states = liveResources(deployment);
  const { things, gaps } = stackThings(inventory, { sizes, since, states, owner, account: account.things });
  return {
    ...{ target, config, cloud, owner, now, month, sizes, inventory, states, charges, things },
    ...{ account: account.things, gaps, isOurs: ownership({ target, config, states }) },
  };
}
