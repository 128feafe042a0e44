import type { CheckCall, Checked, Resource } from "../engine/provider.ts";
import { type Properties, UNKNOWN } from "../engine/values.ts";
import { checkInputs } from "../schema/check.ts";
import { diffProperties } from "../schema/diff.ts";
import { DEFAULTS, type Fields } from "../schema/fields.ts";
import { sdkClass } from "./sdk-class.ts";

/** The longest automatic name, as by the official plugin. */
const NAME_LENGTH = 255;

/**
 * A type of DigitalOcean that the local cloud does not have. It can be previewed, so that a program with it can be priced and judged:
 * its inputs are echoed, all else is unknown. Nothing of it can be made, changed, read or deleted.
 * @returns undefined for what is no type of the SDK
 */
export function previewOnly(type: string): Resource | undefined {
  const known = sdkClass(type);
  if (!known) return undefined;
  const named = known.inputs.includes("name") && !known.required.includes("name");
  const fields: Fields = Object.fromEntries(
    known.inputs.map((name) => [name, { type: "any", required: known.required.includes(name), computed: true }]),
  );
  const planned = ({ [DEFAULTS]: _, ...inputs }: Properties): Properties => ({
    ...Object.fromEntries([...known.inputs, ...known.outputs].map((name) => [name, UNKNOWN])),
    ...inputs,
  });
  const refuse = async (): Promise<never> => {
    throw new Error(`the local cloud has no ${plural(type)} yet: a preview works, an update does not`);
  };
  return {
    check: (call: CheckCall): Checked => checkInputs(fields, call, named ? { maxLength: NAME_LENGTH } : undefined),
    diff: ({ oldOutputs, inputs, ignoreChanges }) => ({
      changes: diffProperties(fields, oldOutputs, inputs, ignoreChanges),
      deleteBeforeReplace: false,
    }),
    create: async ({ preview, inputs }) => (preview ? { id: "", outputs: planned(inputs) } : refuse()),
    update: async ({ preview, oldOutputs, inputs }) => (preview ? { ...oldOutputs, ...planned(inputs) } : refuse()),
    read: refuse,
    delete: refuse,
  };
}

/** `load balancers` for `digitalocean:index/loadBalancer:LoadBalancer`. */
export function plural(type: string): string {
  const noun = (/\/(\w+):/.exec(type)?.[1] ?? type).replaceAll(/([A-Z])/g, " $1").toLowerCase();
  if (noun.endsWith("s")) return noun;
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}
