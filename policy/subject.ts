import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import { UNKNOWN } from "../domain/cost/inputs.ts";
import type { Subject } from "./rule.ts";

type Properties = Record<string, unknown>;

/** A resource as the program declares it, before it is made. */
export function declaredSubject(args: ResourceValidationArgs): Subject {
  const { parent, protect } = args.opts;
  return {
    urn: args.urn,
    type: args.type,
    name: args.name,
    inputs: plain(args.props),
    custom: args.provider !== undefined,
    protect: protect ?? false,
    ...(parent ? { parent } : {}),
  };
}

/** A resource at the end of a run. What it was declared with is in `declared`: outputs of a provider may hide or hash an input. */
export function settledSubject(resource: PolicyResource, declared: Subject | undefined): Subject {
  const outputs = plain(resource.props);
  const parent = resource.parent?.urn ?? resource.opts.parent;
  const dependencies = Object.entries(resource.propertyDependencies);
  return {
    urn: resource.urn,
    type: resource.type,
    name: resource.name,
    inputs: declared?.inputs ?? outputs,
    outputs,
    custom: resource.provider !== undefined,
    protect: resource.opts.protect ?? false,
    propertyDependencies: Object.fromEntries(dependencies.map(([key, list]) => [key, list.map(({ urn }) => urn)])),
    ...(typeof outputs.id === "string" ? { id: outputs.id } : {}),
    ...(parent ? { parent } : {}),
  };
}

/** A copy of properties that throw when one reads what is not known. */
function plain(properties: object): Properties {
  return copy(properties) as Properties;
}

function copy(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(value, index));
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key)]));
}

function read(from: object, key: string | number): unknown {
  let value: unknown;
  try {
    value = (from as Record<string | number, unknown>)[key];
  } catch {
    return UNKNOWN;
  }
  return copy(value);
}
