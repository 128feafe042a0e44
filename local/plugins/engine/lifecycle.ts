import type { Fields } from "../schema/fields.ts";
import { PartialFailure, type ResourceCall } from "./provider.ts";
import type { Properties } from "./values.ts";

/** Says what was done to which resource when it fails. */
export async function told<T>(doing: string, call: ResourceCall, work: () => Promise<T>): Promise<T> {
  const say = (error: unknown): Error =>
    new Error(`${doing} "${call.name}": ${(error as Error).message}`, { cause: error });
  try {
    return await work();
  } catch (error) {
    if (error instanceof PartialFailure) throw new PartialFailure(error.id, error.outputs, say(error));
    throw say(error);
  }
}

/** What stays in the state when the inputs do not mention it. */
export function lasting(inputs: Fields, state: Properties): Properties {
  const stays = (name: string): boolean => inputs[name] === undefined || inputs[name].computed === true;
  return Object.fromEntries(Object.entries(state).filter(([name]) => stays(name)));
}

/**
 * In place of a delete: the object that was to be replaced is the one that the create has just taken for a leftover, and is in use again.
 * @param shown the object's id as a message has it
 */
export async function keep(noun: string, shown: string, { name, log }: ResourceCall): Promise<void> {
  log.warning(
    `${noun} "${name}" (${shown}) was not replaced: under the same name it cannot be told from one that an ` +
      "interrupted update has left; give the resource deleteBeforeReplace, and replace it again",
  );
}
