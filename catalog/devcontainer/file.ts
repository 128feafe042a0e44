import { join } from "node:path";

/** The Compose file that development containers are made from. */
export const DEVCONTAINER_FILE = join(import.meta.dirname, "compose.yaml");
