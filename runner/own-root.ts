import { join, resolve } from "node:path";

/** The folder this code stands in: a clone of the repository or an installed package. */
export const OWN_ROOT = resolve(import.meta.dirname, "..");

/**
 * The `.windlass` folder, absolute: state, keys, logs of this machine.
 * @param home as given by the caller, before WINDLASS_HOME
 * @param root of the project whose folder it is without either
 */
export function windlassHome(home?: string, root = OWN_ROOT): string {
  return resolve(home ?? process.env.WINDLASS_HOME ?? join(root, ".windlass"));
}
