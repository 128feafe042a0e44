import type { Action, Condition, RunbookFile } from "./schema.ts";

/** What a check has found at one place. */
export interface Reading {
  check: string;
  /** Of the stack; null for what is not about one. */
  service: string | null;
  /** Such as a container, a mount or an address. */
  where: string;
  /** `unknown`: it could not be looked at. */
  state: "ok" | "failed" | "unknown";
  value: number | null;
  text: string;
}

export interface FoundCause {
  id: string;
  title: string;
  /** Services that it was found for; empty where it is not about services. */
  services: string[];
}

/** The causes that hold, in the runbook's order: the first is the likely one. All conditions of a cause must hold for one service. */
export function foundCauses(runbook: RunbookFile, readings: readonly Reading[]): FoundCause[] {
  return runbook.causes.flatMap(({ id, title, when }) => {
    const sets = when.map((condition) => holders(condition, readings));
    if (sets.some((holding) => holding.length === 0)) return [];
    const about = sets.map((set) => set.flatMap(({ service }) => service ?? [])).filter((names) => names.length > 0);
    const services = [...new Set(about[0] ?? [])].filter((service) => about.every((names) => names.includes(service)));
    return about.length > 0 && services.length === 0 ? [] : [{ id, title, services }];
  });
}

function holders(condition: Condition, readings: readonly Reading[]): Reading[] {
  const { check, is, above, below, matches, lacks } = condition;
  return readings.filter((reading) => {
    if (reading.check !== check) return false;
    const { value, text, state } = reading;
    if (is !== undefined) {
      if (state !== is) return false;
    } else if (state === "unknown") return false;
    if (above !== undefined && !(value !== null && value > above)) return false;
    if (below !== undefined && !(value !== null && value < below)) return false;
    if (matches !== undefined && !new RegExp(matches, "m").test(text)) return false;
    return lacks === undefined || !new RegExp(lacks, "m").test(text);
  });
}

/** An action of a level, and the services that it is for. */
export interface DueAction {
  action: Action;
  /** Those that its causes were found for; empty where these are not about services. */
  services: string[];
}

/** The actions of a level (1 to 3) that are for one of the causes. */
export function dueActions(runbook: RunbookFile, level: number, causes: readonly FoundCause[]): DueAction[] {
  return (runbook.levels[level - 1]?.actions ?? []).flatMap((action) => {
    const reasons = causes.filter(({ id }) => action.for === undefined || action.for.includes(id));
    if (reasons.length === 0) return [];
    return [{ action, services: [...new Set(reasons.flatMap(({ services }) => services))] }];
  });
}
