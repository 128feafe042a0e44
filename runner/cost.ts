import { nodePrice, type SizePrice, volumeMonthlyUsd } from "../domain/cost/node-price.ts";
import { HOURS_PER_MONTH, usd } from "../domain/units.ts";
import type { ResourceState } from "./checkpoint.ts";
import type { Step } from "./engine/events.ts";

/** What a stack costs, now and after a plan. Amounts in USD; months have 730 hours. */
export interface CostEstimate {
  currency: "USD";
  hourly: number;
  monthly: number;
  previousMonthly: number;
  diffMonthly: number;
  resources: CostLine[];
  /** Names of resources whose price is not known; they count as nothing, so the sums are lower bounds when there are any. */
  unpriced: string[];
}

export interface CostLine {
  name: string;
  type: string;
  /** What is paid for: the size slug, the GiB. */
  what: string;
  hourly: number;
  monthly: number;
}

/** Resources as both a plan and a state describe them. */
type Priced = Pick<Step, "type" | "name" | "inputs">;

/** Types that DigitalOcean bills nothing for. */
const FREE =
  /^(pulumi|command|windlass|random|tls):|^digitalocean:index\/(vpc|vpcPeering|firewall|sshKey|tag|project|projectResources|volumeAttachment|reservedIpAssignment|domain|dnsRecord|certificate|monitorAlert|uptimeAlert):/;

/** Prices a plan against what is there. Sizes come from the API, so that prices are of today. */
export function estimateCost(
  before: readonly Priced[],
  after: readonly Priced[],
  sizes: readonly SizePrice[],
): CostEstimate {
  const lines: CostLine[] = [];
  const unpriced: string[] = [];
  for (const resource of after) {
    const line = costLine(resource, sizes);
    if (line) lines.push(line);
    else if (line === undefined) unpriced.push(resource.name);
  }
  const previous = before.reduce((sum, resource) => sum + (costLine(resource, sizes)?.monthly ?? 0), 0);
  const monthly = lines.reduce((sum, line) => sum + line.monthly, 0);
  return {
    currency: "USD",
    hourly: usd(lines.reduce((sum, line) => sum + line.hourly, 0)),
    monthly: usd(monthly),
    previousMonthly: usd(previous),
    diffMonthly: usd(monthly - previous),
    resources: lines,
    unpriced,
  };
}

/** null = free, undefined = price unknown. */
function costLine({ type, name, inputs }: Priced, sizes: readonly SizePrice[]): CostLine | null | undefined {
  if (FREE.test(type)) return null;
  if (type === "digitalocean:index/volume:Volume" && typeof inputs.size === "number") {
    const monthly = volumeMonthlyUsd(inputs.size);
    return { name, type, what: `${inputs.size} GiB`, hourly: monthly / HOURS_PER_MONTH, monthly };
  }
  if (type === "digitalocean:index/droplet:Droplet" && typeof inputs.size === "string") {
    const price = nodePrice({ size: inputs.size, volumesGiB: [] }, sizes);
    return price && { name, type, what: inputs.size, hourly: price.dropletHourlyUsd, monthly: price.monthlyUsd };
  }
  return undefined;
}

/** The resources of a state in the form that is priced. */
export function priced(resources: readonly ResourceState[]): Priced[] {
  return resources.map(({ type, urn, inputs }) => ({
    type,
    name: urn.slice(urn.lastIndexOf("::") + 2),
    inputs: inputs ?? {},
  }));
}
