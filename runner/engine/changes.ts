import type { Changes, EngineReport, Step } from "./events.ts";

/** One thing that an update makes, changes or removes. */
export interface Change {
  action: Step["action"];
  kind: string;
  name: string;
  /** Inputs that differ. */
  changed: string[];
}

/**
 * What an update does to the outside: the stack, components and providers are bookkeeping.
 * @param kindOf what a type of resource is called, undefined for what does not count
 */
export function changesAmong(
  { steps }: EngineReport,
  kindOf: (step: Step) => string | undefined,
): { changes: Changes; steps: Change[] } {
  const changes: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  const changing: Change[] = [];
  for (const step of steps) {
    const kind = kindOf(step);
    if (kind === undefined || !(step.action in changes)) continue;
    const { action, inputs, changed = [] } = step;
    changes[action as keyof Changes] = (changes[action as keyof Changes] ?? 0) + 1;
    const name = typeof inputs.name === "string" ? inputs.name : step.name;
    if (action !== "same") changing.push({ action, kind, name, changed });
  }
  return { changes, steps: changing };
}
