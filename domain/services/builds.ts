import type { ComposeProject, Service } from "../compose/model.ts";
import { parseDuration } from "../compose/units.ts";
import { defined, filled } from "./defined.ts";
import { COMPOSE_VERSION, LABEL } from "./labels.ts";
import type { BuildSpec, ImageSpec, ModelPath, NotApplied, Refusal } from "./spec.ts";

/** What is on the disk for the build of a service. */
export interface BuildSource {
  /** Absolute path of the Dockerfile. */
  dockerfile: string;
  /** SHA-256 over the context and the Dockerfile, in hexadecimal. */
  digest: string;
}

/** Build sources by service. */
export type BuildSources = ReadonlyMap<string, BuildSource>;

/** Policies under which an image is pulled although the service says how to build it. */
const PULLS = /^(never|missing|if_not_present|always|daily|weekly|every_|refresh)/;

/** Whether the image of a service is built here: `build` wins over a registry, unless `pull_policy` says where the image comes from. */
export function isBuilt({ build, pull_policy: policy }: Service): boolean {
  return build !== undefined && !(policy && PULLS.test(policy));
}

/** The name of a service's image; one that is built has Compose's name where the file gives none. */
export function imageOf(project: ComposeProject, name: string, { image, build }: Service): string {
  return image ?? (build ? `${project.name}-${name}` : "");
}

/** Seconds in one day and one week: `pull_policy: daily` and `weekly`. */
const PERIODS: Record<string, number> = { always: 0, refresh: 0, daily: 86_400, weekly: 604_800 };

/** How old, in seconds, the engine's image may be before it is pulled again; undefined where any will do. */
export function pullAfterSeconds({ pull_policy: policy = "" }: Service): number | undefined {
  if (policy in PERIODS) return PERIODS[policy];
  // `every_1w2d`: Compose knows weeks and days, which its durations do not.
  const [, text] = /^every_(.+)$/.exec(policy) ?? [];
  if (!text) return undefined;
  const [, weeks = "0", days = "0", rest = ""] = /^(?:(\d+)w)?(?:(\d+)d)?(.*)$/.exec(text) ?? [];
  return Number(weeks) * 604_800 + Number(days) * 86_400 + (rest ? (parseDuration(rest) ?? 0) / 1e9 : 0);
}

/**
 * Each image once for each platform it is wanted for: built, pulled when the engine has none of its name, or pulled when it is old.
 * @param environment DOCKER_BUILDKIT=0 in it asks for the classic builder
 */
export function imagesOf(
  project: ComposeProject,
  names: readonly string[],
  environment: ReadonlyMap<string, string>,
  sources: BuildSources,
): ImageSpec[] {
  const classic = environment.get("DOCKER_BUILDKIT") === "0";
  const images = new Map<string, ImageSpec>();
  for (const name of names) {
    const service = project.services[name];
    if (!service || service.pull_policy === "never") continue;
    const image = imageSpec(project, name, service, classic, sources.get(name));
    const key = `${image.name} ${image.platform ?? ""}`;
    const known = images.get(key);
    // Two services of one image: the one that says how it is built does.
    if (!known || (!known.build && image.build)) images.set(key, image);
  }
  return [...images.values()];
}

function imageSpec(
  project: ComposeProject,
  name: string,
  service: Service,
  classic: boolean,
  source: BuildSource | undefined,
): ImageSpec {
  const built = isBuilt(service);
  return defined<ImageSpec>({
    name: imageOf(project, name, service),
    platform: service.platform,
    ...(built && source
      ? { build: buildOf(project, name, service, classic, source), triggers: { context: source.digest } }
      : { pullAfterSeconds: pullAfterSeconds(service) }),
  });
}

/** With the labels that Compose gives what it builds. */
function buildOf(
  project: ComposeProject,
  name: string,
  { build = {}, platform }: Service,
  classic: boolean,
  source: BuildSource,
) {
  return defined<BuildSpec>({
    context: build.context ?? "",
    dockerfile: source.dockerfile,
    target: build.target || undefined,
    buildArgs: filled(
      Object.fromEntries(
        Object.entries(build.args ?? {}).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
      ),
    ),
    labels: {
      ...build.labels,
      [LABEL.project]: project.name,
      [LABEL.service]: name,
      [LABEL.version]: COMPOSE_VERSION,
      ...(classic ? { "com.docker.compose.image.builder": "classic" } : {}),
    },
    useLegacyBuilder: classic || undefined,
    tags: filled(build.tags),
    networkMode: build.network || undefined,
    extraHosts: filled((build.extra_hosts ?? []).map((line) => line.replace("=", ":"))),
    cacheFroms: filled(build.cache_from),
    noCache: build.no_cache || undefined,
    pullParent: build.pull || undefined,
    shmSize: build.shm_size ? Number(build.shm_size) : undefined,
    platform: platform ?? build.platforms?.[0],
  });
}

const NO_SESSION = "the engine's API has no way to hand it to a build";

/** What a build asks for and cannot have; its image would be another. */
export function buildRefusals(name: string, service: Service): Refusal[] {
  const { build } = service;
  if (!build || !isBuilt(service)) return [];
  const suggestion = "build it with docker compose build, and set pull_policy: never for the service";
  const asked: [ModelPath, boolean, string][] = [
    [["secrets"], (build.secrets ?? []).length > 0, NO_SESSION],
    [["ssh"], (build.ssh ?? []).length > 0, NO_SESSION],
    [["additional_contexts"], Object.keys(build.additional_contexts ?? {}).length > 0, NO_SESSION],
    [["entitlements"], (build.entitlements ?? []).length > 0, NO_SESSION],
    [["privileged"], build.privileged === true, NO_SESSION],
    [["context"], isRemote(build.context ?? ""), "a context that is not a folder is not built from"],
  ];
  return asked
    .filter(([, given]) => given)
    .map(([path, , reason]) => ({ path: ["services", name, "build", ...path], reason, suggestion }));
}

function isRemote(context: string): boolean {
  return context.includes("://") || /^(service:|github\.com\/|git@)/.test(context);
}

const ONE_ENGINE = "the image stays on the engine it is built on";

/** What a build asks for that changes nothing in the image. */
export function buildNotApplied(name: string, service: Service): NotApplied[] {
  const { build, pull_policy: policy } = service;
  const at = (...path: string[]) => ["services", name, ...path];
  if (policy === "build" && !build)
    return [{ path: at("pull_policy"), reason: "the service does not say how to build it" }];
  if (!build) return [];
  if (!isBuilt(service)) return [{ path: at("build"), reason: `pull_policy is ${policy}: nothing is built` }];
  const asked: [string, boolean, string][] = [
    ["cache_to", (build.cache_to ?? []).length > 0, ONE_ENGINE],
    ["platforms", (build.platforms ?? []).length > 1, "only the first is built: the engine keeps one of a name"],
    ["provenance", isOn(build.provenance), ONE_ENGINE],
    ["sbom", isOn(build.sbom), ONE_ENGINE],
    ["ulimits", Object.keys(build.ulimits ?? {}).length > 0, "the Pulumi provider for Docker has nothing for it"],
  ];
  return asked.filter(([, given]) => given).map(([key, , reason]) => ({ path: at("build", key), reason }));
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "false";
}
