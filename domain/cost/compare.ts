import { type CostLine, type PricedResource, priceAll, type UsageLine } from "./estimate.ts";
import type { Resource } from "./inputs.ts";
import type { PriceList } from "./price-list.ts";
import type { UsageSource } from "./usage.ts";

/** What happens to a cost: it comes, goes, changes, or stays. */
export type CostChange = "+" | "-" | "~" | "=";

/** A node of the tree: a component, or a resource that costs something or whose price is not known. */
export interface CostNode {
  change: CostChange;
  name: string;
  type: string;
  /** Empty for components. */
  what: string;
  hourly: number;
  monthly: number;
  previousMonthly: number;
  usage: UsageLine[];
  parts: { what: string; monthly: number }[];
  /** Why there is no price. */
  unpriced?: string;
  children: CostNode[];
}

/** The tree by component, each with the sum of what is in it. What is free is left out, and so are components of nothing else. */
export function costTree(
  before: readonly Resource[],
  after: readonly Resource[],
  prices: PriceList,
  usage: UsageSource,
): CostNode[] {
  const old = keyed(priceAll(before, prices, usage));
  const now = keyed(priceAll(after, prices, usage));
  const known = new Map([...before, ...after].flatMap((one) => (one.urn ? [[one.urn, one] as const] : [])));
  const nodes = new Map<string, CostNode>();
  const roots: CostNode[] = [];
  const place = (node: CostNode, parent: string | undefined) => {
    const above = parent === undefined ? undefined : component(parent);
    (above?.children ?? roots).push(node);
  };
  const component = (urn: string): CostNode | undefined => {
    const found = nodes.get(urn);
    const resource = known.get(urn);
    if (found || !resource || resource.type === "pulumi:pulumi:Stack") return found;
    const node = empty(resource);
    nodes.set(urn, node);
    place(node, resource.parent);
    return node;
  };
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const node = nodeOf(old.get(key), now.get(key));
    if (!node) continue;
    const { urn, parent } = (now.get(key) ?? (old.get(key) as PricedResource)).resource;
    const already = urn === undefined ? undefined : nodes.get(urn);
    if (already) Object.assign(already, { ...node, children: already.children });
    else {
      if (urn !== undefined) nodes.set(urn, node);
      place(node, parent);
    }
  }
  for (const root of roots) addUp(root);
  return roots.sort(dearestFirst);
}

/** By URN; names with their types do where a program gave no URN. */
function keyed(all: readonly PricedResource[]): Map<string, PricedResource> {
  return new Map(all.map((one) => [one.resource.urn ?? `${one.resource.type} ${one.resource.name}`, one]));
}

function nodeOf(old: PricedResource | undefined, now: PricedResource | undefined): CostNode | undefined {
  const shown = now ?? old;
  if (!shown) return undefined;
  const unpriced = shown.price.kind === "unpriced" ? shown.price.reason : undefined;
  const line: CostLine | undefined = now ? now.line : old?.line;
  if (!line && unpriced === undefined && !old?.line) return undefined;
  const previousMonthly = old?.line?.monthly ?? 0;
  const monthly = now?.line?.monthly ?? 0;
  return {
    ...empty(shown.resource),
    change: !old ? "+" : !now ? "-" : monthly === previousMonthly ? "=" : "~",
    what: line?.what ?? "",
    hourly: now?.line?.hourly ?? 0,
    monthly,
    previousMonthly,
    usage: now?.line?.usage ?? [],
    parts: now?.line?.parts ?? [],
    ...(unpriced === undefined ? {} : { unpriced }),
  };
}

function empty({ name, type }: Resource): CostNode {
  return {
    change: "=",
    name,
    type,
    what: "",
    hourly: 0,
    monthly: 0,
    previousMonthly: 0,
    usage: [],
    parts: [],
    children: [],
  };
}

/** What matters first; by name where it costs the same, because an engine's order changes from run to run. */
function dearestFirst(a: CostNode, b: CostNode): number {
  const weight = (node: CostNode) => Math.max(node.monthly, node.previousMonthly);
  return weight(b) - weight(a) || (a.name < b.name ? -1 : 1);
}

/** A component costs what is in it. */
function addUp(node: CostNode): void {
  if (node.children.length === 0) return;
  for (const child of node.children) addUp(child);
  node.children.sort(dearestFirst);
  const sum = (field: "hourly" | "monthly" | "previousMonthly") =>
    node.children.reduce((all, child) => all + child[field], node[field]);
  const changes = new Set(node.children.map(({ change }) => change));
  if (node.what === "") node.change = changes.size === 1 ? ([...changes][0] as CostChange) : "~";
  [node.hourly, node.monthly, node.previousMonthly] = [sum("hourly"), sum("monthly"), sum("previousMonthly")];
}
