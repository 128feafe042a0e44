import { readFileSync } from "node:fs";
import { serviceStackFile, serviceStacks } from "../../catalog/services/names.ts";
import { readServices } from "./files.ts";

/** A Compose file of the catalog, and what it wants to be told. */
export interface CatalogStack {
  name: string;
  description: string;
  file: string;
  services: CatalogService[];
  /** Variables without which it is refused. */
  required: string[];
  /** Variables with a default, and the default. */
  optional: Record<string, string>;
  /** Variables that hold secrets; a service reads its own as files below /run/secrets. */
  secrets: string[];
}

export interface CatalogService {
  name: string;
  image: string;
  /** Published on the host, as `127.0.0.1:3001` (defaults filled in). */
  ports: string[];
  /** It is started only with one of these; empty: always. */
  profiles: string[];
}

/** The catalog, by name. It is read without the environment: what has no default stands as its variable, `${IMAGE_TAG}`. */
export function listCatalog(): CatalogStack[] {
  return serviceStacks().map((name) => describe(name, serviceStackFile(name) ?? ""));
}

/** `${A:-x}` and `${A:?x}`; a doubled dollar is none. */
const VARIABLE = /(?<!\$)\$\{(?<name>\w+)(?::?(?<rule>[-?])(?<rest>[^}]*))?\}/g;

function describe(name: string, file: string): CatalogStack {
  const variables = [...readFileSync(file, "utf8").matchAll(VARIABLE)].map(({ groups }) => groups ?? {});
  const defaults = variables.filter(({ rule }) => rule === "-").map((found) => [found.name ?? "", found.rest ?? ""]);
  const required = variables.filter(({ rule }) => rule === "?").map((found) => found.name ?? "");
  const environment = Object.fromEntries(required.map((variable) => [variable, `$\{${variable}}`]));
  const { project } = readServices({ files: [file], envFiles: [], profiles: ["*"], environment });
  return {
    name,
    description: String(project["x-description"] ?? ""),
    file,
    services: Object.entries(project.services).map(([service, { image, ports, profiles }]) => ({
      name: service,
      image: image ?? "",
      ports: (ports ?? []).map(({ host_ip, published }) => [host_ip, published].filter(Boolean).join(":")),
      profiles: profiles ?? [],
    })),
    required: [...new Set(required)].sort(),
    optional: Object.fromEntries(defaults.sort()) as Record<string, string>,
    secrets: Object.values(project.secrets ?? {})
      .flatMap(({ environment: variable }) => (variable ? [variable] : []))
      .sort(),
  };
}
