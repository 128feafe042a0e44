import { isProperties, type Properties } from "../../engine/values.ts";
import type { Field } from "../../schema/fields.ts";
import { askedFor } from "../engine.ts";
import { isStatus } from "../errors.ts";
import type { DockerType, Present, Work } from "../type.ts";
import { loginFor } from "./auth.ts";
import { buildFailures, buildField, buildFrom } from "./build-fields.ts";
import { inspectImage, pull, repoDigest } from "./transfer.ts";

const text: Field = { type: "string" };

/** An image that the engine is to have: pulled when it has none of that name, or built. */
export const remoteImage: DockerType = {
  token: "docker:index/remoteImage:RemoteImage",
  noun: "image",
  inputs: {
    build: buildField,
    forceRemove: { type: "boolean" },
    keepLocally: { type: "boolean" },
    name: { ...text, required: true, nonEmpty: true, replaces: true },
    platform: { ...text, replaces: true },
    pullTriggers: { type: "set", of: text, replaces: true },
    triggers: { type: "map", of: text, replaces: true },
  },
  outputs: ["imageId", "repoDigest"],
  mutable: [],
  unsettled: ["imageId", "repoDigest"],
  verify(inputs) {
    const failures = buildFailures(inputs.build);
    if (inputs.build !== undefined && inputs.pullTriggers !== undefined) {
      failures.push({ property: "build", reason: "conflicts with pullTriggers: give one of them" });
    }
    return failures;
  },
  create: ensure,
  find,
  async update(work, _id, inputs) {
    await ensure(work, inputs);
  },
  remove,
};

async function ensure(work: Work, inputs: Properties): Promise<string> {
  const name = String(inputs.name);
  if (isProperties(inputs.build)) await buildFrom(work, inputs.build, name);
  else if (inputs.pullTriggers !== undefined || !(await inspectImage(work, name))) {
    const login = loginFor(name, work.engine.settings.registryAuth);
    await pull(work, name, login, inputs.platform === undefined ? undefined : String(inputs.platform));
  }
  const found = await inspectImage(work, name);
  if (!found) throw new Error(`image "${name}" was brought to the engine, but is not there under this name`);
  return found.Id + name;
}

async function find(work: Work, id: string, state: Properties): Promise<Present | undefined> {
  const name = String(state.name ?? id.replace(/^sha256:[0-9a-f]{64}/, ""));
  const found = await inspectImage(work, name);
  if (!found) return undefined;
  return { id: found.Id + name, properties: { name, imageId: found.Id, repoDigest: repoDigest(name, found) } };
}

/** An image that a container uses, or that has another name too, stays. */
async function remove(work: Work, _id: string, state: Properties): Promise<void> {
  if (state.keepLocally) return;
  const { engine } = work;
  const removal = () => engine.docker.getImage(String(state.name)).remove({ force: state.forceRemove === true });
  await askedFor(engine, `remove image "${state.name}"`, removal).catch((error: unknown) => {
    if (!isStatus(error, 409)) throw error;
    throw new Error(`${(error as Error).message} (keepLocally leaves it, forceRemove removes it all the same)`, {
      cause: error,
    });
  });
}
