import { isDeepStrictEqual } from "node:util";
import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import { redact } from "../../domain/redaction.ts";
import { nameOfUrn } from "../checkpoint.ts";
import type { Action, OnEvent } from "../progress.ts";
import { type PolicyReport, policyTracker } from "./policy-events.ts";

/** How many resources an update (or its preview) makes, changes, replaces, removes, leaves. */
export interface Changes {
  create: number;
  update: number;
  replace: number;
  delete: number;
  same: number;
  /** Existing objects that were adopted; there only when some were. */
  import?: number;
}

/** A resource that the engine touches or would touch, with what it will be. */
export interface Step {
  action: Action;
  urn: string;
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  id?: string;
  /** URN of what it is in. */
  parent?: string;
  /** False for components. */
  custom?: boolean;
  changed?: string[];
}

export interface EngineFailure {
  urn: string;
  type: string;
  name: string;
  action: Action;
  inputs: Record<string, unknown>;
  /** What the plugin or the step said. */
  messages: string[];
}

export interface EngineReport {
  changes: Changes;
  /** One for each resource of the stack, `same` ones too. */
  steps: Step[];
  failures: EngineFailure[];
  /** Errors that belong to no failed resource: of the program, or of the engine itself. */
  errors: string[];
  warnings: string[];
  /** What policy packs said; of a run without any, nothing. */
  policy: PolicyReport;
  /**
   * Whether an update writes anything into the state: changes, outputs of the stack, and options that change no resource (protection, say).
   * True where that cannot be told.
   */
  touchesState: boolean;
}

const ACTIONS: Record<string, Action> = {
  create: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  delete: "delete",
  read: "read",
  "read-replacement": "read",
  import: "import",
  "import-replacement": "import",
  refresh: "refresh",
  same: "same",
};

/** Turns the engine's events into progress and a report. `seconds` gives a running time, for durations. */
export function eventTracker(onEvent: OnEvent, seconds: () => number) {
  const started = new Map<string, number>();
  const steps = new Map<string, Step>();
  const failed = new Map<string, EngineFailure>();
  const messages = new Map<string, string[]>();
  const errors: string[] = [];
  const warnings: string[] = [];
  const changes: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  const policy = policyTracker();
  let same = true;

  /** A refresh tells only at its end what it found. */
  function note(step: Step) {
    const known = steps.get(step.urn);
    if (!known || rank(step.action) >= rank(known.action)) steps.set(step.urn, step);
  }

  function begin(metadata: StepEventMetadata) {
    const step = stepOf(metadata);
    note(step);
    same &&= isKept(metadata);
    if (isQuiet(metadata)) return;
    started.set(key(metadata), seconds());
    const { action, urn, type, name, changed } = step;
    onEvent({ kind: "resource", state: "started", action, urn, type, name, ...(changed ? { changed } : {}) });
  }

  function end(metadata: StepEventMetadata, state: "finished" | "failed") {
    const step = stepOf(metadata);
    const { action, urn, type, name, inputs } = step;
    note(step);
    if (type === STACK) same &&= sameOutputs(metadata);
    const took = seconds() - (started.get(key(metadata)) ?? seconds());
    if (state === "failed") failed.set(urn, { urn, type, name, action, inputs, messages: [] });
    const announced = started.has(key(metadata));
    if (state === "finished" && (isQuiet(metadata) || !announced)) return;
    onEvent({ kind: "resource", state, action, urn, type, name, seconds: took });
  }

  function diagnostic(event: NonNullable<EngineEvent["diagnosticEvent"]>) {
    const text = redact(event.message).trimEnd();
    if (text === "" || (event.severity as string) === "debug") return;
    if (event.severity === "error") {
      messages.set(event.urn ?? "", [...(messages.get(event.urn ?? "") ?? []), text]);
      return;
    }
    if (event.ephemeral && event.urn) {
      onEvent({ kind: "waiting", urn: event.urn, text });
      return;
    }
    if (event.severity === "warning") warnings.push(text);
    const resource = event.urn && nameOfUrn(event.urn);
    const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.includes("windlass-error {"));
    for (const line of lines) onEvent({ kind: "line", resource, text: line });
  }

  return {
    handle(event: EngineEvent): void {
      policy.handle(event);
      if (event.resourcePreEvent) begin(event.resourcePreEvent.metadata);
      else if (event.resOutputsEvent) end(event.resOutputsEvent.metadata, "finished");
      else if (event.resOpFailedEvent) end(event.resOpFailedEvent.metadata, "failed");
      else if (event.diagnosticEvent) diagnostic(event.diagnosticEvent);
      else if (event.summaryEvent) Object.assign(changes, counts(event.summaryEvent.resourceChanges));
    },
    report(): EngineReport {
      for (const [urn, texts] of messages) {
        const failure = failed.get(urn);
        if (failure) failure.messages = texts;
        else errors.push(...texts);
      }
      messages.clear();
      const touchesState = !same || !nothingChanges(changes);
      const told = { failures: [...failed.values()], errors, warnings, policy: policy.report() };
      return { changes, steps: [...steps.values()], ...told, touchesState };
    },
  };
}

function stepOf(metadata: StepEventMetadata): Step {
  const state = metadata.new ?? metadata.old;
  const changed = Object.keys(metadata.detailedDiff ?? {});
  const keys = changed.length > 0 ? changed : (metadata.diffs ?? []);
  return {
    action: ACTIONS[metadata.op] ?? "same",
    urn: metadata.urn,
    type: metadata.type,
    name: nameOfUrn(metadata.urn),
    inputs: state?.inputs ?? {},
    ...(state?.id ? { id: state.id } : {}),
    ...(state?.parent ? { parent: state.parent } : {}),
    ...(state ? { custom: state.custom } : {}),
    ...(keys.length > 0 ? { changed: keys } : {}),
  };
}

const STACK = "pulumi:pulumi:Stack";

/** Whether the state goes on to say the same of a resource, as far as events tell. */
function isKept({ op, old, new: after }: StepEventMetadata): boolean {
  if (op !== "same" || !old || !after) return false;
  const recorded = ({ urn, parent, protect, provider, inputs, ...more }: typeof old) => {
    const { retainOnDelete = false } = more as { retainOnDelete?: boolean };
    return [urn, parent ?? "", protect ?? false, provider, inputs, retainOnDelete];
  };
  return isDeepStrictEqual(recorded(old), recorded(after));
}

/** Secrets look alike in events, whatever they are. */
function sameOutputs({ old, new: after }: StepEventMetadata): boolean {
  const outputs = after?.outputs ?? {};
  return isDeepStrictEqual(old?.outputs ?? {}, outputs) && !JSON.stringify(outputs).includes("[secret]");
}

/** Of the several steps of a replacement the word for the whole is kept. */
function rank(action: Action): number {
  return action === "same" || action === "refresh" ? 0 : action === "replace" ? 2 : 1;
}

function key(metadata: StepEventMetadata): string {
  return `${metadata.op} ${metadata.urn}`;
}

/** The stack itself, its components and providers have no work of their own; neither has what is only looked at. */
function isQuiet(metadata: StepEventMetadata): boolean {
  const bookkeeping = !(metadata.new ?? metadata.old)?.custom || metadata.type.startsWith("pulumi:");
  return bookkeeping || ["same", "replace", "refresh"].includes(metadata.op);
}

function counts(given: Partial<Record<string, number>>): Partial<Changes> {
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (given[name] ?? 0), 0);
  const imported = count("import", "import-replacement");
  return {
    create: count("create"),
    update: count("update"),
    replace: count("replace"),
    delete: count("delete"),
    same: count("same"),
    ...(imported > 0 ? { import: imported } : {}),
  };
}

/** Whether an update with these counts leaves everything as it is. */
export function nothingChanges(changes: Changes): boolean {
  return changes.create + changes.update + changes.replace + changes.delete + (changes.import ?? 0) === 0;
}

/** Whether nothing else went wrong than that a policy pack refused. */
export function isRefusedByPolicy({ policy, failures, errors }: EngineReport): boolean {
  const others = [...errors, ...failures.flatMap(({ messages, name }) => (messages.length > 0 ? messages : [name]))];
  return others.every(isVerdictOnly) && policy.findings.some(({ mandatory }) => mandatory);
}

/** What the engine says of the stack when a policy over all of it refuses, and of what it came not to. */
function isVerdictOnly(message: string): boolean {
  return /^(error: )?(update|preview) failed$/.test(message.trim()) || isAftermath(message);
}

/** The engine's words for what its plan has and an update did not come to: mostly because something before it failed. */
export function isAftermath(message: string): boolean {
  return /^(error: )?(resource plan failed|expected resource operations for .* but none were seen)/.test(
    message.trim(),
  );
}
