import { matcher } from "../pattern.ts";
import type { Resource } from "./inputs.ts";

/** How much is used, by what a person says: `quantity` answers undefined where nothing was said. `most` is what it can be at most. */
export interface UsageSource {
  quantity(resource: Resource, key: string, most?: number): number | undefined;
}

export const NO_USAGE: UsageSource = { quantity: () => undefined };

/** As much of everything as there can be, where there is a limit to it. */
export const MOST_USAGE: UsageSource = { quantity: (_resource, _key, most) => most };

/** What a usage file says: quantities by resource (a name, or a pattern with `*`) and by type. */
export interface UsageFile {
  /** By word of the type: `spacesBucket`. */
  types: Readonly<Record<string, Readonly<Record<string, number>>>>;
  resources: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Answers from a usage file and remembers what of it was of use. */
export function usageFrom(file: UsageFile): UsageSource & { unused(): string[] } {
  const used = new Set<string>();
  const patterns = Object.entries(file.resources).map(([pattern, quantities]) => ({
    pattern,
    quantities,
    fits: matcher(pattern),
  }));
  const take = (path: string, quantities: Readonly<Record<string, number>>, key: string): number | undefined => {
    if (!Object.hasOwn(quantities, key)) return undefined;
    used.add(`${path}.${key}`);
    return quantities[key];
  };
  return {
    quantity(resource, key) {
      const exact = patterns.find(({ pattern }) => pattern === resource.name);
      const fitting = exact ? [exact, ...patterns.filter((one) => one !== exact)] : patterns;
      for (const { pattern, quantities, fits } of fitting) {
        const said = fits(resource.name) ? take(`resources.${pattern}`, quantities, key) : undefined;
        if (said !== undefined) return said;
      }
      const word = /^digitalocean:index\/(\w+):/.exec(resource.type)?.[1] ?? resource.type;
      return take(`types.${word}`, file.types[word] ?? {}, key);
    },
    unused() {
      const all = [...paths("resources", file.resources), ...paths("types", file.types)];
      return all.filter((path) => !used.has(path));
    },
  };
}

function paths(section: string, entries: UsageFile["resources"]): string[] {
  return Object.entries(entries).flatMap(([name, quantities]) =>
    Object.keys(quantities).map((key) => `${section}.${name}.${key}`),
  );
}
