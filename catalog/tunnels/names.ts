import { yamlFiles } from "../yaml-files.ts";

const files = yamlFiles(import.meta.dirname);

/** Names of the tunnels of the catalog, sorted: `agent-nas`. */
export const catalogTunnels = files.names;

/** The file of a name of the catalog, or undefined. */
export const catalogTunnelFile = files.fileOf;
