import { UserError } from "../domain/errors.ts";

/** Throws one UserError `ConfigInvalid` with everything that is wrong with a component's arguments, if anything is. */
export function refuse(component: string, problems: string[]): void {
  if (problems.length === 0) return;
  throw new UserError("ConfigInvalid", { reason: `${component}: ${problems.join("\n  ")}`, problems });
}
