import { stripVTControlCharacters } from "node:util";
import { givenFile } from "../../catalog/given-file.ts";
import type { Resource } from "../../domain/cost/inputs.ts";
import { UserError } from "../../domain/errors.ts";
import type { Deployment, ResourceState } from "../checkpoint.ts";
import { priced } from "../cost.ts";

/** The resources as they are and as they will be. */
export interface Comparison {
  before: Resource[];
  after: Resource[];
  /** Resources of the stack that the plan leaves out, because they do not change. */
  leftOut?: number;
}

/** The deployment format that Pulumi 3 writes and this reads. */
const STATE_VERSION = 3;

/** Reads what `pulumi preview --json` printed. Throws `UsageError` for anything else, `CommandFailed` for a preview that failed. */
export function readPlanFile(path: string): Comparison {
  return planOf(json(path, "plan"), path);
}

/** Reads what `pulumi stack export` printed, or a checkpoint of a file backend. Throws `UsageError` for another version. */
export function readStateFile(path: string): Comparison {
  const state = json(path, "state") as {
    version?: unknown;
    deployment?: Deployment | null;
    checkpoint?: { latest?: Deployment | null };
  };
  if (typeof state !== "object" || state === null || !("deployment" in state || "checkpoint" in state)) {
    throw wrong(path, "is no state of a stack", "write one with: pulumi stack export --file state.json");
  }
  if (state.version !== STATE_VERSION) {
    const found = `is a state of version ${state.version ?? "unknown"}, not ${STATE_VERSION}`;
    throw wrong(path, found, "export it with Pulumi 3: pulumi stack export --file state.json");
  }
  const { resources = [] } = state.deployment ?? state.checkpoint?.latest ?? {};
  if (!Array.isArray(resources)) throw wrong(path, "has no list of resources", "export it again: pulumi stack export");
  const all = priced(resources.filter(isManaged));
  return { before: all, after: all };
}

interface PlanStep {
  op: string;
  urn: string;
  oldState?: ResourceState;
  newState?: ResourceState;
}

/** Steps that leave nothing behind, or look at what others own. */
const OWN_NOTHING = new Set([
  "delete",
  "delete-replaced",
  "discard",
  "discard-replaced",
  "remove-pending-replace",
  "read",
  "read-replacement",
  "read-discard",
]);

/** Makes sense of the JSON document of a preview; `name` is what errors call it. */
export function planOf(document: unknown, name: string): Comparison {
  const plan = document as {
    steps?: PlanStep[];
    diagnostics?: { severity?: string; message?: string }[];
    changeSummary?: { same?: number };
  };
  const failure = plan?.diagnostics?.find?.(({ severity }) => severity === "error")?.message;
  if (failure) throw previewFailed(failure);
  if (
    !Array.isArray(plan?.steps) ||
    plan.steps.some((step) => typeof step?.urn !== "string" || typeof step.op !== "string")
  ) {
    throw wrong(name, "is no plan", "write one with: pulumi preview --json --show-sames > plan.json");
  }
  const before = new Map<string, ResourceState>();
  const after = new Map<string, ResourceState>();
  for (const { op, urn, oldState, newState } of plan.steps) {
    if (oldState && isManaged(oldState)) before.set(urn, oldState);
    if (newState && isManaged(newState) && !OWN_NOTHING.has(op)) after.set(urn, newState);
  }
  const leftOut = (plan.changeSummary?.same ?? 0) - plan.steps.filter(({ op }) => op === "same").length;
  return {
    before: priced([...before.values()]),
    after: priced([...after.values()]),
    ...(leftOut > 0 ? { leftOut } : {}),
  };
}

/** What a program only reads costs somebody else. */
function isManaged(state: ResourceState): boolean {
  return state.external !== true;
}

/** The first place in the program that a failed preview names, and what is wrong there. */
export function previewFailed(printed: string): UserError {
  const message = stripVTControlCharacters(printed);
  const place = /(?:file:\/\/)?((?:\/|[A-Za-z]:\\)[^\s'"():]+\.[cm]?[jt]sx?):(\d+)/.exec(message);
  const cause = /^\s*((?:\w*Error|error TS\d+)\b.*)$/m.exec(message)?.[1] ?? firstLine(message);
  const where = place ? { file: place[1], line: Number(place[2]) } : {};
  return new UserError("CommandFailed", {
    reason: `the preview failed: ${place ? `${place[1]}:${place[2]}: ` : ""}${cause}`,
    suggestion: "mend the program until pulumi preview goes through; nothing was priced",
    ...where,
  });
}

function firstLine(message: string): string {
  const lines = message.split("\n").map((line) => line.trim());
  return lines.find((line) => line !== "")?.replace(/^error: /, "") ?? "no reason was given";
}

function json(path: string, kind: string): unknown {
  const text = givenFile(path, kind);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong(
      path,
      `is no JSON: ${(cause as Error).message}`,
      `a ${kind} is what pulumi ${kind === "plan" ? "preview --json" : "stack export"} prints`,
    );
  }
}

function wrong(path: string, what: string, suggestion: string): UserError {
  return new UserError("UsageError", { reason: `${path} ${what}`, suggestion, file: path }, { exitCode: 2 });
}
