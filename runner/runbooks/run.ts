import { UserError } from "../../domain/errors.ts";
import { type EscalationStep, escalationSteps } from "../../domain/runbooks/escalation.ts";
import { dueActions, type FoundCause, foundCauses, type Reading } from "../../domain/runbooks/judge.ts";
import type { Action } from "../../domain/runbooks/schema.ts";
import type { OperationOptions } from "../progress.ts";
import { type PlannedStep, plannedStep } from "./actions.ts";
import { readRunbook } from "./catalog.ts";
import { diagnose } from "./diagnose.ts";
import { Incident } from "./incident.ts";
import { openPlace, type Place, type PlaceOptions, playersOf, refreshed } from "./place.ts";
import { askSymptoms, type SymptomSeen } from "./symptoms.ts";

export interface RunbookOptions extends PlaceOptions, OperationOptions {
  /** Name in the catalog, or a file. */
  runbook: string;
  /** 1, 2 or 3: what is done about what was found. @default only looks */
  level?: number;
  dryRun?: boolean;
  /** Shown what was found and what would be done; answer false to leave it. */
  confirm?: (plan: RunbookResult) => Promise<boolean>;
  /** Longest wait after the last step until nothing is wrong any more, in seconds. @default 60 */
  settleSeconds?: number;
}

export interface RunbookStep {
  title: string;
  what: string;
  where: string[];
  outcome: "planned" | "done" | "failed" | "manual";
  /** What came of it. */
  detail: string | null;
}

export interface RunbookResult {
  runbook: string;
  title: string;
  impact: string;
  stack: string | null;
  host: string;
  symptoms: SymptomSeen[];
  /** What every check has found; after a recovery, how it is then. */
  checks: (Reading & { title: string })[];
  /** What is behind it, the likely one first; before a recovery. */
  causes: FoundCause[];
  /** When the failure was first found; null where there is none. */
  since: string | null;
  level: number | null;
  /** Title of the level. */
  recovery: string | null;
  steps: RunbookStep[];
  /** Whether the causes are gone after the recovery; null where nothing was done. */
  mended: boolean | null;
  /** Causes that are left then. */
  left: FoundCause[];
  escalation: EscalationStep[];
  prevention: string[];
}

/** Pause between two looks after a recovery, in milliseconds. */
const LOOK_MS = 500;

/**
 * Diagnoses a failure, which changes nothing; with a level also recovers from it, after `confirm`, and looks again. Every step is kept in
 * `.windlass/audit/runbooks.jsonl`. A step that fails ends the recovery; the result says so. Throws `NotFound`, `UsageError`, `ConfigInvalid`,
 * `CommandFailed` where the engine does not answer, `Cancelled`.
 */
export async function runRunbook(options: RunbookOptions): Promise<RunbookResult> {
  const { level, dryRun = false, confirm, onEvent, signal } = options;
  if (level !== undefined && ![1, 2, 3].includes(level))
    throw new UserError(
      "UsageError",
      { reason: `there is no level ${level}`, suggestion: "give 1, 2 or 3" },
      { exitCode: 2 },
    );
  const runbook = readRunbook(options.runbook);
  const place = await openPlace(runbook, options);
  const incident = new Incident(place.home, { runbook: runbook.name, stack: place.stack, host: place.address.host });
  onEvent?.({ kind: "phase", text: `looking at ${place.stack ?? place.address.host}` });
  const [readings, symptoms] = await Promise.all([diagnose(place), askSymptoms(place)]);
  const causes = foundCauses(runbook, readings);
  incident.diagnosed(causes.map(({ id }) => id));
  const due =
    level === undefined ? [] : dueActions(runbook, level, causes).filter(({ action }) => isPlayed(place, action));
  const steps = due.map((one) => plannedStep(place, one));
  const found: RunbookResult = {
    ...{ runbook: runbook.name, title: runbook.title, impact: runbook.impact, stack: place.stack },
    ...{ host: place.address.host, symptoms, checks: titled(place, readings), causes, level: level ?? null },
    ...{ recovery: level === undefined ? null : (runbook.levels[level - 1]?.title ?? null) },
    ...{ steps: steps.map(planned), mended: null, left: causes, prevention: runbook.prevention },
    ...timesOf(place, incident),
  };
  if (dryRun || steps.length === 0) return found;
  if (confirm && !(await confirm(found)))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
  signal?.throwIfAborted();
  const done = await carriedOut(steps, incident, { level: level ?? 0, causes }, options);
  const after = await settled(
    place,
    options,
    done.some(({ outcome }) => outcome === "done"),
  );
  const left = foundCauses(runbook, after);
  const failed = done.some(({ outcome }) => outcome === "failed");
  incident.diagnosed(left.map(({ id }) => id));
  const mended = left.length === 0 && !failed;
  return { ...found, checks: titled(place, after), steps: done, mended, left, ...timesOf(place, incident) };
}

/** A step for a role that the stack may lack, and does, is left out. */
function isPlayed(place: Place, { restart, stop, recreate, exec, except }: Action): boolean {
  const role = restart ?? stop ?? recreate ?? exec?.in;
  return role === undefined || playersOf(place, role, except).length > 0;
}

async function carriedOut(
  steps: readonly PlannedStep[],
  incident: Incident,
  about: { level: number; causes: readonly FoundCause[] },
  { onEvent, signal }: OperationOptions,
): Promise<RunbookStep[]> {
  const done: RunbookStep[] = [];
  const causes = about.causes.map(({ id }) => id);
  let broken = false;
  for (const step of steps) {
    const { title, what, where } = step;
    const note = (outcome: "begun" | "done" | "failed" | "manual", detail?: string) =>
      incident.note({
        ...{ event: "step", causes, level: about.level, step: title, what, where, outcome },
        ...(detail === undefined ? {} : { detail }),
      });
    if (step.manual) {
      note("manual");
      done.push({ ...planned(step), outcome: "manual" });
    } else if (broken || signal?.aborted) done.push(planned(step));
    else {
      onEvent?.({ kind: "phase", text: title });
      note("begun");
      try {
        const detail = await step.run();
        note("done", detail);
        done.push({ ...planned(step), outcome: "done", detail });
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        note("failed", error.message);
        done.push({ ...planned(step), outcome: "failed", detail: error.message });
        broken = true;
      }
    }
  }
  return done;
}

/** How everything is once no cause is left and nothing is on its way any more, or when the time is over. */
async function settled(place: Place, options: RunbookOptions, changed: boolean): Promise<Reading[]> {
  const { settleSeconds = 60, onEvent, signal } = options;
  const deadline = Date.now() + (changed ? settleSeconds * 1000 : 0);
  onEvent?.({ kind: "phase", text: "looking whether it has helped" });
  for (;;) {
    const readings = await diagnose(await refreshed(place));
    const calm = readings.every(({ text }) => !text.includes("(starting)"));
    const well = foundCauses(place.runbook, readings).length === 0;
    if ((well && calm) || Date.now() >= deadline || signal?.aborted) return readings;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}

function titled({ runbook }: Place, readings: readonly Reading[]): RunbookResult["checks"] {
  const titles = new Map(runbook.diagnosis.map(({ id, title }) => [id, title]));
  return readings.map((reading) => ({ ...reading, title: titles.get(reading.check) ?? "" }));
}

function planned({ title, what, where }: PlannedStep): RunbookStep {
  return { title, what, where, outcome: "planned", detail: null };
}

function timesOf({ runbook }: Place, incident: Incident): Pick<RunbookResult, "since" | "escalation"> {
  const since = incident.since();
  return {
    since: since === undefined ? null : new Date(since).toISOString(),
    escalation: escalationSteps(runbook.escalation, since, Date.now()),
  };
}
