import { isProperties, type Properties, type Value } from "../../engine/values.ts";
import { agrees, type Field } from "../../schema/fields.ts";
import type { DockerType, Present, Raw, Work } from "../type.ts";
import { type Login, loginFor } from "./auth.ts";
import { buildImage } from "./build.ts";
import { buildContext } from "./context.ts";
import { imageName, registryOf } from "./names.ts";
import { inspectImage, push } from "./transfer.ts";

const text: Field = { type: "string" };

const buildField: Field = {
  type: "object",
  fields: {
    addHosts: { type: "list", of: text },
    args: { type: "map", of: text },
    builderVersion: { ...text, values: ["BuilderV1", "BuilderBuildKit"] },
    cacheFrom: { type: "object", fields: { images: { type: "list", of: text } } },
    context: text,
    dockerfile: text,
    network: text,
    platform: text,
    target: text,
    contextDigest: text,
  },
};

/** An image built from a folder of this machine, and pushed unless `skipPush`. Built again when a file of the folder changes. */
export const image: DockerType = {
  token: "docker:index/image:Image",
  noun: "image",
  inputs: {
    build: buildField,
    buildOnPreview: { type: "boolean", default: false },
    imageName: { ...text, required: true, nonEmpty: true },
    registry: { type: "object", fields: { server: text, username: text, password: text } },
    skipPush: { type: "boolean", default: false },
  },
  outputs: ["baseImageName", "context", "dockerfile", "platform", "registryServer", "repoDigest"],
  mutable: [],
  unsettled: ["baseImageName", "context", "dockerfile", "platform", "registryServer", "repoDigest"],
  verify(inputs) {
    try {
      derive(inputs);
      return [];
    } catch (error) {
      return [{ property: "build", reason: (error as Error).message }];
    }
  },
  derive,
  comparable,
  create: make,
  find,
  async update(work, _id, inputs) {
    await make(work, inputs);
  },
  // The official plugin leaves the image too: containers may still use it.
  async remove() {},
};

/** Where the Dockerfile is when the program does not say: in the context. */
function placesOf(build: Value | undefined): { context: Value; dockerfile: Value } {
  const given = isProperties(build) ? build : {};
  const context = given.context ?? ".";
  const beside =
    typeof context === "string" && context !== "." ? `${context.replace(/\/$/, "")}/Dockerfile` : "Dockerfile";
  return { context, dockerfile: given.dockerfile ?? beside };
}

/** The digest of the context makes a change of a file a change of the resource. */
function derive(inputs: Properties): Properties {
  const given = isProperties(inputs.build) ? inputs.build : {};
  const { context, dockerfile } = placesOf(inputs.build);
  const places = { ...given, context, dockerfile };
  if (typeof context !== "string" || typeof dockerfile !== "string") return { build: places };
  return { build: { ...places, contextDigest: buildContext(context, dockerfile).digest() } };
}

/** A new login of the same registry builds nothing anew. */
function comparable(inputs: Properties, state: Properties): Properties {
  const before = isProperties(state.registry) ? state.registry : {};
  const now = isProperties(inputs.registry) ? inputs.registry : {};
  const same = agrees(text, before.server, now.server);
  return same ? { ...inputs, registry: state.registry as Value } : inputs;
}

function login(work: Work, { registry, imageName: name }: Properties): Login | undefined {
  if (!isProperties(registry) || !registry.username) {
    return loginFor(String(name), work.engine.settings.registryAuth);
  }
  const { server, username, password } = registry as Record<string, string>;
  const serveraddress = server ? registryOf(server) : imageName(String(name)).registry;
  return { username: username ?? "", password: password ?? "", serveraddress };
}

async function make(work: Work, inputs: Properties): Promise<string> {
  const name = String(inputs.imageName);
  const build = inputs.build as Raw;
  await buildImage(work, buildContext(build.context, build.dockerfile), {
    tags: [name],
    buildArgs: build.args,
    target: build.target,
    platform: build.platform,
    networkMode: build.network,
    extraHosts: build.addHosts,
    cacheFrom: build.cacheFrom?.images,
    classic: build.builderVersion === "BuilderV1",
    forceRemove: true,
  });
  if (!inputs.skipPush) await push(work, name, login(work, inputs));
  return name;
}

async function find(work: Work, id: string, state: Properties): Promise<Present | undefined> {
  const name = String(state.imageName ?? id);
  const found = await inspectImage(work, name);
  const build = isProperties(state.build) ? state.build : {};
  // A pushed image is in its registry, also when the engine has let go of it.
  if (!found && (state.skipPush || state.repoDigest === undefined)) return undefined;
  const pushed = found?.RepoDigests?.find((one) => one.startsWith(`${imageName(name).repository}@`));
  const digest = state.skipPush ? found?.Id : (pushed ?? state.repoDigest);
  const registry = isProperties(state.registry) ? state.registry : {};
  const properties: Properties = {
    imageName: name,
    baseImageName: name,
    context: build.context ?? ".",
    dockerfile: build.dockerfile ?? "Dockerfile",
    registryServer: registry.server ?? "",
    ...(build.platform === undefined ? {} : { platform: build.platform }),
    ...(digest === undefined ? {} : { repoDigest: digest }),
  };
  return { id: name, properties };
}
