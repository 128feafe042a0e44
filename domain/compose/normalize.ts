import { posix } from "node:path";
import { entry, isNull, list, type MapNode, map, type Node, scalar, stringOf } from "./node.ts";
import type { Lookup } from "./substitute.ts";

/** What a service needs that says so with a namespace it shares: `network_mode: service:db`. */
const NAMESPACES = ["network_mode", "ipc", "pid", "uts", "cgroup"];

/** Writes out what a merged file implies, in place: networks, names, dependencies by links and shared namespaces, values of variables. */
export function normalize(root: MapNode, project: string, lookup: Lookup): void {
  const services = entry(root, "services");
  if (services?.kind === "map")
    for (const service of services.entries.values()) if (service.kind === "map") normalizeService(service, lookup);
  declareDefaultNetwork(root);
  for (const kind of ["networks", "volumes", "configs", "secrets"]) nameResources(entry(root, kind), project);
}

function normalizeService(service: MapNode, lookup: Lookup): void {
  const { entries } = service;
  if (stringOf(entries.get("pull_policy")) === "if_not_present")
    entries.set("pull_policy", scalar("missing", service.at));
  const networks = entries.get("networks");
  if (!entries.has("network_mode") && (networks?.kind !== "map" || networks.entries.size === 0))
    entries.set("networks", map([["default", scalar(null, service.at)]], service.at));
  const build = entries.get("build");
  if (build?.kind === "map") {
    if (!build.entries.has("dockerfile") && !build.entries.has("dockerfile_inline"))
      build.entries.set("dockerfile", scalar("Dockerfile", build.at));
    const args = build.entries.get("args");
    if (args) build.entries.set("args", resolved(args, lookup, false));
  }
  const environment = entries.get("environment");
  if (environment) entries.set("environment", resolved(environment, lookup, true));
  for (const volume of itemsOf(entries.get("volumes"))) {
    const target = stringOf(entry(volume, "target"));
    if (volume.kind === "map" && target)
      volume.entries.set("target", scalar(posix.normalize(target).replace(/(.)\/$/, "$1"), volume.at));
  }
  addDependencies(service);
}

function itemsOf(node: Node | undefined): Node[] {
  return node?.kind === "list" ? node.items : [];
}

/** Gives variables without a value that of the project's environment. */
function resolved(node: Node, lookup: Lookup, keepUnset: boolean): Node {
  if (node.kind === "map") {
    const found = [...node.entries].flatMap(([key, value]): (readonly [string, Node])[] => {
      if (!isNull(value)) return [[key, value]];
      const text = lookup(key);
      if (text !== undefined) return [[key, scalar(text, value.at)]];
      return keepUnset ? [[key, value]] : [];
    });
    return map(found, node.at);
  }
  const items = itemsOf(node).flatMap((item) => {
    const written = stringOf(item) ?? "";
    if (written.includes("=")) return [item];
    const text = lookup(written);
    if (text !== undefined) return [scalar(`${written}=${text}`, item.at)];
    return keepUnset ? [item] : [];
  });
  return list(items, node.at);
}

function addDependencies(service: MapNode): void {
  const known = service.entries.get("depends_on");
  const dependencies = new Map(known?.kind === "map" ? known.entries : []);
  const add = (name: string, restart: boolean, node: Node): void => {
    if (dependencies.has(name)) return;
    const { at } = node;
    const entries: [string, Node][] = [
      ["condition", scalar("service_started", at)],
      ["restart", scalar(restart, at)],
      ["required", scalar(true, at)],
    ];
    dependencies.set(name, map(entries, at));
  };
  for (const link of itemsOf(service.entries.get("links"))) add((stringOf(link) ?? "").split(":")[0] ?? "", true, link);
  for (const key of NAMESPACES) {
    const node = service.entries.get(key);
    const shared = stringOf(node);
    if (node && shared?.startsWith("service:")) add(shared.slice("service:".length), true, node);
  }
  for (const source of itemsOf(service.entries.get("volumes_from"))) {
    const written = stringOf(source) ?? "";
    if (!written.startsWith("container:")) add(written.split(":")[0] ?? "", false, source);
  }
  if (dependencies.size > 0) service.entries.set("depends_on", map(dependencies, known?.at ?? service.at));
}

function declareDefaultNetwork(root: MapNode): void {
  const services = entry(root, "services");
  const used =
    services?.kind === "map" &&
    [...services.entries.values()].some((service) => entry(entry(service, "networks"), "default") !== undefined);
  if (!used) return;
  const networks = entry(root, "networks");
  const declared = new Map(networks?.kind === "map" ? networks.entries : []);
  if (!declared.has("default")) declared.set("default", scalar(null, root.at));
  root.entries.set("networks", map(declared, networks?.at ?? root.at));
}

function nameResources(resources: Node | undefined, project: string): void {
  if (resources?.kind !== "map") return;
  for (const [key, resource] of resources.entries) {
    const named = map(resource.kind === "map" ? resource.entries : [], resource.at);
    const name = entry(named, "name");
    const external = entry(named, "external");
    const outside = external?.kind === "scalar" && String(external.value) === "true";
    if (!name || isNull(name)) named.entries.set("name", scalar(outside ? key : `${project}_${key}`, resource.at));
    resources.entries.set(key, named);
  }
}
