import type { Changes, EngineReport, Step } from "../engine/events.ts";

/** One thing that an update makes, changes or removes. */
export interface ServicesChange {
  action: Step["action"];
  kind: string;
  name: string;
  /** Inputs that differ. */
  changed: string[];
}

/** Pulumi's type of volumes. */
export const VOLUME = "docker:index/volume:Volume";

/** Only what is Docker's: the stack, the component and the provider are bookkeeping, and a volume that leaves the state stays where it is. */
export function changesOf({ steps }: EngineReport): { changes: Changes; steps: ServicesChange[] } {
  const own = steps.filter(
    ({ type, action }) => type.startsWith("docker:") && !(type === VOLUME && action === "delete"),
  );
  const changes: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  for (const { action } of own)
    if (action in changes) changes[action as keyof Changes] = (changes[action as keyof Changes] ?? 0) + 1;
  const changing = own.filter(({ action }) => ["create", "update", "replace", "delete"].includes(action));
  return {
    changes,
    steps: changing.map(({ action, type, inputs, name, changed }) => ({
      action,
      kind: kindOf(type),
      name: typeof inputs.name === "string" ? inputs.name : name,
      changed: changed ?? [],
    })),
  };
}

/** `docker:index/remoteImage:RemoteImage` is a `remoteimage`. */
export function kindOf(type: string): string {
  return (type.split(":").at(-1) ?? type).toLowerCase();
}
