import { z } from "zod";
import { interpolate } from "../compose/interpolate.ts";
import { type MapNode, nearestNode, type Path } from "../compose/node.ts";
import { fail } from "../compose/problem.ts";
import { parseNodes } from "../compose/schema.ts";
import type { Lookup } from "../compose/substitute.ts";
import { parseDuration as composeDuration } from "../compose/units.ts";
import { parseDocuments } from "../compose/yaml.ts";
import { parseDuration } from "../duration.ts";
import { matcher } from "../pattern.ts";
import { type AlertRule, DEFAULT_RULES, REPEAT_MS } from "./alert.ts";
import { ConditionMistake, parseCondition } from "./condition.ts";
import { HEALTH_TIMEOUT_MS, type HealthTarget, namedBy, parseTarget, TargetMistake } from "./target.ts";

/** What is asked, when people are told, and how long results are kept. */
export interface HealthFile {
  /** The file; undefined where there is none. */
  source?: string | undefined;
  targets: HealthTarget[];
  alerts: readonly AlertRule[];
  /** Milliseconds between two passes. */
  everyMs: number;
  /** Milliseconds for which results are kept. */
  keepMs: number;
}

/** Where a file says nothing: a pass a minute, results of 30 days. */
export const HEALTH_DEFAULTS = { everyMs: 60_000, keepMs: 30 * 24 * 3_600_000 } as const;

const duration = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text) ?? (composeDuration(text) ?? Number.NaN) / 1e6;
  if (milliseconds >= 0) return milliseconds;
  context.addIssue({ code: "custom", message: `${JSON.stringify(text)} is no duration: write 30s, 5m, 8h or 2d` });
  return z.NEVER;
});

const name = z.string().regex(/^[\w./-]+$/, "a name has only letters, digits, dots, slashes, hyphens and underscores");

const target = z.union([
  z.string(),
  z.strictObject({
    address: z.string(),
    timeout: duration.optional(),
    status: z.int().min(100).max(599).optional(),
    contains: z.string().min(1).optional(),
    queue: z.string().min(1).optional(),
    bullmq: z.string().min(1).optional(),
    most: z.int().min(0).optional(),
    fresh: duration.optional(),
  }),
]);

const alert = z.strictObject({
  name: z.string().min(1),
  when: z.string(),
  targets: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  for: duration.optional(),
  repeat: duration.optional(),
  severity: z.enum(["warning", "critical"]).optional(),
});

const healthFile = z.strictObject({
  every: duration.optional(),
  history: duration.optional(),
  targets: z.record(name, target),
  alerts: z.array(alert).optional(),
});

/** Settings of the file and what they are called inside. */
const NAMES: Record<string, string> = { freshMs: "fresh", timeoutMs: "timeout" };

/**
 * Reads a health file. Variables (`${NAME}`) are filled in as in Compose files; one that is not set is a mistake. Throws `ConfigInvalid` with file and
 * line of everything that is wrong.
 * @param lookup values of variables
 */
export function parseHealthFile(text: string, file: string, lookup: Lookup): HealthFile {
  const [document] = parseDocuments(text, file, "a health file is a mapping with `targets`");
  const root = document?.root ?? fail({ at: { file, line: 1 } }, [], "a health file is a mapping with `targets`");
  interpolate(root, lookup, (variable, node) => fail(node, [], `the variable ${variable} is not set`));
  const given = parseNodes(root, healthFile);
  const targets = Object.entries(given.targets).map(([key, value]) => targetIn(root, key, value));
  if (targets.length === 0)
    fail(nearestNode(root, ["targets"]), ["targets"], "names nothing whose health can be asked");
  return {
    source: file,
    targets,
    alerts:
      given.alerts?.map((value, index) => ruleIn(root, index, value, given.alerts ?? [], targets)) ?? DEFAULT_RULES,
    everyMs: atLeast(root, "every", given.every ?? HEALTH_DEFAULTS.everyMs, 1000, "1s"),
    keepMs: atLeast(root, "history", given.history ?? HEALTH_DEFAULTS.keepMs, 60_000, "1m"),
  };
}

function atLeast(root: MapNode, key: string, value: number, least: number, shown: string): number {
  return value >= least ? value : refuseAt(root, [key], `must be ${shown} at least`);
}

function targetIn(root: MapNode, key: string, value: z.output<typeof target>): HealthTarget {
  const { address, timeout, fresh, ...settings } = typeof value === "string" ? { address: value } : value;
  const path = ["targets", key];
  if (timeout === 0) refuseAt(root, [...path, "timeout"], "must be longer than nothing");
  try {
    return parseTarget(address, key, {
      ...settings,
      timeoutMs: timeout ?? HEALTH_TIMEOUT_MS,
      ...(fresh === undefined ? {} : { freshMs: fresh }),
    });
  } catch (error) {
    if (!(error instanceof TargetMistake)) throw error;
    const { setting = "address", message, suggestion } = error;
    return refuseAt(root, typeof value === "string" ? path : [...path, NAMES[setting] ?? setting], message, suggestion);
  }
}

function ruleIn(
  root: MapNode,
  index: number,
  value: z.output<typeof alert>,
  all: readonly z.output<typeof alert>[],
  targets: readonly HealthTarget[],
): AlertRule {
  const path = ["alerts", String(index)];
  const patterns = [value.targets ?? "*"].flat();
  if (all.findIndex((other) => other.name === value.name) < index)
    refuseAt(root, [...path, "name"], `there is a rule ${JSON.stringify(value.name)} already`);
  for (const pattern of patterns)
    if (!targets.some((one) => mayBe(pattern, one)))
      refuseAt(
        root,
        [...path, "targets"],
        `${JSON.stringify(pattern)} is no target`,
        `there are ${targets.map((one) => one.name).join(", ")}`,
      );
  try {
    return {
      name: value.name,
      targets: patterns,
      condition: parseCondition(value.when),
      forMs: value.for ?? 0,
      severity: value.severity ?? "warning",
      repeatMs: value.repeat ?? REPEAT_MS,
    };
  } catch (error) {
    if (!(error instanceof ConditionMistake)) throw error;
    return refuseAt(root, [...path, "when"], error.message);
  }
}

/** Whether a pattern may name a result of a target; what a stack of services or of nodes consists of is known later only. */
function mayBe(pattern: string, { name: own, kind, address }: HealthTarget): boolean {
  if (matcher(pattern)(own)) return true;
  return kind === "services" ? pattern.startsWith(`${own}/`) : kind === "node" && namedBy({ address }) === "*";
}

function refuseAt(root: MapNode, path: Path, reason: string, suggestion?: string): never {
  return fail(nearestNode(root, path), path, reason, suggestion);
}
