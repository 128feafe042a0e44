import { stringify } from "yaml";
import type { ComposeProject } from "./model.ts";

/** The model as `docker compose config` prints it: YAML, dollars doubled so that it can be read again. */
export function toYaml(project: ComposeProject): string {
  return escaped(stringify(forYaml(project), { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" }));
}

/** The model as `docker compose config --format json` prints it, dollars doubled. */
export function toJson(project: ComposeProject): string {
  return escaped(JSON.stringify(forJson(project), null, 2));
}

function escaped(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** The content of a config that comes from the environment is not printed. */
function withoutContent(project: ComposeProject): ComposeProject {
  const configs = Object.entries(project.configs ?? {}).map(([name, { content, ...config }]) => [
    name,
    content !== undefined && config.environment === undefined ? { ...config, content } : config,
  ]);
  return configs.length > 0 ? { ...project, configs: Object.fromEntries(configs) } : project;
}

function forYaml(project: ComposeProject): object {
  return withoutContent(project);
}

type Json = Record<string, unknown>;

/** JSON has no extension keys below the top, null for commands that are not set, and empty objects where a field is always there. */
function forJson(project: ComposeProject): object {
  const shown = withoutContent(project);
  const services = Object.entries(shown.services).map(([name, service]) => [name, serviceJson(service as Json)]);
  const networks = Object.entries(shown.networks ?? {}).map(([name, network]) => [
    name,
    { ipam: {}, ...plain(network) },
  ]);
  const rest = Object.fromEntries(
    Object.entries(shown).map(([key, value]) => [
      key,
      key.startsWith("x-") || typeof value !== "object" ? value : each(value),
    ]),
  );
  return {
    ...rest,
    services: Object.fromEntries(services),
    ...(networks.length > 0 ? { networks: Object.fromEntries(networks) } : {}),
  };
}

function each(value: unknown): unknown {
  return Object.fromEntries(Object.entries(value as Json).map(([name, item]) => [name, plain(item)]));
}

/** Without extension keys, at any depth; maps that users name things in (labels, environment) hold no objects and stay. */
function plain(value: unknown): Json {
  return withoutExtensions(value) as Json;
}

function withoutExtensions(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutExtensions(item));
  if (typeof value !== "object" || value === null) return value;
  const free = FREE.has(key);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => free || !name.startsWith("x-"))
      .map(([name, item]) => [name, withoutExtensions(item, name)]),
  );
}

/** Maps whose keys are the user's own. */
const FREE = new Set([
  "annotations",
  "args",
  "additional_contexts",
  "aux_addresses",
  "depends_on",
  "driver_opts",
  "environment",
  "labels",
  "networks",
  "options",
  "storage_opt",
  "sysctls",
  "ulimits",
]);

function serviceJson(service: Json): Json {
  const shown: Json = { command: null, entrypoint: null, ...plain(service) };
  const deploy = shown.deploy as Json | undefined;
  if (deploy) shown.deploy = { resources: {}, placement: {}, ...deploy };
  const develop = shown.develop as { watch?: Json[] } | undefined;
  if (develop?.watch)
    shown.develop = {
      ...develop,
      watch: develop.watch.map((rule) => ({ ...rule, exec: { command: null, ...(rule.exec as Json) } })),
    };
  if (shown.blkio_config) shown.blkio_config = blkioJson(shown.blkio_config as Json);
  for (const hooks of ["post_start", "pre_stop"])
    if (shown[hooks]) shown[hooks] = (shown[hooks] as Json[]).map((hook) => ({ command: null, ...hook }));
  return shown;
}

/** Limits of block devices have capitals in Compose's JSON. */
function blkioJson(blkio: Json): Json {
  const capital = (item: Json): Json =>
    Object.fromEntries(Object.entries(item).map(([key, value]) => [key[0]?.toUpperCase() + key.slice(1), value]));
  return Object.fromEntries(
    Object.entries(blkio).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map((item) => capital(item as Json)) : value,
    ]),
  );
}
