import { resolve } from "node:path";

/** The folder this code stands in: a clone of the repository or an installed package. */
export const OWN_ROOT = resolve(import.meta.dirname, "..");
