import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Names of the tunnels of the catalog, sorted: `agent-nas`. */
export function catalogTunnels(): string[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => file.slice(0, -".yaml".length)).sort();
}

/** The file of a name of the catalog, or undefined. */
export function catalogTunnelFile(name: string): string | undefined {
  const file = join(import.meta.dirname, `${name}.yaml`);
  return /^[a-z0-9-]+$/.test(name) && existsSync(file) ? file : undefined;
}
