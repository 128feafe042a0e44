import { isRange, type PlacedPort, type Placement } from "./ports.ts";
import type { ContainerSpec, StackPlan } from "./spec.ts";

/** Where ports of a container are published, when the file alone does not say it. */
export const PORTS_LABEL = "windlass.ports";

/** The plan with its containers' ports where they were placed, told to those who depend on them. */
export function withPorts(plan: StackPlan, placements: readonly Placement[]): StackPlan {
  return {
    ...plan,
    containers: plan.containers.map((spec) => publishTo(placed(spec, placements), placements)),
  };
}

function placed(spec: ContainerSpec, placements: readonly Placement[]): ContainerSpec {
  const own = placements.filter(({ key }) => key === spec.key);
  if (own.length === 0) return spec;
  const external = new Map(
    own.flatMap(({ indices, published }) => indices.map((index) => [index, published] as const)),
  );
  const ports = (spec.settings.ports ?? []).map((port, index) => {
    const published = external.get(index);
    return published === undefined ? port : { ...port, external: published };
  });
  const moved = own
    .filter(({ wanted, published }) => wanted !== String(published))
    .map(({ target, protocol, wanted, published }) => ({ target, protocol, wanted, published }));
  const labels = moved.length > 0 ? { ...spec.labels, [PORTS_LABEL]: JSON.stringify(moved) } : spec.labels;
  return { ...spec, labels, settings: { ...spec.settings, ports } };
}

/** What the label of a container says of its ports; nothing where it has none, or one that is not ours. */
export function placedPorts(key: string, label: string | undefined): PlacedPort[] {
  try {
    const found: unknown = JSON.parse(label ?? "[]");
    return (Array.isArray(found) ? (found as Omit<PlacedPort, "key">[]) : [])
      .filter((one) => Number.isInteger(one?.published) && typeof one.wanted === "string")
      .map(({ target, protocol, wanted, published }) => ({ key, target, protocol, wanted, published }));
  } catch {
    return [];
  }
}

/**
 * Tells a container of the ports that were moved of services it depends on. Inside a network of the engine a service keeps its name and its
 * own port, so only what goes by way of the host changes: `NAME_PUBLISHED_PORT` and `NAME_PUBLISHED_ADDRESS` are set, and an address of the
 * host in the container's own variables gets the new port. On the host's own network that is every address, and `NAME_PORT` is set too.
 */
function publishTo(spec: ContainerSpec, placements: readonly Placement[]): ContainerSpec {
  const needed = new Set(spec.dependsOn.map(({ service }) => service));
  const moved = placements.filter(
    (one) => needed.has(one.service) && !isRange(one.wanted) && one.wanted !== String(one.published),
  );
  if (moved.length === 0) return spec;
  const onHost = spec.networkMode === "host";
  const envs = spec.envs.map((line) => moved.reduce((text, one) => rewritten(text, one, hostNames(spec, one)), line));
  const known = new Set(envs.map((line) => line.split("=", 1)[0]));
  const add = (name: string, value: string): void => {
    if (known.has(name)) return;
    known.add(name);
    envs.push(`${name}=${value}`);
  };
  for (const { service, target, ips, published } of moved) {
    const name = service.toUpperCase().replace(/[^A-Z0-9]/g, "_");
    const address = `${reachable(ips[0] ?? "")}:${published}`;
    add(`${name}_PUBLISHED_PORT`, String(published));
    add(`${name}_PUBLISHED_ADDRESS`, address);
    add(`${name}_PUBLISHED_PORT_${target}`, String(published));
    if (onHost) add(`${name}_PORT`, String(published));
  }
  return { ...spec, envs };
}

/** Names by which a container reaches the host's address of a port. */
function hostNames({ networkMode, settings }: ContainerSpec, { ips }: Placement): string[] {
  const gateways = (settings.hosts ?? []).filter(({ ip }) => ip === "host-gateway").map(({ host }) => host);
  const outside = ips.filter((ip) => ip !== "" && !/^(0\.0\.0\.0|::|::1|127\..*)$/.test(ip)).map(bracketed);
  const own = networkMode === "host" ? ["localhost", "127.0.0.1", "[::1]", ...ips.filter(Boolean).map(bracketed)] : [];
  return [...new Set(["host.docker.internal", ...gateways, ...outside, ...own])];
}

function rewritten(line: string, { wanted, published }: Placement, hosts: readonly string[]): string {
  const at = line.indexOf("=");
  if (at < 0) return line;
  const names = hosts.map((host) => host.replace(/[.[\]]/g, "\\$&")).join("|");
  const address = new RegExp(`(?<![\\w.-])(${names}):${wanted}(?!\\d)`, "g");
  return line.slice(0, at + 1) + line.slice(at + 1).replace(address, `$1:${published}`);
}

function reachable(ip: string): string {
  return ["", "0.0.0.0", "::"].includes(ip) ? "localhost" : bracketed(ip);
}

function bracketed(ip: string): string {
  return ip.includes(":") ? `[${ip}]` : ip;
}
