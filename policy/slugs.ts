import { isUnknown, type Resource } from "../domain/cost/inputs.ts";
import { machinesOf } from "./machines.ts";

/** A size that a resource has. */
export interface Slug {
  kind: "machine" | "database" | "app";
  /** As in `spec.services[0].instanceSizeSlug`. */
  path: string;
  /** Lower case; undefined where it is not known before the update. */
  slug: string | undefined;
}

const APP_LISTS = ["services", "workers", "jobs"];

/** Every size of a resource, what is not known too. An App's component without a size, and a replica without, have one that is given by others. */
export function slugsOf(resource: Pick<Resource, "type" | "inputs">): Slug[] {
  const machines = machinesOf(resource);
  if (machines) return [{ kind: "machine", path: machines.path, slug: machines.size }];
  const { type, inputs } = resource;
  if (/^digitalocean:index\/database(Cluster|Replica):/.test(type)) return slug("database", "size", inputs.size);
  if (!type.startsWith("digitalocean:index/app:")) return [];
  if (isUnknown(inputs.spec)) return slug("app", "spec", inputs.spec);
  const spec = (inputs.spec ?? {}) as Record<string, unknown>;
  return APP_LISTS.flatMap((list) => {
    const components = spec[list] ?? [];
    if (!Array.isArray(components)) return slug("app", `spec.${list}`, components);
    return components.flatMap((one, index) => {
      const path = `spec.${list}[${index}]`;
      return isUnknown(one)
        ? slug("app", path, one)
        : slug("app", `${path}.instanceSizeSlug`, (one as Record<string, unknown> | null)?.instanceSizeSlug);
    });
  });
}

function slug(kind: Slug["kind"], path: string, value: unknown): Slug[] {
  if (value === undefined || value === null) return [];
  return [{ kind, path, slug: typeof value === "string" && !isUnknown(value) ? value.toLowerCase() : undefined }];
}
