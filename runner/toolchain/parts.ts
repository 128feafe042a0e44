import { toolMissing } from "./command.ts";
import { dockerPart } from "./docker.ts";
import { type Host, thisHost } from "./host.ts";
import { nodePart, packagesPart } from "./node.ts";
import type { Part, PartEvent, PartState } from "./part.ts";
import { gitPart, sshPart } from "./programs.ts";
import { pulumiPart } from "./pulumi.ts";

export type { Part, PartEvent, PartState } from "./part.ts";

/** Everything that must be on the machine, in the order in which it is installed. */
export function partsOf(host: Host): Part[] {
  return [nodePart(host), packagesPart(host), gitPart(host), sshPart(host), pulumiPart(host), dockerPart(host)];
}

/** The parts of this machine. */
export const parts: Part[] = partsOf(thisHost());

export interface CheckedPart extends PartState {
  name: string;
  /** Whether `installMissing` could bring it. */
  installable: boolean;
}

/** Looks at every part, side by side; changes nothing. */
export async function checkAll(of: Part[] = parts): Promise<CheckedPart[]> {
  return await Promise.all(
    of.map(async (part) => ({ name: part.name, installable: part.install !== undefined, ...(await part.check()) })),
  );
}

export interface InstallOptions {
  /** Names of the parts to bring. @default all */
  only?: string[];
  onEvent?: (event: PartEvent) => void;
}

/**
 * Brings what is missing, one part after the other, and answers with what is there then.
 * Throws a `UserError` (`ToolMissing`) at the first part that cannot be brought.
 */
export async function installMissing(options: InstallOptions = {}, of: Part[] = parts): Promise<CheckedPart[]> {
  const onEvent = options.onEvent ?? (() => {});
  const wanted = of.filter((part) => options.only?.includes(part.name) ?? true);
  const states = await checkAll(wanted);
  for (const part of wanted) {
    const state = states.find(({ name }) => name === part.name);
    if (!state) continue;
    if (state.ok) onEvent({ kind: "found", part: part.name, found: state.found ?? "" });
    else Object.assign(state, await bring(part, state, onEvent));
  }
  return states;
}

async function bring(part: Part, state: PartState, onEvent: (event: PartEvent) => void): Promise<PartState> {
  const { name } = part;
  onEvent({ kind: "missing", part: name, found: state.found, fix: state.fix });
  const before = state.found ? `${name} is not fit: ${state.found}` : `${name} is missing`;
  if (!part.install) throw toolMissing(name, before, state.fix);
  onEvent({ kind: "installing", part: name });
  const started = performance.now();
  await part.install((text) => onEvent({ kind: "line", part: name, text }));
  const after = await part.check();
  if (!after.ok)
    throw toolMissing(name, `${name} was installed and is still not fit: ${after.found ?? "not found"}`, after.fix);
  onEvent({ kind: "installed", part: name, found: after.found ?? "", seconds: (performance.now() - started) / 1_000 });
  return after;
}
