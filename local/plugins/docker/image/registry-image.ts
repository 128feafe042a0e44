import type { ImageDistributionOptions } from "dockerode";
import { isProperties, type Properties } from "../../engine/values.ts";
import type { Field } from "../../schema/fields.ts";
import { askedFor } from "../engine.ts";
import { type DockerType, nothingToUpdate, type Present, type Work } from "../type.ts";
import { type Login, loginFor } from "./auth.ts";
import { buildFailures, buildField, buildFrom } from "./build-fields.ts";
import { registryOf } from "./names.ts";
import { deleteManifest } from "./registry.ts";
import { push } from "./transfer.ts";

const text: Field = { type: "string" };

/** An image in a registry, pushed from the engine. */
export const registryImage: DockerType = {
  token: "docker:index/registryImage:RegistryImage",
  noun: "registry image",
  inputs: {
    authConfig: {
      type: "object",
      fields: { address: { ...text, required: true }, username: text, password: text },
    },
    build: buildField,
    insecureSkipVerify: { type: "boolean", default: false },
    keepRemotely: { type: "boolean", default: false },
    name: { ...text, nonEmpty: true, replaces: true },
    triggers: { type: "map", of: text, replaces: true },
  },
  outputs: ["sha256Digest"],
  name: { maxLength: 255 },
  mutable: [],
  verify: (inputs) => buildFailures(inputs.build),
  create,
  find,
  update: nothingToUpdate,
  remove,
};

function login(work: Work, { authConfig, name }: Properties): Login | undefined {
  if (!isProperties(authConfig)) return loginFor(String(name), work.engine.settings.registryAuth);
  const { address, username, password } = authConfig as Record<string, string>;
  return { username: username ?? "", password: password ?? "", serveraddress: registryOf(address ?? "") };
}

async function create(work: Work, inputs: Properties): Promise<string> {
  const name = String(inputs.name);
  if (isProperties(inputs.build)) await buildFrom(work, inputs.build, name);
  return push(work, name, login(work, inputs));
}

/** The engine asks the registry, with its own settings about certificates and plain HTTP. */
async function find(work: Work, id: string, state: Properties): Promise<Present | undefined> {
  const { engine } = work;
  const name = String(state.name);
  const image = engine.docker.getImage(name);
  const options = { authconfig: login(work, state) ?? {} };
  const found = await askedFor(engine, `ask the registry for "${name}"`, () =>
    image.distribution(options as ImageDistributionOptions),
  ).catch((error: Error) => {
    // An engine before 23 answers 500 for what the registry does not have.
    if (/manifest unknown|not found|name unknown/i.test(error.message)) return undefined;
    throw error;
  });
  const digest = (found as { Descriptor?: { digest?: string } } | undefined)?.Descriptor?.digest;
  return digest ? { id, properties: { name, sha256Digest: digest } } : undefined;
}

async function remove(work: Work, id: string, state: Properties): Promise<void> {
  if (state.keepRemotely) return;
  const options = { login: login(work, state), insecure: state.insecureSkipVerify === true, signal: work.call.signal };
  await deleteManifest(String(state.name), String(state.sha256Digest ?? id), options);
}
