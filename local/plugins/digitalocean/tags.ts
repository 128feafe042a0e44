import { createHash } from "node:crypto";
import type { Properties, Value } from "../engine/values.ts";
import type { Json } from "../rest/api.ts";
import { isStatus } from "../rest/errors.ts";
import type { Cloud, Step } from "../rest/type.ts";
import type { Field } from "../schema/fields.ts";

/** Tags that mark what made an object begin with this; they are hidden from the state. */
export const OPERATION_TAG = "windlass-urn:";

/**
 * The tag that a create puts on its object, so that a later attempt finds it.
 * @param urn of the resource
 * @param name of the object; a replacement under a new name is another object
 */
export function operationTag(urn: string, name: string): string {
  return (
    OPERATION_TAG +
    createHash("sha256")
      .update(urn + name)
      .digest("hex")
      .slice(0, 16)
  );
}

const TAG = /^[a-zA-Z0-9:\-_]{1,255}$/;
const REASON =
  "tags may contain lowercase letters, numbers, colons, dashes, and underscores; there is a limit of 255 characters per tag";

export const tagName: Field = { type: "string", pattern: { test: TAG, reason: REASON }, compare: "case" };

/** The tags of an object: a set in which letter case does not count. */
export const tags: Field = { type: "set", of: tagName };

/** The tags the user knows of. */
export function visibleTags(object: Json): Value {
  return (object.tags ?? []).filter((tag: string) => !tag.startsWith(OPERATION_TAG));
}

/** The tags that a new object gets: those asked for, and the mark of this create. */
export function markedTags(cloud: Cloud, inputs: Properties): string[] {
  return [...((inputs.tags as string[] | undefined) ?? []), markOf(cloud, inputs)];
}

export function markOf(cloud: Cloud, inputs: Properties): string {
  return operationTag(cloud.call.urn, String(inputs.name));
}

/**
 * The mark is removed with its object, or tags would pile up.
 * @param object as it was before it was deleted: it may have been made under another name
 */
export async function removeMark(cloud: Cloud, state: Properties, object?: Json): Promise<void> {
  const marks = (object?.tags ?? [markOf(cloud, state)]).filter((tag: string) => tag.startsWith(OPERATION_TAG));
  for (const mark of marks) {
    await cloud.remove(`/v2/tags/${mark}`).catch((error) => {
      if (!isStatus(error, 404)) cloud.call.log.warning(`its tag ${mark} stays: ${error.message}`);
    });
  }
}

/** @param resourceType as the tags API names it */
export function tagging(resourceType: "droplet" | "volume" | "volume_snapshot"): Step {
  return {
    inputs: ["tags"],
    async run(cloud, id, inputs, state) {
      const [before, after] = [namesOf(state), namesOf(inputs)];
      const resources = [{ resource_id: id, resource_type: resourceType }];
      for (const tag of before.filter((one) => !includes(after, one))) {
        await cloud.remove(`/v2/tags/${tag}/resources`, { resources });
      }
      for (const tag of after.filter((one) => !includes(before, one))) {
        await cloud.postAgain("/v2/tags", { name: tag });
        await cloud.postAgain(`/v2/tags/${tag}/resources`, { resources });
      }
    },
  };
}

function namesOf(properties: Properties): string[] {
  return (properties.tags as string[] | undefined) ?? [];
}

function includes(names: string[], name: string): boolean {
  return names.some((one) => one.toLowerCase() === name.toLowerCase());
}
