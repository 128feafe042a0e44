import { yamlFiles } from "../yaml-files.ts";

const files = yamlFiles(import.meta.dirname);

/** Names of the runbooks of the catalog, sorted: `database-down`. */
export const runbookNames = files.names;

/** The file of a name of the catalog, or undefined. */
export const runbookFile = files.fileOf;
