import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The YAML files of a folder, by their names without the ending. */
export interface YamlFiles {
  /** Sorted. */
  names(): string[];
  /** The path of a name's file, or undefined. */
  fileOf(name: string): string | undefined;
}

export function yamlFiles(folder: string): YamlFiles {
  return {
    names: () => {
      const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
      return files.map((file) => file.slice(0, -".yaml".length)).sort();
    },
    fileOf: (name) => {
      const file = join(folder, `${name}.yaml`);
      return /^[a-z0-9-]+$/.test(name) && existsSync(file) ? file : undefined;
    },
  };
}
