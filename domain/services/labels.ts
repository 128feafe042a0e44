import { createHash } from "node:crypto";
import type { ComposeProject, Service } from "../compose/model.ts";
import type { Labels } from "./spec.ts";

/** Compose's labels: by them `docker compose ps` and desktop tools know what belongs together. */
export const LABEL = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  configHash: "com.docker.compose.config-hash",
  number: "com.docker.compose.container-number",
  volume: "com.docker.compose.volume",
  network: "com.docker.compose.network",
  workingDir: "com.docker.compose.project.working_dir",
  configFiles: "com.docker.compose.project.config_files",
  oneoff: "com.docker.compose.oneoff",
  image: "com.docker.compose.image",
  dependsOn: "com.docker.compose.depends_on",
  version: "com.docker.compose.version",
  /** Of an image that takes the place of one that cannot be had; ours, not Compose's. */
  standIn: "windlass.stand-in",
} as const;

/** The version of Compose whose labels and rules these are. */
export const COMPOSE_VERSION = "2.40.3";

/** Where a project was read from. */
export interface Origin {
  /** Absolute. */
  workingDir: string;
  files: readonly string[];
}

export function containerLabels(
  project: ComposeProject,
  name: string,
  service: Service,
  number: number,
  origin: Origin,
): Labels {
  const dependencies = Object.entries(service.depends_on ?? {}).map(
    ([other, { condition, restart }]) => `${other}:${condition}:${restart ?? false}`,
  );
  return {
    ...service.labels,
    [LABEL.configHash]: serviceHash(service),
    [LABEL.number]: String(number),
    [LABEL.dependsOn]: dependencies.join(","),
    [LABEL.oneoff]: "False",
    [LABEL.project]: project.name,
    [LABEL.configFiles]: origin.files.join(","),
    [LABEL.workingDir]: origin.workingDir,
    [LABEL.service]: name,
    [LABEL.version]: COMPOSE_VERSION,
  };
}

export function networkLabels(project: string, key: string, own: Labels | undefined, config: unknown): Labels {
  return {
    ...own,
    [LABEL.project]: project,
    [LABEL.network]: key,
    [LABEL.version]: COMPOSE_VERSION,
    [LABEL.configHash]: hash(config),
  };
}

export function volumeLabels(project: string, key: string, own: Labels | undefined): Labels {
  return { ...own, [LABEL.project]: project, [LABEL.volume]: key, [LABEL.version]: COMPOSE_VERSION };
}

/**
 * What decides whether a container is made anew: all of the service but what Compose leaves out too (order, scale, build, profiles, when to
 * pull). The number is this program's own: `docker compose up` on the same files makes the containers anew.
 */
export function serviceHash(service: Service): string {
  const { build: _b, pull_policy: _p, scale: _s, depends_on: _d, profiles: _f, deploy, ...rest } = service;
  const { replicas: _r, ...own } = deploy ?? {};
  return hash({ ...rest, ...(deploy ? { deploy: own } : {}) });
}

function hash(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
