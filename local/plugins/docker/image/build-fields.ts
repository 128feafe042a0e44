import { join } from "node:path";
import type { Failure } from "../../engine/provider.ts";
import { isProperties, type Properties, type Value } from "../../engine/values.ts";
import type { Field, Fields } from "../../schema/fields.ts";
import type { Raw, Work } from "../type.ts";
import type { Login } from "./auth.ts";
import { type BuildOptions, buildImage } from "./build.ts";
import { buildContext, type Context } from "./context.ts";

const text: Field = { type: "string" };
const texts: Field = { type: "list", of: text };
const map: Field = { type: "map", of: text };
const flag: Field = { type: "boolean" };
const whole: Field = { type: "integer" };

const supported: Fields = {
  context: { ...text, required: true },
  dockerfile: { ...text, default: "Dockerfile" },
  tags: texts,
  buildArgs: map,
  label: map,
  labels: map,
  target: text,
  platform: text,
  networkMode: text,
  extraHosts: texts,
  cacheFroms: texts,
  noCache: flag,
  pullParent: flag,
  remove: { ...flag, default: true },
  forceRemove: flag,
  memory: whole,
  shmSize: whole,
  version: { ...text, values: ["1", "2"] },
  useLegacyBuilder: flag,
  authConfigs: {
    type: "list",
    of: {
      type: "object",
      fields: {
        hostName: { ...text, required: true },
        userName: text,
        password: text,
        auth: text,
        email: text,
        serverAddress: text,
        identityToken: text,
        registryToken: text,
      },
    },
  },
};

/** Known, so that the refusal says more than "unknown key". */
const UNSUPPORTED = [
  "additionalContexts",
  "buildId",
  "buildLogFile",
  "builder",
  "cacheTos",
  "cgroupParent",
  "cpuPeriod",
  "cpuQuota",
  "cpuSetCpus",
  "cpuSetMems",
  "cpuShares",
  "isolation",
  "memorySwap",
  "provenance",
  "remoteContext",
  "sbom",
  "secrets",
  "securityOpts",
  "sessionId",
  "squash",
  "suppressOutput",
  "ulimits",
];

/** The `build` of a RemoteImage and a RegistryImage. */
export const buildField: Field = {
  type: "object",
  fields: { ...supported, ...Object.fromEntries(UNSUPPORTED.map((name) => [name, { type: "any" } as const])) },
  replaces: true,
};

export function buildFailures(build: Value | undefined): Failure[] {
  if (!isProperties(build)) return [];
  return UNSUPPORTED.filter((name) => build[name] !== undefined).map((name) => ({
    property: `build.${name}`,
    reason: "is not supported by the bundled docker plugin",
  }));
}

/** Here the Dockerfile's path begins at the context. */
function contextOf(build: Properties): Context {
  const folder = String(build.context);
  return buildContext(folder, join(folder, String(build.dockerfile ?? "Dockerfile")));
}

/** Builds what a RemoteImage or RegistryImage asks for. @returns the id */
export function buildFrom(work: Work, build: Properties, name: string): Promise<string> {
  const given = build as Raw;
  const logins = ((given.authConfigs ?? []) as Record<string, string>[]).map(
    (one): Login => ({
      username: one.userName ?? "",
      password: one.password ?? "",
      serveraddress: one.serverAddress ?? one.hostName ?? "",
    }),
  );
  const options: BuildOptions = {
    tags: [name, ...(given.tags ?? [])],
    buildArgs: given.buildArgs,
    labels: given.label || given.labels ? { ...given.label, ...given.labels } : undefined,
    target: given.target,
    platform: given.platform,
    networkMode: given.networkMode,
    extraHosts: given.extraHosts,
    cacheFrom: given.cacheFroms,
    noCache: given.noCache,
    pullParent: given.pullParent,
    keepSteps: given.remove === false,
    forceRemove: given.forceRemove,
    memoryBytes: given.memory,
    shmBytes: given.shmSize,
    classic: given.useLegacyBuilder === true || given.version === "1",
    logins,
  };
  return buildImage(work, contextOf(build), options);
}
