import { readFileSync } from "node:fs";
import type { Service } from "../../../domain/compose/model.ts";
import { type ComposeResult, loadCompose } from "../../../domain/compose/project.ts";
import { serviceStackFile } from "../names.ts";

/** Variables that have no default. */
export const required = { IMAGE_TAG: "4f2a9c1", REGISTRY: "registry.example.com/own" };

/** Reads a file of the catalog; the reader knows this file and no other. */
export function load(
  name: string,
  environment: Record<string, string | undefined> = {},
  profiles: string[] = [],
): ComposeResult {
  const file = serviceStackFile(name) ?? "";
  const reader = {
    read: (path: string) => (path === file ? readFileSync(file, "utf8") : undefined),
    realPath: (path: string) => path,
    home: "/home",
  };
  return loadCompose(
    { files: [file], folder: "/nowhere", environment: { ...required, ...environment }, profiles },
    reader,
  );
}

export const services = (name: string, profiles: string[] = []): Record<string, Service> =>
  load(name, {}, profiles).project.services;

/** Service and the port that it has on the host. */
export const hostPorts = (name: string): Record<string, number> =>
  Object.fromEntries(
    Object.entries(services(name)).flatMap(([service, { ports }]) =>
      (ports ?? []).map(({ published }) => [service, Number(published)]),
    ),
  );
