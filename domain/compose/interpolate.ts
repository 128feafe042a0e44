import { type Node, type Path, pathTable, type ScalarNode } from "./node.ts";
import { fail } from "./problem.ts";
import { type Lookup, SubstitutionError, substitute } from "./substitute.ts";

/** Told of variables that are not set and have no default. */
export type OnUnset = (name: string, node: ScalarNode) => void;

/**
 * Fills variables in all texts of a document, in place. Where a number or a boolean belongs, the text becomes one: `"8080"`, `"true"`, `"yes"`.
 * Throws `ConfigInvalid` with the line for a required variable without a value, a broken variable, and text where a number belongs.
 */
export function interpolate(node: Node, lookup: Lookup, onUnset: OnUnset, path: Path = []): void {
  if (node.kind === "map") for (const [key, value] of node.entries) interpolate(value, lookup, onUnset, [...path, key]);
  else if (node.kind === "list")
    for (const [index, item] of node.items.entries()) interpolate(item, lookup, onUnset, [...path, String(index)]);
  else if (typeof node.value === "string") {
    node.value = filled(node, node.value, lookup, onUnset, path);
    castTo(CASTS(path), node, path);
  }
}

function filled(node: ScalarNode, template: string, lookup: Lookup, onUnset: OnUnset, path: Path): string {
  try {
    const { text, unset } = substitute(template, lookup);
    for (const name of unset) onUnset(name, node);
    return text;
  } catch (error) {
    if (error instanceof SubstitutionError) return fail(node, path, error.message);
    throw error;
  }
}

type Kind = "integer" | "float" | "boolean";

function castTo(kind: Kind | undefined, node: ScalarNode, path: Path): void {
  const text = String(node.value);
  if (kind === "integer") {
    if (!/^[-+]?\d+$/.test(text)) fail(node, path, `must be a whole number, not ${JSON.stringify(text)}`);
    node.text = BigInt(text.replace(/^\+/, "")).toString();
    node.value = Number(text);
  } else if (kind === "float") {
    if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text))
      fail(node, path, `must be a number, not ${JSON.stringify(text)}`);
    node.value = Number(text);
    node.text = String(node.value);
    node.float = true;
  } else if (kind === "boolean")
    node.value = booleanOf(text) ?? fail(node, path, `must be true or false, not ${JSON.stringify(text)}`);
}

/** `true`, `false`, and what YAML 1.1 called so. */
export function booleanOf(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (["true", "y", "yes", "on"].includes(word)) return true;
  return ["false", "n", "no", "off"].includes(word) ? false : undefined;
}

const SERVICE_KINDS: Record<string, Kind> = {
  cpu_count: "integer",
  cpu_percent: "float",
  cpu_period: "integer",
  cpu_quota: "integer",
  cpu_rt_period: "integer",
  cpu_rt_runtime: "integer",
  cpus: "float",
  cpu_shares: "integer",
  init: "boolean",
  "deploy.replicas": "integer",
  "deploy.update_config.parallelism": "integer",
  "deploy.update_config.max_failure_ratio": "float",
  "deploy.rollback_config.parallelism": "integer",
  "deploy.rollback_config.max_failure_ratio": "float",
  "deploy.restart_policy.max_attempts": "integer",
  "deploy.placement.max_replicas_per_node": "integer",
  "healthcheck.retries": "integer",
  "healthcheck.disable": "boolean",
  oom_kill_disable: "boolean",
  oom_score_adj: "integer",
  pids_limit: "integer",
  "ports.*.target": "integer",
  privileged: "boolean",
  read_only: "boolean",
  scale: "integer",
  stdin_open: "boolean",
  tty: "boolean",
  "ulimits.*": "integer",
  "ulimits.*.hard": "integer",
  "ulimits.*.soft": "integer",
  "volumes.*.read_only": "boolean",
  "volumes.*.volume.nocopy": "boolean",
};

const TOP_KINDS: Record<string, Kind> = {
  "networks.*.external": "boolean",
  "networks.*.internal": "boolean",
  "networks.*.attachable": "boolean",
  "networks.*.enable_ipv4": "boolean",
  "networks.*.enable_ipv6": "boolean",
  "volumes.*.external": "boolean",
  "secrets.*.external": "boolean",
  "configs.*.external": "boolean",
};

/** Where Compose expects something other than text. */
const CASTS = pathTable<Kind>({
  ...Object.fromEntries(Object.entries(SERVICE_KINDS).map(([path, kind]) => [`services.*.${path}`, kind])),
  ...TOP_KINDS,
});
