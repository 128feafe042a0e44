import type { Properties } from "../../engine/values.ts";
import type { Field } from "../../schema/fields.ts";
import { asked } from "../engine.ts";
import { type DockerType, nothingToUpdate, type Work } from "../type.ts";
import { imageName } from "./names.ts";
import { inspectImage } from "./transfer.ts";

const text: Field = { type: "string", required: true, nonEmpty: true, replaces: true };

/** A second name of an image. Deleting the resource leaves the name, as the official plugin does. */
export const tag: DockerType = {
  token: "docker:index/tag:Tag",
  noun: "tag",
  inputs: {
    sourceImage: text,
    tagTriggers: { type: "set", of: { type: "string" }, replaces: true },
    targetImage: text,
  },
  outputs: ["sourceImageId"],
  mutable: [],
  create,
  async find(work, id, state) {
    const found = await inspectImage(work, String(state.targetImage));
    return found && { id, properties: { sourceImageId: found.Id } };
  },
  update: nothingToUpdate,
  async remove() {},
};

async function create(work: Work, { sourceImage, targetImage }: Properties): Promise<string> {
  const { repository: repo, tag: name } = imageName(String(targetImage));
  await asked(work.engine, `tag image "${sourceImage}" as "${targetImage}"`, () =>
    work.engine.docker.getImage(String(sourceImage)).tag({ repo, tag: name }),
  );
  return `${sourceImage}.${targetImage}`;
}
