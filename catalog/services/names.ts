import { yamlFiles } from "../yaml-files.ts";

const files = yamlFiles(import.meta.dirname);

/** Names of the Compose files of the catalog, sorted: `agent-nas`. */
export const serviceStacks = files.names;

/** The Compose file of a name of the catalog, or undefined. */
export const serviceStackFile = files.fileOf;
