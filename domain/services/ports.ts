import type { ComposeProject, Service } from "../compose/model.ts";
import type { ModelPath, StackPlan } from "./spec.ts";

/** Addresses and ports of the host that a container asks for: one of `first` to `last`, the same on every address. */
export interface PortWish {
  /** Of the container: `web-1`. */
  key: string;
  service: string;
  /** Indices in the service's list of ports. */
  indices: number[];
  /** Empty text: all of IPv4. */
  ips: string[];
  target: number;
  protocol: string;
  /** As the file says it: `8080` or `8000-8010`. */
  wanted: string;
}

/** A port of the host that is in use. */
export interface TakenPort {
  ip: string;
  port: number;
  protocol: string;
  /** Who has it, in words: `container shop-web-1`, `nginx (process 812)`. */
  by: string;
}

/** Where a container's port is published in place of what the file says; kept as a label of the container. */
export interface PlacedPort {
  key: string;
  target: number;
  protocol: string;
  wanted: string;
  published: number;
}

/** A wish, and the port it gets; `by` has the port that it asked for, where somebody has. */
export interface Placement extends PortWish {
  published: number;
  by?: string;
}

/** A wish that gets nothing. */
export interface NoPort extends PortWish {
  by: string;
}

/** The ports of the host that the containers of a plan ask for; those that leave the choice to the engine ask for none. */
export function portWishes(project: ComposeProject, plan: StackPlan): PortWish[] {
  return plan.containers.flatMap(({ key, service: name }) => {
    const service = project.services[name];
    if (!service || service.network_mode === "host") return [];
    const wishes = new Map<string, PortWish>();
    for (const [index, { target = 0, published, host_ip = "", protocol = "tcp" }] of (service.ports ?? []).entries()) {
      if (!published) continue;
      const group = `${published} ${target} ${protocol}`;
      const known = wishes.get(group);
      if (known) {
        known.indices.push(index);
        known.ips.push(host_ip);
      } else
        wishes.set(group, {
          key,
          service: name,
          indices: [index],
          ips: [host_ip],
          target,
          protocol,
          wanted: published,
        });
    }
    return [...wishes.values()];
  });
}

/** First and last port of `8080` or `8000-8010`. */
export function portRange(wanted: string): { first: number; last: number } {
  const [first = "0", last = first] = wanted.split("-");
  return { first: Number(first), last: Number(last) };
}

/** Where in the file a wish stands. */
export function portPath({ service, indices }: PortWish): ModelPath {
  return ["services", service, "ports", String(indices[0] ?? 0)];
}

const LAST_PORT = 65_535;

/**
 * A port of the host for each wish, none twice, none that is taken: where it was before (`before`), else where the file wants it, else, for
 * one port, the next free one above. A range is never left.
 */
export function placePorts(
  wishes: readonly PortWish[],
  taken: readonly TakenPort[],
  before: readonly PlacedPort[] = [],
): { placements: Placement[]; none: NoPort[] } {
  const given = new Map<PortWish, Placement>();
  const holder = (wish: PortWish, port: number): string | undefined =>
    taken.find(
      (one) => one.port === port && one.protocol === wish.protocol && wish.ips.some((ip) => overlap(ip, one.ip)),
    )?.by ?? [...given.values()].find((other) => other.published === port && clash(wish, other))?.key;
  const give = (wish: PortWish, port: number | undefined, by?: string): void => {
    if (port !== undefined) given.set(wish, { ...wish, published: port, ...(by === undefined ? {} : { by }) });
  };
  const firstFree = (wish: PortWish, from: number, to: number): number | undefined => {
    for (let port = from; port <= to; port++) if (holder(wish, port) === undefined) return port;
    return undefined;
  };
  const unplaced = () => wishes.filter((wish) => !given.has(wish));

  for (const wish of wishes) {
    const kept = before.find((one) => sameWish(one, wish))?.published;
    if (kept === undefined || holder(wish, kept) !== undefined) continue;
    give(wish, kept, isRange(wish.wanted) ? undefined : holder(wish, portRange(wish.wanted).first));
  }
  for (const wish of [...unplaced()].sort((a, b) => span(a) - span(b))) {
    const { first, last } = portRange(wish.wanted);
    give(wish, firstFree(wish, first, last));
  }
  for (const wish of unplaced()) {
    if (isRange(wish.wanted)) continue;
    const { first } = portRange(wish.wanted);
    give(wish, firstFree(wish, first + 1, LAST_PORT), holder(wish, first));
  }
  return {
    placements: [...given.values()],
    none: unplaced().map((wish) => ({ ...wish, by: holder(wish, portRange(wish.wanted).first) ?? "" })),
  };
}

/** Whether any of several ports will do. */
export function isRange(wanted: string): boolean {
  return wanted.includes("-");
}

/** How many ports would do: those with no choice are served first. */
function span({ wanted }: PortWish): number {
  const { first, last } = portRange(wanted);
  return last - first;
}

function sameWish(one: PlacedPort, wish: PortWish): boolean {
  return (["key", "target", "protocol", "wanted"] as const).every((field) => one[field] === wish[field]);
}

/** Whether two wishes cannot have the same port. */
function clash(one: PortWish, other: PortWish): boolean {
  return one.protocol === other.protocol && one.ips.some((ip) => other.ips.some((theirs) => overlap(ip, theirs)));
}

/** Whether a port of one address is a port of the other; `0.0.0.0` and `::` are all addresses of their family. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [a || "0.0.0.0", b || "0.0.0.0"];
  if (one === other) return true;
  if (one.includes(":") !== other.includes(":")) return false;
  return [one, other].some((address) => address === "0.0.0.0" || address === "::");
}

/** A port of the host that two services of the files ask for. */
export interface PortClash {
  path: ModelPath;
  port: string;
  other: string;
}

/** What can never be published side by side, whoever else uses the host: the later of two wishes for one port. */
export function portClashes(services: Readonly<Record<string, Service>>): PortClash[] {
  const seen: { name: string; ip: string; port: string; protocol: string }[] = [];
  const clashes: PortClash[] = [];
  for (const [name, { ports, network_mode: mode }] of Object.entries(services))
    for (const [index, { published = "", host_ip: ip = "", protocol = "tcp" }] of (ports ?? []).entries()) {
      if (!published || isRange(published) || mode === "host") continue;
      const other = seen.find((one) => one.port === published && one.protocol === protocol && overlap(one.ip, ip));
      if (other) clashes.push({ path: ["services", name, "ports", String(index)], port: published, other: other.name });
      seen.push({ name, ip, port: published, protocol });
    }
  return clashes;
}
